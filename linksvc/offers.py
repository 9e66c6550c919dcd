"""Offers: what a promo code is worth, from when until when. The API makes them, campaigns name them, tills apply them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.local_days import moment_of
from linksvc.models import Offer, Workspace
from linksvc.money import Money, check_currency
from linksvc.names import check_name

Kind = Literal["percentage", "amount"]

WHOLE = 10_000
"""100 % in basis points, the unit of a percentage's value."""

USES_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class NewOffer:
    """`value` is in basis points for a percentage, in minor units for an amount.

    Without a currency it is the workspace's. A date alone is a day in the workspace's time zone: an offer begins with
    the start of it and ends with its end.
    """

    name: str
    kind: Kind
    value: int
    currency: str | None = None
    minimum_minor: int = 0
    uses_per_code: int = 1
    starts_at: datetime | date | None = None
    ends_at: datetime | date | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """An offer as it stands; it never changes. It is open in [starts_at, ends_at); without an end for ever."""

    id: int
    name: str
    kind: str
    value: int
    currency: str
    minimum_minor: int
    uses_per_code: int
    starts_at: datetime
    ends_at: datetime | None

    def discount_on(self, order: Money) -> Money:
        """What is taken off an order: rounded once, half up, and never more than the order."""
        off = (order.amount_minor * self.value + WHOLE // 2) // WHOLE if self.kind == "percentage" else self.value
        return Money(min(off, order.amount_minor), order.currency)


def create_offer(session: Session, workspace_id: int, new: NewOffer, now: datetime) -> Terms:
    """Stores an offer. Raises InvalidRequest (also `currency_unknown`, `window_empty`), NotFound for the workspace."""
    workspace = session.get(Workspace, workspace_id)
    if workspace is None:
        raise NotFound("There is no such workspace.")
    _check_numbers(new)
    starts_at, ends_at = _window(new, ZoneInfo(workspace.timezone), now)
    offer = Offer(
        workspace_id=workspace_id,
        name=check_name(new.name),
        kind=new.kind,
        value=new.value,
        currency=check_currency(new.currency or workspace.currency),
        minimum_minor=new.minimum_minor,
        uses_per_code=new.uses_per_code,
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=now,
    )
    session.add(offer)
    session.flush()
    return terms_of(offer)


def find_offer(session: Session, workspace_id: int, offer_id: int) -> Terms:
    """The offer's terms. Raises NotFound (`offer_not_found`) for another workspace's too."""
    offer = session.exec(select(Offer).where(col(Offer.id) == offer_id, col(Offer.workspace_id) == workspace_id)).first()
    if offer is None:
        raise NotFound("There is no such offer in this workspace.", code="offer_not_found")
    return terms_of(offer)


def terms_of(offer: Offer) -> Terms:
    return Terms(
        id=offer.id or 0,
        name=offer.name,
        kind=offer.kind,
        value=offer.value,
        currency=offer.currency,
        minimum_minor=offer.minimum_minor,
        uses_per_code=offer.uses_per_code,
        starts_at=offer.starts_at,
        ends_at=offer.ends_at,
    )


def _check_numbers(new: NewOffer) -> None:
    errors = []
    if new.kind == "percentage" and not 1 <= new.value <= WHOLE:
        errors.append(FieldError("percent", "More than 0 and at most 100, with up to two decimals."))
    if new.kind == "amount" and new.value < 1:
        errors.append(FieldError("amount", "At least 1 minor unit."))
    if new.minimum_minor < 0:
        errors.append(FieldError("minimum", "0 or more minor units."))
    if not 1 <= new.uses_per_code <= USES_MOST:
        errors.append(FieldError("uses_per_code", f"1 to {USES_MOST}."))
    if errors:
        raise InvalidRequest("The offer cannot be kept; see errors.", errors=tuple(errors))


def _window(new: NewOffer, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime | None]:
    starts_at = moment_of("starts_at", new.starts_at, zone, "start") if new.starts_at else now
    ends_at = moment_of("ends_at", new.ends_at, zone, "end") if new.ends_at else None
    if ends_at is not None and ends_at <= starts_at:
        message = f"It must be after the start, {starts_at:%Y-%m-%d %H:%M} UTC."
        raise InvalidRequest(
            "The offer ends before it starts.", code="window_empty", errors=(FieldError("ends_at", message),)
        )
    return starts_at, ends_at
