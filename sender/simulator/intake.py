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
from sender.simulator.delivery_receipts import Part, receipt_fields
from sender.simulator.entries import Anomaly, PartAccepted, PartRefused, ReceiptTaken
from sender.simulator.fates import Fates, PartFate
from sender.simulator.ledger import Ledger
from sender.simulator.outbox import Delivery, Outbox
from sender.simulator.reassembly import Reassembly, Submission, decode
from sender.simulator.session import Session
from sender.simulator.settings import SmscSettings

EARLY_RECEIPT_WAIT_S = 1.0
"""How long an answer waits for its early receipt to be on the wire: nobody may be bound to receive."""

_ON_ANY_END, _ON_FAILURE = 1, 2
"""registered_delivery, bits 0 and 1 (SMPP v3.4, 5.2.17)."""


@dataclass(frozen=True)
class Sms:
    """A whole message, as the phone shows it. `message` counts those that the SMSC took for this number, from 0."""

    number: str
    sender: str
    text: str
    message: int


@dataclass(frozen=True)
class _Taken:
    """A part that was taken, with its place in its message and what becomes of it."""

    part: Part
    message: int
    index: int
    fate: PartFate
    registered_delivery: int


class Intake:
    """Takes parts, refuses some, and keeps its promises about the rest. `arrive` is called when a phone gets a message."""

    def __init__(
        self,
        settings: SmscSettings,
        fates: Fates,
        outbox: Outbox,
        agenda: Agenda,
        ledger: Ledger,
        clock: Clock,
        arrive: Callable[[Sms], None],
    ) -> None:
        self._settings = settings
        self._fates = fates
        self._outbox = outbox
        self._agenda = agenda
        self._ledger = ledger
        self._clock = clock
        self._arrive = arrive
        self._reassembly = Reassembly()
        self._throttled: set[tuple[str, int, int]] = set()
        # A restarted SMSC must not give an id twice: the clock has moved on by more than it gave.
        self._last_id = int(time.time() * 1_000) if settings.first_id is None else settings.first_id - 1

    def submit(self, session: Session, sequence: int, submission: Submission) -> None:
        """Takes or refuses a part; the answer follows."""
        message = self._reassembly.message_of(submission)
        if status := self._refusal(session, submission, message):
            self._refuse(session, sequence, submission, status)
        else:
            self._take(session, sequence, submission, message)

    def _refusal(self, session: Session, submission: Submission, message: int) -> int:
        if not submission.is_sane:
            return Status.SUBMIT_FAILED
        if session.unanswered >= self._settings.window:
            return Status.THROTTLED
        if refusal := self._fates.of_message(submission.number, message).refusal:
            return refusal
        key = (submission.number, message, submission.place.part)
        if key not in self._throttled and self._fates.throttles(*key):
            self._throttled.add(key)
            return Status.THROTTLED
        return Status.OK

    def _refuse(self, session: Session, sequence: int, submission: Submission, status: int) -> None:
        place = submission.place
        self._ledger.append(PartRefused(submission.number, place.part, place.parts, status, self._clock()))
        self._answer_later(session, sequence, status, "", self._delay("answer", submission.number, place.part))

    def _take(self, session: Session, sequence: int, submission: Submission, message: int) -> None:
        taken = self._register(submission, message)
        written = self._settings.answer_id.write(taken.part.value)
        place, number = submission.place, submission.number
        self._ledger.append(PartAccepted(number, message, place.part, place.parts, written, self._clock()))
        delay_s = self._delay("answer", number, place.part)
        if taken.fate.early and (receipt := self._put_receipt(taken)):
            self._answer_after(receipt, session, sequence, written, delay_s)
        else:
            self._answer_later(session, sequence, Status.OK, written, delay_s)
            self._report_later(taken)
        if (text := self._reassembly.add(submission)) is not None:
            self._deliver_later(Sms(number, submission.sender, text, message))

    def _register(self, submission: Submission, message: int) -> _Taken:
        self._last_id += 1
        place = submission.place
        text = decode(submission.body, submission.data_coding)
        part = Part(submission.number, submission.sender, self._last_id, self._clock(), text)
        fate = self._fates.of_part(submission.number, message, place.part, place.parts)
        return _Taken(part, message, place.part, fate, submission.registered_delivery)

    def _answer_later(self, session: Session, sequence: int, status: int, message_id: str, delay_s: float) -> None:
        async def answer() -> None:
            session.unanswered -= 1
            session.answer("submit_sm_resp", sequence, status, message_id=message_id)

        session.unanswered += 1
        self._agenda.later(delay_s, answer)

    def _answer_after(self, receipt: Delivery, session: Session, sequence: int, message_id: str, delay_s: float) -> None:
        async def answer() -> None:
            with suppress(TimeoutError):
                await asyncio.wait_for(receipt.written.wait(), EARLY_RECEIPT_WAIT_S)
            session.unanswered -= 1
            session.answer("submit_sm_resp", sequence, Status.OK, message_id=message_id)

        session.unanswered += 1
        self._agenda.later(delay_s, answer)

    def _deliver_later(self, sms: Sms) -> None:
        if not self._fates.of_message(sms.number, sms.message).arrives:
            return

        async def deliver() -> None:
            self._arrive(sms)

        self._agenda.later(self._delay("delivery", sms.number, sms.message), deliver)

    def _report_later(self, taken: _Taken) -> None:
        number, message = taken.part.number, taken.message
        delivery_s = self._delay("delivery", number, message)
        receipt_s = self._delay("receipt", number, taken.index)

        async def tell_en_route() -> None:
            self._put(taken, "ENROUTE", lambda: None)

        async def report() -> None:
            self._put_receipt(taken)

        if taken.fate.en_route and taken.registered_delivery & _ON_ANY_END:
            self._agenda.later(delivery_s / 2, tell_en_route)
        self._agenda.later(delivery_s + receipt_s, report)

    def _put_receipt(self, taken: _Taken) -> Delivery | None:
        """Hands the final receipt to the outbox, if there is to be one."""
        state, wanted = taken.fate.state, taken.registered_delivery
        if not state or not (wanted & _ON_ANY_END or (wanted & _ON_FAILURE and state != "DELIVERED")):
            return None

        async def repeat() -> None:
            self._put(taken, state, lambda: None)

        def told() -> None:
            part = taken.part
            self._ledger.append(ReceiptTaken(part.number, taken.message, taken.index, state, self._clock()))
            if taken.fate.duplicated:
                self._agenda.later(self._delay("duplicate", part.number, taken.index), repeat)

        return self._put(taken, state, told)

    def _put(self, taken: _Taken, state: str, told: Callable[[], None]) -> Delivery:
        def refused(status: int) -> None:
            detail = f"{state}, status 0x{status:08X}"
            self._ledger.append(Anomaly(taken.part.number, "receipt refused", detail, self._clock()))

        fields = receipt_fields(taken.part, state, self._clock(), self._settings)
        delivery = Delivery(fields, told, refused)
        self._outbox.put(delivery)
        return delivery

    def _delay(self, purpose: str, number: str, index: int) -> float:
        delay = {
            "answer": self._settings.answer_delay,
            "delivery": self._settings.delivery_delay,
        }.get(purpose, self._settings.receipt_delay)
        return delay.draw(self._fates.random(number, f"{purpose} {index}")) / self._settings.speed
