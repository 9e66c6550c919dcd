"""The stages of the funnel: for each, when a message reached it and the SQL that lists the messages which did.

The counters, the lists behind every number and the check that they agree are all made from this one table, so that no
two screens can define a word differently. Definitions: the reference on funnels, summed up in docs/definitions.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, and_, or_, true
from sqlmodel import col

from linksvc.models import Message
from linksvc.stamps import Stamps

When = Callable[[Stamps], datetime | None]


@dataclass(frozen=True)
class Stage:
    """`when` gives the moment the message reached the stage, or None; `where` is the same condition in SQL."""

    name: str
    when: When
    where: ColumnElement[bool]
    state: str = ""
    """The state that a message must be in; empty: whatever it is in."""


def _first(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


def _in_state(state: str, at: When) -> Stage:
    return Stage(state, at, col(Message.state) == state, state)


def _at(name: str, column: str) -> Stage:
    return Stage(name, lambda s: getattr(s, column), getattr(Message, column).is_not(None))


def _left_unsent(s: Stamps) -> datetime:
    return s.unsent_at or s.produced_at


def _ended(s: Stamps) -> datetime:
    return s.receipt_at or s.unsent_at or s.submitted_at or s.produced_at


def _proved(s: Stamps) -> datetime | None:
    """The first thing that only somebody who got the message can have done."""
    return _first(s.clicked_at, s.redeemed_at, s.replied_at)


def _reached(s: Stamps) -> datetime | None:
    return _first(s.receipt_at if s.state == "delivered" else None, _proved(s))


_PROVED = or_(
    col(Message.clicked_at).is_not(None), col(Message.redeemed_at).is_not(None), col(Message.replied_at).is_not(None)
)
_REACHED = or_(col(Message.state) == "delivered", _PROVED)
_BAD = col(Message.state).in_(["failed", "expired"])
_UNCLICKED = col(Message.clicked_at).is_(None)

UNSENT = ("queued", "held", "stopped", "cancelled", "expired_unsent", "refused", "outcome_unknown")
"""produced = the sum of these + submitted."""

SENT = ("delivered", "failed", "expired", "unknown", "pending")
"""submitted = the sum of these."""

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("produced", lambda s: s.produced_at, true()),
        *(_in_state(state, _left_unsent) for state in UNSENT),
        Stage("submitted", lambda s: s.submitted_at if s.parts_accepted else None, col(Message.parts_accepted) > 0),
        Stage("pending", lambda s: s.submitted_at, col(Message.state) == "submitted", "submitted"),
        *(_in_state(state, _ended) for state in ("delivered", "failed", "expired", "unknown")),
        Stage("reached", _reached, _REACHED),
        Stage("seen", lambda s: _reached(s) if s.tracked else None, and_(col(Message.tracked), _REACHED)),
        _at("clicked", "clicked_at"),
        Stage(
            "suspect",
            lambda s: s.suspect_at if s.clicked_at is None else None,
            and_(col(Message.suspect_at).is_not(None), _UNCLICKED),
        ),
        Stage(
            "machine",
            lambda s: s.machine_at if s.clicked_at is None and s.suspect_at is None else None,
            and_(col(Message.machine_at).is_not(None), _UNCLICKED, col(Message.suspect_at).is_(None)),
        ),
        _at("engaged", "engaged_at"),
        _at("redeemed", "redeemed_at"),
        Stage(
            "redeemed_unclicked",
            lambda s: s.redeemed_at if s.tracked and s.clicked_at is None else None,
            and_(col(Message.redeemed_at).is_not(None), col(Message.tracked), _UNCLICKED),
        ),
        _at("paid", "paid_at"),
        _at("replied", "replied_at"),
        _at("opted_out", "opted_out_at"),
        Stage(
            "contradicted",
            lambda s: _proved(s) if s.state in {"failed", "expired"} else None,
            and_(_BAD, _PROVED),
        ),
    )
}
"""`seen`: reached, among those whose clicks can be seen (consent to tracking): the denominator of click rates.
`contradicted`: the receipt said failed or expired, and yet somebody clicked, redeemed or replied."""

OCCURRENCES = ("hit_human", "hit_suspect", "hit_machine", "hit_unnamed", "redemption", "return", "void", "payment")
"""What is counted each time it happens, not once a message. `hit_unnamed`: hits that name nobody, by any verdict."""

BROUGHT = ("redemption", "payment")
"""Those whose amounts are revenue: as shops and payment providers told them, nobody else. A payment's message bears no promo
code, so no sale is told by both."""

TAKEN_BACK = ("return", "void")
"""Those whose amounts are taken off it again."""

MONEY = (*BROUGHT, *TAKEN_BACK)
"""Those that come with an amount."""


def stages_of(stamps: Stamps) -> Iterator[tuple[str, datetime]]:
    """The stages that a message stands at, each with the moment it got there."""
    for stage in _of_state(stamps.state):
        if (moment := stage.when(stamps)) is not None:
            yield stage.name, moment


@cache
def _of_state(state: str) -> tuple[Stage, ...]:
    """The stages at which a message of that state may stand."""
    return tuple(stage for stage in STAGES.values() if stage.state in ("", state))
