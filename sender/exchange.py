"""What goes over a bind's session in both directions, and how each thing ends up in the database.

For `sender.route_sender`, which opens the sessions. One exchange outlives them: a fragment refused for the moment, or
not sent because the connection broke, goes out on the next.
"""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from linksvc.clock import Clock
from sender import inbound, receipts
from sender.binds import BindLost
from sender.concatenation import UDHI
from sender.feed import Feed
from sender.matching import ReceivedReceipt
from sender.messages import ACCEPTED, REFUSED, RETRY, UNKNOWN, Answer, Submission
from sender.pacing import Pacer, Window, pace
from sender.pdus import Pdu, PduError, Status
from sender.recorder import Recorder
from sender.session import AnswerLost, NotSent, Session
from sender.timing import Timing

log = structlog.get_logger()

TEMPORARY = {Status.SYSTEM_ERROR, Status.QUEUE_FULL, Status.THROTTLED, Status.TEMPORARY_APPLICATION_ERROR}
"""Refusals for the moment (SMPP v3.4, 5.1.3): the fragment is tried again, and the whole bind slows down."""

MOST_TRIES = 10
DATABASE_RETRY_S = 1.0

_UNKNOWN, _INTERNATIONAL, _NETWORK_SPECIFIC, _ALPHANUMERIC = 0, 1, 3, 5
_ISDN = 1
_LONGEST_SHORT_CODE = 6


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
    ) -> None:
        self._goes_on = goes_on
        self.lost = asyncio.Event()
        self._recorder = recorder
        self._feed = feed
        self._pacer = pacer
        self._window = window
        self._clock = clock
        self._timing = timing
        self._stir = asyncio.Event()
        self._submissions: set[asyncio.Task[None]] = set()

    async def send(self, session: Session) -> None:
        """Submits until the session ends or the sender is stopped. Raises BindLost."""
        while self._goes_on() and not session.closed.is_set():
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
                task = asyncio.create_task(self._submit(session, submission))
                self._submissions.add(task)
                task.add_done_callback(self._submissions.discard)
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
            event = ReceivedReceipt(receipts.parse(pdu, now), now)
            if not event.receipt.ids:
                log.warning("A receipt names no message", action="receipt_without_id")
                return Status.OK
        else:
            event = inbound.read(pdu, now)
        try:
            await self._recorder.put(event)
        except BindLost:
            self.lost.set()
            return Status.TEMPORARY_APPLICATION_ERROR
        except SQLAlchemyError as error:
            log.error("An inbound PDU could not be stored", action="deliver_failed", error=type(error).__name__)
            return Status.TEMPORARY_APPLICATION_ERROR
        return Status.OK

    async def _submit(self, session: Session, submission: Submission) -> None:
        answer = await self._answer(session, submission)
        if answer.outcome in (ACCEPTED, UNKNOWN):
            submission.message.begun = True
        if answer.status in TEMPORARY:
            self._pacer.slow_down(asyncio.get_running_loop().time())
        if await self._store(answer) and answer.outcome == RETRY:
            wait_s = self._timing.retry.wait_s(submission.attempt) if answer.status else 0.0
            self._feed.retry(submission, asyncio.get_running_loop().time() + wait_s)
        # Only now, when its outcome is stored, would a crash no longer leave it unknown.
        self._window.give_back()
        self._stir.set()

    async def _answer(self, session: Session, submission: Submission) -> Answer:
        status, smsc_id = 0, ""
        try:
            pdu = await session.submit(**fields_of(submission))
            status, smsc_id = pdu.status, pdu.text("message_id")
            outcome = _outcome(status, submission.attempt)
        except NotSent:
            outcome = RETRY
        except AnswerLost:
            outcome = UNKNOWN
        except PduError as error:
            log.error("A message cannot be written", action="unsendable", error=str(error))
            outcome, status = REFUSED, Status.SUBMIT_FAILED
        return Answer(submission, outcome, status, smsc_id, self._clock())

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


def fields_of(submission: Submission) -> dict[str, str | int | bytes]:
    """A fragment as the fields of a submit_sm. A receipt is asked for on every fragment."""
    message = submission.message
    ton, npi, sender = source_address(message.campaign.sender)
    return {
        "source_addr_ton": ton,
        "source_addr_npi": npi,
        "source_addr": sender,
        "dest_addr_ton": _INTERNATIONAL,
        "dest_addr_npi": _ISDN,
        "destination_addr": message.number.lstrip("+"),
        "esm_class": UDHI if len(message.payloads) > 1 else 0,
        "registered_delivery": 1,
        "data_coding": message.data_coding,
        "short_message": message.payloads[submission.part - 1],
    }


def source_address(sender: str) -> tuple[int, int, str]:
    """Type of number, numbering plan and address (SMPP v3.4, 5.2.5 and 5.2.6) of a name, a short code or a number."""
    digits = sender.lstrip("+")
    if not digits.isdigit():
        return _ALPHANUMERIC, _UNKNOWN, sender
    if len(digits) <= _LONGEST_SHORT_CODE:
        return _NETWORK_SPECIFIC, _UNKNOWN, digits
    return _INTERNATIONAL, _ISDN, digits


def _outcome(status: int, attempt: int) -> str:
    if status == Status.OK:
        return ACCEPTED
    return RETRY if status in TEMPORARY and attempt < MOST_TRIES else REFUSED
