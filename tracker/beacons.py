"""What a page sends to tell what happened on it: a token and a few events, read strictly. For `tracker.page_events`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from linksvc.errors import FieldError, InvalidRequest
from linksvc.landing.documents import Document
from linksvc.landing.faults import faults_of
from linksvc.money import AMOUNT_MOST, check_currency, exponent_of
from tracker.evidence import LIFETIME
from tracker.told_events import ToldEvent

MOST_BYTES = 8_192
EVENTS_MOST = 50
NUMBERS = 500
"""A page numbers its events below this, so that a hit never has more of them; what is told again is known by its number."""

Name = Literal[
    "view", "visible", "depth", "button", "copied", "scratched", "form_started", "form_sent", "video", "conversion"
]

INTERACTIONS = frozenset({"button", "copied", "scratched", "form_started", "form_sent", "video", "conversion"})
"""What only a person does: it proves that the hit was one's. The browsers of scanners view and scroll as well."""

_BLOCKS: Mapping[str, frozenset[str]] = {
    "button": frozenset({"button", "call", "map", "picture"}),
    "copied": frozenset({"code"}),
    "scratched": frozenset({"scratch", "flip"}),
    "form_started": frozenset({"survey"}),
    "form_sent": frozenset({"survey"}),
}
"""The blocks of a landing page that an event may be about; the other events are about the page."""

_ELSEWHERE = frozenset({"view", "visible", "depth", "button", "copied", "form_started", "form_sent", "video", "conversion"})
_OF_THE_PAGE = frozenset({"view", "visible", "depth"})
_DEPTHS = (25, 50, 75, 100)
_VALUED = frozenset({"visible", "depth", "video"})

_Line = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]


class Happening(BaseModel):
    """An event as a page tells it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
    number: int = Field(ge=0, lt=NUMBERS)
    name: Name
    block: _Line = ""
    value: int = Field(default=0, ge=0, le=int(LIFETIME.total_seconds()))
    at: int = Field(default=0, ge=0, le=2**53)
    """Milliseconds since the page was opened."""
    order_ref: _Line = ""
    amount: Decimal | None = Field(default=None, ge=0, le=AMOUNT_MOST, max_digits=17, decimal_places=4)
    currency: str = Field(default="", max_length=3)

    def told(self, began_at: datetime, now: datetime) -> ToldEvent:
        """The event as it is kept. A page's clock may say anything; nothing happens before its hit, nor after now."""
        occurred_at = began_at + timedelta(milliseconds=min(self.at, LIFETIME.total_seconds() * 1_000))
        amount_minor = _minor(self.amount, self.currency)
        occurred_at = max(began_at, min(occurred_at, now))
        return ToldEvent(
            self.number, self.name, self.block, self.value, self.order_ref, amount_minor, self.currency, occurred_at
        )


class Beacon(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    token: str = Field(max_length=400)
    events: tuple[Happening, ...] = Field(min_length=1, max_length=EVENTS_MOST)


def read_beacon(body: bytes) -> Beacon:
    """Raises InvalidRequest (events_invalid), which names each wrong field."""
    try:
        beacon = Beacon.model_validate_json(body)
    except ValidationError as error:
        faults = faults_of(error, None)
        said = faults[0].message if faults else ""
        raise InvalidRequest(f"The events cannot be taken. {said}", code="events_invalid", errors=faults) from None
    for index, event in enumerate(beacon.events):
        _check_value(event, f"events.{index}")
    return beacon


def check_on_page(beacon: Beacon, document: Document) -> None:
    """Raises InvalidRequest (events_invalid) for what cannot happen on a landing page of ours."""
    for index, event in enumerate(beacon.events):
        if event.name in _OF_THE_PAGE:
            if event.block:
                raise _wrong(f"events.{index}.block", f"The event {event.name} is about the page and names no block.")
            continue
        blocks = _BLOCKS.get(event.name)
        if blocks is None:
            raise _wrong(f"events.{index}.name", f"There is no {event.name} on this page.")
        block = document.find(event.block)
        if block is None or block.type not in blocks:
            raise _wrong(f"events.{index}.block", f"This page has no block of that name to tell “{event.name}” of.")


def check_elsewhere(beacon: Beacon) -> None:
    """Raises InvalidRequest (events_invalid) for what cannot happen on a page that bears the snippet."""
    for index, event in enumerate(beacon.events):
        if event.name not in _ELSEWHERE:
            raise _wrong(f"events.{index}.name", f"There is no {event.name} on a page of one's own.")
        if event.name in _OF_THE_PAGE and event.block:
            raise _wrong(f"events.{index}.block", f"The event {event.name} is about the page and names no block.")


def _check_value(event: Happening, path: str) -> None:
    if event.name == "depth" and event.value not in _DEPTHS:
        raise _wrong(f"{path}.value", "A depth is 25, 50, 75 or 100 per cent.")
    if event.value and event.name not in _VALUED:
        raise _wrong(f"{path}.value", f"The event {event.name} has no value.")
    if event.name == "conversion":
        _check_conversion(event, path)
    elif event.order_ref or event.amount is not None or event.currency:
        raise _wrong(f"{path}.order_ref", "Only a conversion has an order and an amount.")


def _check_conversion(event: Happening, path: str) -> None:
    if not event.order_ref.strip():
        raise _wrong(f"{path}.order_ref", "A conversion names its order: 1 to 64 characters.")
    if (event.amount is None) != (not event.currency):
        raise _wrong(f"{path}.currency", "An amount and its currency are told together, such as 49.90 and EUR.")
    if event.amount is None:
        return
    try:
        check_currency(event.currency)
    except InvalidRequest as refused:
        raise _wrong(f"{path}.currency", refused.detail) from None
    minor = event.amount.scaleb(exponent_of(event.currency))
    if minor > AMOUNT_MOST or minor != minor.to_integral_value():
        decimals = exponent_of(event.currency)
        raise _wrong(f"{path}.amount", f"An amount of {event.currency} has at most {decimals} decimals, and is no fortune.")


def _minor(amount: Decimal | None, currency: str) -> int:
    return 0 if amount is None else int(amount.scaleb(exponent_of(currency)))


def _wrong(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(
        f"The events cannot be taken. {field}: {message}", code="events_invalid", errors=(FieldError(field, message),)
    )
