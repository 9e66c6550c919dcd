"""From a submit_sm to its answer, to its receipts and to the phone: the life of a message inside the SMSC.

Used by `smsc`. What becomes of each part is decided in `fates`; here it is carried out, in its time.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from linksvc.clock import Clock
from sender.pdus import Status
from sender.simulator.agenda import Agenda
from sender.simulator.delivery_receipts import Part
from sender.simulator.entries import AnswerLost, MessageArrived, PartAccepted, PartRefused, RequestLost
from sender.simulator.fates import Fates
from sender.simulator.knobs import Knobs
from sender.simulator.ledger import Ledger
from sender.simulator.limit import Limit
from sender.simulator.outbox import Delivery, Outbox
from sender.simulator.reassembly import Reassembly, Submission
from sender.simulator.reports import Reports, Taken
from sender.simulator.session import Session

EARLY_RECEIPT_WAIT_S = 1.0
"""How long an answer waits for its early receipt to be on the wire: nobody may be bound to receive."""


@dataclass(frozen=True)
class Sms:
    """A whole message, as the phone shows it. `message` counts those that the SMSC took for this number, from 0."""

    number: str
    sender: str
    text: str
    message: int


class Intake:
    """Takes parts, refuses some, and keeps its promises about the rest. `arrive` is called when a phone gets a message."""

    def __init__(
        self,
        knobs: Knobs,
        fates: Fates,
        outbox: Outbox,
        agenda: Agenda,
        ledger: Ledger,
        clock: Clock,
        arrive: Callable[[Sms], None],
    ) -> None:
        self._knobs = knobs
        self._fates = fates
        self._agenda = agenda
        self._ledger = ledger
        self._clock = clock
        self._arrive = arrive
        self._reports = Reports(knobs, fates, outbox, agenda, ledger, clock)
        self._reassembly = Reassembly()
        self._limit = Limit()
        self._lost: set[tuple[str, int, int]] = set()
        self._tried: set[tuple[str, int, int]] = set()
        # A restarted SMSC must not give an id twice: the clock has moved on by more than it gave.
        self._last_id = int(time.time() * 1_000) if knobs.now.first_id is None else knobs.now.first_id - 1

    def submit(self, session: Session, sequence: int, submission: Submission) -> None:
        """Takes, refuses or loses a part; the answer follows."""
        message, place = self._reassembly.message_of(submission), submission.place
        key = (submission.number, message, place.part)
        if key not in self._lost and self._fates.loses_request(*key):
            self._lost.add(key)
            self._ledger.append(RequestLost(submission.number, place.part, place.parts, self._clock()))
        elif status := self._refusal(session, submission, message):
            self._refuse(session, sequence, submission, status)
        else:
            self._take(session, sequence, submission, message)

    def _refusal(self, session: Session, submission: Submission, message: int) -> int:
        settings = self._knobs.now
        if not submission.is_sane:
            return Status.SUBMIT_FAILED
        if session.unanswered >= settings.window:
            return Status.THROTTLED
        if not self._limit.allows(settings.limit_per_s, time.monotonic()):
            return settings.limit_status
        if refusal := self._fates.of_message(submission.number, message).refusal:
            return refusal
        key = (submission.number, message, submission.place.part)
        if key not in self._tried and (status := self._fates.first_try(*key)):
            self._tried.add(key)
            return status
        return Status.OK

    def _refuse(self, session: Session, sequence: int, submission: Submission, status: int) -> None:
        place = submission.place
        self._ledger.append(PartRefused(submission.number, place.part, place.parts, status, self._clock()))

        async def answer() -> None:
            session.unanswered -= 1
            session.answer("submit_sm_resp", sequence, status, message_id="")

        session.unanswered += 1
        self._agenda.later(self._answer_delay(submission), answer)

    def _take(self, session: Session, sequence: int, submission: Submission, message: int) -> None:
        taken = self._register(submission, message)
        written = self._knobs.now.answer_id.write(taken.part.value)
        place, number = submission.place, submission.number
        self._ledger.append(PartAccepted(number, message, place.part, place.parts, written, self._clock()))
        early = self._reports.report(taken) if taken.fate.early else None
        self._answer_later(taken, session, sequence, written, self._answer_delay(submission), early)
        if early is None:
            self._reports.report_later(taken, self._delivery_delay(number, message))
        if (text := self._reassembly.add(submission)) is not None:
            self._deliver_later(Sms(number, submission.sender, text, message))

    def _register(self, submission: Submission, message: int) -> Taken:
        self._last_id += 1
        place = submission.place
        part = Part(submission.number, submission.sender, self._last_id, self._clock(), submission.text)
        fate = self._fates.of_part(submission.number, message, place.part, place.parts)
        return Taken(part, message, place.part, fate, submission.registered_delivery)

    def _answer_later(
        self, taken: Taken, session: Session, sequence: int, message_id: str, delay_s: float, early: Delivery | None
    ) -> None:
        async def answer() -> None:
            if early:
                with suppress(TimeoutError):
                    await asyncio.wait_for(early.written.wait(), EARLY_RECEIPT_WAIT_S)
            session.unanswered -= 1
            if not _answer(taken, session, sequence, message_id):
                part = taken.part
                self._ledger.append(AnswerLost(part.number, taken.message, taken.index, self._clock()))

        session.unanswered += 1
        self._agenda.later(delay_s, answer)

    def _deliver_later(self, sms: Sms) -> None:
        if not self._fates.of_message(sms.number, sms.message).arrives:
            return

        async def deliver() -> None:
            self._ledger.append(MessageArrived(sms.number, sms.message, sms.text, self._clock()))
            self._arrive(sms)

        self._agenda.later(self._delivery_delay(sms.number, sms.message), deliver)

    def _answer_delay(self, submission: Submission) -> float:
        settings, chance = self._knobs.now, self._fates.random(submission.number, f"answer {submission.place.part}")
        return settings.answer_delay.draw(chance) / settings.speed

    def _delivery_delay(self, number: str, message: int) -> float:
        settings, chance = self._knobs.now, self._fates.random(number, f"delivery {message}")
        return settings.delivery_delay.draw(chance) / settings.speed


def _answer(taken: Taken, session: Session, sequence: int, message_id: str) -> bool:
    """Whether the client can have heard it whole."""
    if taken.fate.answer_lost:
        return False
    if taken.fate.answer_halved:
        session.answer_half("submit_sm_resp", sequence, message_id=message_id)
        return False
    return session.answer("submit_sm_resp", sequence, Status.OK, message_id=message_id)
