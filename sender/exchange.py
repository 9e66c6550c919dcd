"""What goes over a bind's session in both directions, and how each thing ends up in the database.

For `sender.route_sender`, which opens the sessions. One exchange outlives them: a fragment refused for the moment, or
not sent because the connection broke, goes out on the next.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from linksvc.clock import Clock
from linksvc.route_accounts import RouteReading
from sender import inbound, receipts
from sender.binds import BindLost
from sender.connection import Connection
from sender.feed import Feed
from sender.judge import Judge
from sender.matching import ReceivedReceipt
from sender.messages import ACCEPTED, REFUSED, RETRY, UNKNOWN, Answer, Submission
from sender.pacing import Pacer, Window, pace
from sender.pdus import Pdu, PduError, Status
from sender.recorder import Recorder
from sender.session_errors import AnswerLost, NotSent
from sender.submit_fields import fields_of
from sender.timing import Timing

log = structlog.get_logger()

TEMPORARY = {Status.SYSTEM_ERROR, Status.QUEUE_FULL, Status.THROTTLED, Status.TEMPORARY_APPLICATION_ERROR}
"""Refusals for the moment (SMPP v3.4, 5.1.3): the fragment is tried again, and the whole bind slows down."""

MOST_TRIES = 10
DATABASE_RETRY_S = 1.0


class Exchange:
    """Works while `goes_on` says so, and until `lost` is set: then another process has the bind."""

    def __init__(
        self,
        recorder: Recorder,
        feed: Feed,
        pacer: Pacer,
        window: Window,
        clock: Clock,
        timing: Timing,
        goes_on: Callable[[], bool],
        reading: RouteReading | None = None,
        numbering: Mapping[str, tuple[int, int]] | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._goes_on = goes_on
        self._reading = reading or RouteReading()
        self._numbering = numbering or {}
        self._judge = judge or Judge()
        self.lost = asyncio.Event()
        self._recorder = recorder
        self._feed = feed
        self._pacer = pacer
        self._window = window
        self._clock = clock
        self._timing = timing
        self._stir = asyncio.Event()
        self._submissions: set[asyncio.Task[None]] = set()

    async def send(self, connection: Connection) -> None:
        """Submits until the connection can be used no more or the sender is stopped. Raises BindLost."""
        while self._goes_on() and connection.usable:
            try:
                submissions = await self._feed.next()
            except SQLAlchemyError as error:
                log.error("The database cannot be used", action="database_failed", error=type(error).__name__)
                await asyncio.sleep(DATABASE_RETRY_S)
                continue
            for submission in submissions:
                while len(self._submissions) >= self._window.size:
                    await self._nap()
                await pace(self._feed.pacers(submission))
                if self.lost.is_set():
                    break
                self._start(self._submit(connection, submission))
            if not submissions:
                await self._nap()
            if self.lost.is_set():
                raise BindLost("a transaction found the bind in other hands")

    async def drain(self) -> None:
        """Waits for the answers that are still to come, for a while."""
        if self._submissions:
            await asyncio.wait(self._submissions, timeout=self._timing.drain_s)

    async def finish(self) -> None:
        """Waits until every submission is settled; the session must have ended."""
        while self._submissions:
            await asyncio.wait(self._submissions)

    async def deliver(self, pdu: Pdu) -> Status:
        """Stores what came in; the answer to the SMSC follows the commit. A failure makes the SMSC try again."""
        now = self._clock()
        event: ReceivedReceipt | inbound.Received
        if receipts.is_receipt(pdu):
            receipt = receipts.parse(pdu, now, self._reading)
            event = ReceivedReceipt(
                receipt, now, self._judge.of_receipt(receipt.error or "", receipt.state, receipt.network_error)
            )
            if not receipt.ids:
                log.warning("A receipt names no message", action="receipt_without_id")
        else:
            event = inbound.read(pdu, now, self._reading)
        try:
            await self._recorder.put(event)
        except BindLost:
            self.lost.set()
            return Status.TEMPORARY_APPLICATION_ERROR
        except SQLAlchemyError as error:
            log.error("An inbound PDU could not be stored", action="deliver_failed", error=type(error).__name__)
            return Status.TEMPORARY_APPLICATION_ERROR
        return Status.OK

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._submissions.add(task)
        task.add_done_callback(self._submissions.discard)

    async def _submit(self, connection: Connection, submission: Submission) -> None:
        answer = await self._answer(connection, submission)
        if answer.outcome in (ACCEPTED, UNKNOWN):
            submission.message.begun = True
        if answer.status in TEMPORARY:
            self._pacer.slow_down(asyncio.get_running_loop().time())
        if await self._store(answer) and answer.outcome == RETRY:
            wait_s = self._timing.retry.wait_s(submission.attempt) if answer.status in TEMPORARY else 0.0
            self._feed.retry(submission, asyncio.get_running_loop().time() + wait_s)
        # Only now, when its outcome is stored, would a crash no longer leave it unknown.
        self._window.give_back()
        self._stir.set()

    async def _answer(self, connection: Connection, submission: Submission) -> Answer:
        status, smsc_id = 0, ""
        late = partial(self._late, asyncio.current_task(), submission)
        try:
            pdu = await connection.submit(
                fields_of(submission, self._numbering, submission.message.campaign.expires_at), late
            )
            status, smsc_id = pdu.status, pdu.text("message_id")
            outcome = _outcome(status, submission.attempt)
            if status == Status.INVALID_BIND_STATUS:
                connection.retire("the SMSC says that it is not bound (0x00000004)")
        except NotSent:
            outcome = RETRY
        except AnswerLost:
            outcome = UNKNOWN
        except PduError as error:
            log.error("A message cannot be written", action="unsendable", error=str(error))
            outcome, status = REFUSED, Status.SUBMIT_FAILED
        return Answer(submission, outcome, status, smsc_id, self._clock())

    def _late(self, submitting: asyncio.Task[None] | None, submission: Submission, pdu: Pdu) -> None:
        """An answer came after it was given up: what is known now replaces "outcome unknown", and receipts find their id."""
        log.info("An answer came late", action="late_answer", campaign_id=submission.message.campaign.id)
        # A fragment that was refused for the moment is not sent anew: its message was reported, perhaps decided upon.
        outcome = ACCEPTED if pdu.status == Status.OK else REFUSED
        answer = Answer(submission, outcome, pdu.status, pdu.text("message_id"), self._clock())
        self._start(self._correct(submitting, answer))

    async def _correct(self, submitting: asyncio.Task[None] | None, answer: Answer) -> None:
        if submitting:
            await asyncio.wait([submitting])  # What it stores must not come second.
        await self._store(answer)

    async def _store(self, answer: Answer) -> bool:
        """Keeps an answer until the database takes it: without it the outcome is unknown to the next holder of the bind."""
        while not self.lost.is_set():
            try:
                await self._recorder.put(answer)
                return True
            except BindLost:
                self.lost.set()
            except SQLAlchemyError as error:
                log.error("An answer could not be stored", action="answer_failed", error=type(error).__name__)
                if not self._goes_on():
                    return False
                await asyncio.sleep(DATABASE_RETRY_S)
        return False

    async def _nap(self) -> None:
        """Until a place in the window is free, or a moment has passed."""
        self._stir.clear()
        try:
            async with asyncio.timeout(self._timing.poll_s):
                await self._stir.wait()
        except TimeoutError:
            pass


def _outcome(status: int, attempt: int) -> str:
    if status == Status.OK:
        return ACCEPTED
    if status == Status.INVALID_BIND_STATUS:
        # The SMSC took nothing, and it is the session that is at fault: the next one carries it.
        return RETRY
    return RETRY if status in TEMPORARY and attempt < MOST_TRIES else REFUSED
