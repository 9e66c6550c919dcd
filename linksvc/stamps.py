"""A message's stamps: what all the facts about it add up to, in whatever order they came. Used by `linksvc.applier`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from operator import attrgetter

from linksvc.facts import AnyFact
from linksvc.models import Message

SEVERITY = {"DELIVERED": 1, "UNKNOWN": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIVERABLE": 4, "REJECTED": 4}
"""Final receipt states (SMPP v3.4, 5.2.28): a message is as bad as the worst of its parts."""

UNSENT_RANK = {"": 0, "expired_unsent": 1, "left_out": 2, "cancelled": 3, "stopped": 4, "outcome_unknown": 5}
"""Why a message did not leave; of two reasons the one further right is told, whichever was learnt first."""

_STATE_OF_SEVERITY = {2: "unknown", 3: "expired", 4: "failed"}

ABOUT_HITS = frozenset({"hit", "verdict"})
ABOUT_REDEMPTIONS = frozenset({"redeemed", "returned", "voided"})

_FIRST_TIME = {
    "reply": "replied_at",
    "opted_out": "opted_out_at",
    "paid": "paid_at",
    "interaction": "engaged_at",
    "participated": "engaged_at",
}
_HIT_TIME = {"human": "clicked_at", "suspect": "suspect_at", "machine": "machine_at"}
"""The first hit of each verdict. A verdict can change, so these three may be taken back and set anew."""


NO_HOUR = -1
"""Of a message that nobody clicked, or whose recipient's zone is not known."""


@dataclass(slots=True)
class Stamps:
    """The stamped columns of a message row, with the dimensions it is counted under. Folded, then written back."""

    n: int
    country: str
    variant: str
    network: str
    segment_id: int
    tracked: bool
    produced_at: datetime
    state: str = "queued"
    route_id: int = 0
    parts: int = 0
    parts_accepted: int = 0
    parts_refused: int = 0
    parts_final: int = 0
    receipt: str = ""
    unsent_reason: str = ""
    held_reason: str = ""
    held_until: datetime | None = None
    released_until: datetime | None = None
    error: str = ""
    cause: str = ""
    price_micros: int = 0
    price_currency: str = ""
    device: str = ""
    os: str = ""
    click_hour: int = NO_HOUR
    has_occurrences: bool = False
    submitted_at: datetime | None = None
    window_ends_at: datetime | None = None
    receipt_at: datetime | None = None
    unsent_at: datetime | None = None
    clicked_at: datetime | None = None
    engaged_at: datetime | None = None
    suspect_at: datetime | None = None
    machine_at: datetime | None = None
    redeemed_at: datetime | None = None
    paid_at: datetime | None = None
    replied_at: datetime | None = None
    opted_out_at: datetime | None = None


COLUMNS = tuple(field.name for field in fields(Stamps))
"""The columns read from `message`, in the order of Stamps' arguments."""

FIXED = frozenset({"n", "country", "variant", "network", "segment_id", "tracked", "produced_at"})
"""Those that production wrote, for good."""

WRITTEN = tuple(name for name in COLUMNS if name not in FIXED)
"""Those of them that facts can change."""


def stamps_of(message: Message) -> Stamps:
    """A message row's stamps, detached from its session."""
    return Stamps(**{name: getattr(message, name) for name in COLUMNS})


_values_of = attrgetter(*COLUMNS)


def copy_of(stamps: Stamps) -> Stamps:
    return Stamps(*_values_of(stamps))


def unstamped(message: Message) -> Stamps:
    """The stamps of the message as it was produced, before any fact."""
    return Stamps(**{name: getattr(message, name) for name in FIXED})


def fold(stamps: Stamps, facts: Iterable[AnyFact]) -> None:
    """Adds the facts to the stamps, but for those about hits and redemptions: a verdict may change (`add_hit`), a redemption
    may be voided (`linksvc.movements`). What an interaction proves of its hit is the hit's; that somebody was engaged is the
    message's. The order of facts never matters; each must be folded once."""
    for fact in facts:
        if fact.kind not in ABOUT_HITS and fact.kind not in ABOUT_REDEMPTIONS:
            _FOLDS[fact.kind](stamps, fact)
    stamps.state = state_of(stamps)


def close_window(stamps: Stamps, attribution_days: int) -> None:
    """Says until when what its recipient does is its result: so many days from its submission."""
    stamps.window_ends_at = stamps.submitted_at and stamps.submitted_at + timedelta(days=attribution_days)


def in_window(stamps: Stamps, moment: datetime) -> bool:
    return stamps.window_ends_at is None or moment <= stamps.window_ends_at


def add_hit(stamps: Stamps, verdict: str, occurred_at: datetime) -> None:
    """Adds a hit by the verdict that holds for it."""
    name = _HIT_TIME[verdict]
    setattr(stamps, name, _earlier(getattr(stamps, name), occurred_at))


