"""What goes over a bind's session in both directions, and how each thing ends up in the database.

For `sender.route_sender`, which opens the sessions. One exchange outlives them: a fragment refused for the moment, or
not sent because the connection broke, goes out on the next.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from linksvc.clock import Clock
from linksvc.delivery_causes import MESSAGE_INVALID
from sender import inbound, receipts
from sender.binds import BindLost
from sender.connection import Connection
from sender.feed import Feed
from sender.health import Health
from sender.matching import ReceivedReceipt
from sender.messages import ACCEPTED, REFUSED, RETRY, UNKNOWN, Answer, Submission
from sender.pacing import Pacer, Window
from sender.pdus import Pdu, PduError, Status
from sender.recorder import Recorder
from sender.route_book import RouteTerms
from sender.session_errors import AnswerLost, NotSent
from sender.submit_fields import fields_of
from sender.timing import Timing

log = structlog.get_logger()

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
        terms: RouteTerms,
        health: Health,
    ) -> None:
        self._goes_on = goes_on
        self._terms = terms
        self._health = health
        self._reading = terms.route.reading
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
                has_turn = await self._feed.turn(submission)
                if self.lost.is_set():
                    break
                if has_turn:
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

    async def release(self) -> None:
        """Gives back what has not begun to leave, once every submission is settled: another bind may send it. Raises
        BindLost."""
        if not self.lost.is_set():
            await self._feed.release()

    async def deliver(self, pdu: Pdu) -> Status:
        """Stores what came in; the answer to the SMSC follows the commit. A failure makes the SMSC try again."""
        now = self._clock()
        event: ReceivedReceipt | inbound.Received
        if receipts.is_receipt(pdu):
            receipt = receipts.parse(pdu, now, self._reading)
            event = ReceivedReceipt(
                receipt, now, self._terms.judge.of_receipt(receipt.error or "", receipt.state, receipt.network_error)
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
        answer, wait_s = await self._answer(connection, submission)
        if answer.outcome in (ACCEPTED, UNKNOWN):
            submission.message.begun = True
        if await self._store(answer) and answer.outcome == RETRY:
            self._feed.retry(submission, asyncio.get_running_loop().time() + wait_s)
        # Only now, when its outcome is stored, would a crash no longer leave it unknown.
        self._window.give_back()
        self._stir.set()

    async def _answer(self, connection: Connection, submission: Submission) -> tuple[Answer, float]:
        """What came of a submission, and in how many seconds it may be tried again."""
        late = partial(self._late, asyncio.current_task(), submission)
        numbering, ends_at = self._terms.route.numbering, submission.message.campaign.expires_at
        began = asyncio.get_running_loop().time()
        try:
            pdu = await connection.submit(fields_of(submission, numbering, ends_at), late)
        except NotSent:
            return self._unanswered(submission, RETRY), 0.0
        except AnswerLost:
            self._health.note(UNKNOWN)
            return self._unanswered(submission, UNKNOWN), 0.0
        except PduError as error:
            log.error("A message cannot be written", action="unsendable", error=str(error))
            return self._unanswered(submission, REFUSED, Status.SUBMIT_FAILED, MESSAGE_INVALID), 0.0
        return self._judged(connection, submission, pdu, asyncio.get_running_loop().time() - began)

    def _judged(self, connection: Connection, submission: Submission, pdu: Pdu, latency_s: float) -> tuple[Answer, float]:
        now = self._clock()
        age_s = (now - (submission.message.first_at or now)).total_seconds()
        verdict = self._terms.judge.of_answer(pdu.status, submission.tries, age_s)
        self._health.note(verdict.outcome, verdict.cause, latency_s)
        if verdict.slows:
            self._pacer.slow_down(asyncio.get_running_loop().time())
        wait_s = 0.0
        if verdict.ends_session:
            connection.retire("the SMSC says that it is not bound (0x00000004)")
        elif verdict.outcome == RETRY:
            wait_s = verdict.wait_s or self._timing.retry.wait_s(submission.tries)
        return self._answered(submission, verdict.outcome, verdict.cause, pdu, now), wait_s

    def _answered(self, submission: Submission, outcome: str, cause: str, pdu: Pdu, now: datetime) -> Answer:
        price = self._terms.price_of(submission.message, submission.part, now) if outcome == ACCEPTED else None
        micros, currency = (price.micros, price.currency) if price else (0, "")
        return Answer(submission, outcome, pdu.status, pdu.text("message_id"), now, cause, micros, currency)

    def _unanswered(self, submission: Submission, outcome: str, status: int = 0, cause: str = "") -> Answer:
        return Answer(submission, outcome, status, "", self._clock(), cause)

    def _late(self, submitting: asyncio.Task[None] | None, submission: Submission, pdu: Pdu) -> None:
        """An answer came after it was given up: what is known now replaces "outcome unknown", and receipts find their id."""
        log.info("An answer came late", action="late_answer", campaign_id=submission.message.campaign.id)
        # A fragment that was refused for the moment is not sent anew: its message was reported, perhaps decided upon.
        outcome = ACCEPTED if pdu.status == Status.OK else REFUSED
        cause = self._terms.judge.cause_of(pdu.status)
        answer = self._answered(submission, outcome, cause, pdu, self._clock())
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
