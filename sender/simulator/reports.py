"""Receipts on their way: early, in time, late, twice, beyond reading, or for nobody's message. Used by `intake`."""

from collections.abc import Callable
from dataclasses import dataclass

from linksvc.clock import Clock
from sender.pdus import Status
from sender.simulator.agenda import Agenda
from sender.simulator.delivery_receipts import Fields, Part, malformed_fields, receipt_fields
from sender.simulator.entries import Anomaly, OddReceiptAnswered, PduGarbled, ReceiptTaken
from sender.simulator.fates import Fates, PartFate
from sender.simulator.knobs import Knobs
from sender.simulator.ledger import Ledger
from sender.simulator.outbox import Delivery, Outbox

UNKNOWN_ID = "unknown id"
STRAY_OFFSET = 10**15
"""How far ids that were never given lie from those that were."""

_ON_ANY_END, _ON_FAILURE = 1, 2
"""registered_delivery, bits 0 and 1 (SMPP v3.4, 5.2.17)."""


@dataclass(frozen=True)
class Taken:
    """A part that was taken, with its place in its message and what becomes of it."""

    part: Part
    message: int
    index: int
    fate: PartFate
    registered_delivery: int

    @property
    def is_reported(self) -> bool:
        """Whether a final receipt is owed: there is one, and it was asked for."""
        state, wanted = self.fate.state, self.registered_delivery
        return bool(state) and bool(wanted & _ON_ANY_END or (wanted & _ON_FAILURE and state != "DELIVERED"))


class Reports:
    """Hands receipts to the outbox, in their time."""

    def __init__(self, knobs: Knobs, fates: Fates, outbox: Outbox, agenda: Agenda, ledger: Ledger, clock: Clock) -> None:
        self._knobs = knobs
        self._fates = fates
        self._outbox = outbox
        self._agenda = agenda
        self._ledger = ledger
        self._clock = clock

    def report(self, taken: Taken) -> Delivery | None:
        """The final receipt at once, and the others that come beside it; None if there is to be none."""
        if not taken.is_reported:
            return None
        if taken.fate.stray:
            self._put_stray(taken)
        if taken.fate.malformation:
            return self._put_malformed(taken)
        return self._put_final(taken)

    def report_later(self, taken: Taken, delivery_s: float) -> None:
        """The receipts of a part whose message takes so long to the phone."""
        settings, number = self._knobs.now, taken.part.number
        chance = self._fates.random(number, f"receipt {taken.index}")
        delay_s = delivery_s + settings.receipt_delay.draw(chance) / settings.speed
        if taken.fate.late:
            chance = self._fates.random(number, f"late {taken.message}.{taken.index} by")
            delay_s += settings.late_delay.draw(chance) / settings.speed

        async def tell_en_route() -> None:
            self._put(taken, self._fields(taken, "ENROUTE"), lambda _: None)

        async def report() -> None:
            self.report(taken)

        if taken.fate.en_route and taken.registered_delivery & _ON_ANY_END:
            self._agenda.later(delivery_s / 2, tell_en_route)
        self._agenda.later(delay_s, report)

    def _put_final(self, taken: Taken) -> Delivery:
        part, state = taken.part, taken.fate.state

        async def repeat() -> None:
            self._put(taken, self._fields(taken, state), lambda _: None)

        def answered(status: int) -> None:
            if status != Status.OK:
                return
            self._ledger.append(ReceiptTaken(part.number, taken.message, taken.index, state, self._clock()))
            if taken.fate.duplicated:
                settings, chance = self._knobs.now, self._fates.random(part.number, f"duplicate {taken.index}")
                self._agenda.later(settings.receipt_delay.draw(chance) / settings.speed, repeat)

        return self._put(taken, self._fields(taken, state), answered, garbled=taken.fate.garbled)

    def _put_malformed(self, taken: Taken) -> Delivery:
        part, oddity = taken.part, taken.fate.malformation
        random = self._fates.random(part.number, f"malformed text {taken.message}.{taken.index}")
        fields = malformed_fields(part, taken.fate.state, oddity, random)
        return self._put_odd(part, oddity, "", fields, garbled=taken.fate.garbled)

    def _put_stray(self, taken: Taken) -> None:
        part = taken.part
        strange = Part(part.number, part.sender, part.value + STRAY_OFFSET, part.submitted_at, part.text)
        fields = receipt_fields(strange, "DELIVERED", self._clock(), self._knobs.now)
        self._put_odd(strange, UNKNOWN_ID, self._knobs.now.receipt_id.write(strange.value), fields)

    def _put_odd(self, part: Part, oddity: str, id: str, fields: Fields, *, garbled: bool = False) -> Delivery:
        def answered(status: int) -> None:
            self._ledger.append(OddReceiptAnswered(part.number, oddity, id, status, self._clock()))

        return self._deliver(part, Delivery(fields, lambda: answered(Status.OK), answered, garbled=garbled))

    def _put(self, taken: Taken, fields: Fields, answered: Callable[[int], None], *, garbled: bool = False) -> Delivery:
        def refused(status: int) -> None:
            detail = f"{taken.fate.state}, status 0x{status:08X}"
            self._ledger.append(Anomaly(taken.part.number, "receipt refused", detail, self._clock()))
            answered(status)

        delivery = Delivery(fields, lambda: answered(Status.OK), refused, garbled=garbled)
        if taken.fate.form == "data_sm":
            delivery.command = "data_sm"
        return self._deliver(taken.part, delivery)

    def _deliver(self, part: Part, delivery: Delivery) -> Delivery:
        if delivery.garbled:
            self._ledger.append(PduGarbled(part.number, self._clock()))
        self._outbox.put(delivery)
        return delivery

    def _fields(self, taken: Taken, state: str) -> Fields:
        error = "" if state == "ENROUTE" else taken.fate.error
        return receipt_fields(taken.part, state, self._clock(), self._knobs.now, error, taken.fate.form)
