"""An offer as it is asked for, and what is checked of it before `linksvc.offers` keeps it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from linksvc.errors import FieldError, InvalidRequest
from linksvc.local_days import moment_of
from linksvc.money import AMOUNT_MOST
from linksvc.zone_names import zone_named

Kind = Literal["percentage", "amount", "free_delivery", "gift"]

WHOLE = 10_000
"""100 % in basis points, the unit of a percentage's value."""

USES_MOST = 1_000_000

USES_IN_ALL_MOST = 10**12

DAYS_MOST = 3_650

_SHOWN_LONGEST = 60


@dataclass(frozen=True, slots=True)
class NewOffer:
    """`value` is in basis points for a percentage, in minor units for an amount, 0 else.

    Without a currency or a time zone (IANA) they are the workspace's. A date alone is a day in that zone: an offer begins
    with the start of it and ends with its end. 0 means no limit, no shop means all of them.
    """

    name: str
    kind: Kind
    value: int = 0
    currency: str | None = None
    minimum_minor: int = 0
    uses_per_code: int = 1
    starts_at: datetime | date | None = None
    ends_at: datetime | date | None = None
    cap_minor: int = 0
    gift: str = ""
    uses_per_contact: int = 0
    uses_in_all: int = 0
    budget_minor: int = 0
    stackable: bool = False
    timezone: str | None = None
    days_after_delivery: int = 0
    shop_ids: tuple[int, ...] = ()


_MINOR = f"0 to {AMOUNT_MOST} minor units."


def check_numbers(new: NewOffer) -> None:
    """Raises InvalidRequest, with an error for each number that makes no sense."""
    errors = [FieldError(field, message) for field, message, good in _rules(new) if not good]
    if errors:
        raise InvalidRequest("The offer cannot be kept; see errors.", errors=tuple(errors))


def _rules(new: NewOffer) -> tuple[tuple[str, str, bool], ...]:
    """(field, what would be right, whether it is)"""
    capped = new.kind in ("percentage", "free_delivery")
    in_words = new.kind in ("free_delivery", "gift")
    return (
        (
            "percent",
            "More than 0 and at most 100, with up to two decimals.",
            new.kind != "percentage" or 1 <= new.value <= WHOLE,
        ),
        ("amount", f"1 to {AMOUNT_MOST} minor units.", new.kind != "amount" or 1 <= new.value <= AMOUNT_MOST),
        ("amount", f"It is not for kind {new.kind}.", not in_words or new.value == 0),
        ("cap", _MINOR, 0 <= new.cap_minor <= AMOUNT_MOST),
        ("cap", f"It is not for kind {new.kind}.", capped or not new.cap_minor),
        ("gift", "What is given, in words.", new.kind != "gift" or bool(new.gift.strip())),
        ("gift", f"It is not for kind {new.kind}.", new.kind == "gift" or not new.gift),
        ("minimum", _MINOR, 0 <= new.minimum_minor <= AMOUNT_MOST),
        ("uses_per_code", f"1 to {USES_MOST}.", 1 <= new.uses_per_code <= USES_MOST),
        ("uses_per_contact", f"0 to {USES_MOST}.", 0 <= new.uses_per_contact <= USES_MOST),
        ("uses_in_all", f"0 to {USES_IN_ALL_MOST}.", 0 <= new.uses_in_all <= USES_IN_ALL_MOST),
        ("budget", _MINOR, 0 <= new.budget_minor <= AMOUNT_MOST),
        ("days_after_delivery", f"0 to {DAYS_MOST}.", 0 <= new.days_after_delivery <= DAYS_MOST),
    )


def check_zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises InvalidRequest (`timezone_unknown`)."""
    zone = zone_named(name)
    if zone is None:
        message = "A name of the IANA time zone database is asked for, such as Europe/Paris."
        raise InvalidRequest(
            f"There is no time zone “{_shown(name)}”. {message}",
            code="timezone_unknown",
            errors=(FieldError("timezone", message),),
        )
    return zone


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in name)[:_SHOWN_LONGEST]


def window_of(new: NewOffer, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime | None]:
    """[start, end) in UTC. Raises InvalidRequest (also `window_empty`)."""
    starts_at = moment_of("starts_at", new.starts_at, zone, "start") if new.starts_at else now
    ends_at = moment_of("ends_at", new.ends_at, zone, "end") if new.ends_at else None
    if ends_at is not None and ends_at <= starts_at:
        message = f"It must be after the start, {starts_at:%Y-%m-%d %H:%M} UTC."
        raise InvalidRequest(
            "The offer ends before it starts.", code="window_empty", errors=(FieldError("ends_at", message),)
        )
    return starts_at, ends_at