def set_hits(stamps: Stamps, first: Mapping[str, datetime]) -> None:
    """Forgets the hits and takes the first one of each verdict instead."""
    for verdict, name in _HIT_TIME.items():
        setattr(stamps, name, first.get(verdict))


def state_of(stamps: Stamps) -> str:
    """The one delivery state: what was submitted wins over why it was not, a bad part over a good one."""
    if stamps.parts_accepted:
        if stamps.parts_refused:
            return "failed"
        severity = SEVERITY.get(stamps.receipt, 0)
        if severity == 1:
            return "delivered" if stamps.parts_final == stamps.parts else "submitted"
        return _STATE_OF_SEVERITY.get(severity, "submitted")
    if stamps.parts_refused:
        return "refused"
    return stamps.unsent_reason or ("held" if is_held(stamps) else "queued")


def is_held(stamps: Stamps) -> bool:
    """Held back, and not released from the last of its holds: it may still leave."""
    if stamps.held_until is None:
        return False
    return stamps.released_until is None or stamps.released_until < stamps.held_until


def _earlier(present: datetime | None, candidate: datetime) -> datetime:
    return candidate if present is None else min(present, candidate)


def _later(present: datetime | None, candidate: datetime) -> datetime:
    return candidate if present is None else max(present, candidate)


def _fold_accepted(stamps: Stamps, fact: AnyFact) -> None:
    stamps.parts_accepted += 1
    stamps.parts = fact.parts
    stamps.route_id = fact.route_id
    stamps.submitted_at = _earlier(stamps.submitted_at, fact.occurred_at)
    stamps.price_micros += fact.price_micros
    stamps.price_currency = max(stamps.price_currency, fact.currency)


def _fold_refused(stamps: Stamps, fact: AnyFact) -> None:
    stamps.cause = max(stamps.cause, fact.cause) if stamps.parts_refused else fact.cause
    stamps.parts_refused += 1
    stamps.error = max(stamps.error, fact.value)
    stamps.unsent_at = _earlier(stamps.unsent_at, fact.occurred_at)


def _fold_unsent(stamps: Stamps, fact: AnyFact) -> None:
    reason = "outcome_unknown" if fact.kind == "outcome_unknown" else fact.value
    stamps.unsent_reason = max(stamps.unsent_reason, reason, key=UNSENT_RANK.__getitem__)
    stamps.unsent_at = _earlier(stamps.unsent_at, fact.occurred_at)


def _fold_held(stamps: Stamps, fact: AnyFact) -> None:
    until = datetime.fromisoformat(fact.detail)
    if stamps.held_until is None or (until, fact.value) > (stamps.held_until, stamps.held_reason):
        stamps.held_until, stamps.held_reason = until, fact.value


def _fold_released(stamps: Stamps, fact: AnyFact) -> None:
    stamps.released_until = _later(stamps.released_until, datetime.fromisoformat(fact.detail))


def _badness(receipt: str) -> tuple[int, str]:
    return SEVERITY.get(receipt, 0), receipt


def _fold_receipt(stamps: Stamps, fact: AnyFact) -> None:
    stamps.parts_final += 1
    told, new = _badness(stamps.receipt), _badness(fact.value)
    # The cause is that of the receipt that is told, also when it has none. A refusal's goes before.
    if new >= told and not stamps.parts_refused:
        stamps.cause = fact.cause if new > told else max(stamps.cause, fact.cause)
    stamps.receipt = max(stamps.receipt, fact.value, key=_badness)
    stamps.receipt_at = _later(stamps.receipt_at, fact.occurred_at)
    if SEVERITY[fact.value] > SEVERITY["DELIVERED"]:
        stamps.error = max(stamps.error, fact.detail)


def _fold_first_time(stamps: Stamps, fact: AnyFact) -> None:
    name = _FIRST_TIME[fact.kind]
    setattr(stamps, name, _earlier(getattr(stamps, name), fact.occurred_at))


def _fold_engaged(stamps: Stamps, fact: AnyFact) -> None:
    # Nothing of the kind is told of who did not consent to tracking; whatever tells it all the same stamps nothing.
    if stamps.tracked:
        _fold_first_time(stamps, fact)


_FOLDS = {
    "accepted": _fold_accepted,
    "refused": _fold_refused,
    "outcome_unknown": _fold_unsent,
    "unsent": _fold_unsent,
    "held": _fold_held,
    "released": _fold_released,
    "receipt": _fold_receipt,
    "reply": _fold_first_time,
    "opted_out": _fold_first_time,
    "paid": _fold_first_time,
    "interaction": _fold_engaged,
    "participated": _fold_engaged,
}
