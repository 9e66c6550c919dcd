"""The stages of the funnel: for each, when a message reached it and the SQL that lists the messages which did.

The counters, the lists behind every number and the check that they agree are all made from this one table, so that no
two screens can define a word differently. Definitions: the reference on funnels, summed up in docs/definitions.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter

from sqlalchemy import ColumnElement, and_, func, or_, true
from sqlmodel import col

from linksvc.models import Message
from linksvc.moments import earliest
from linksvc.stamps import Stamps, in_window

When = Callable[[Stamps], datetime | None]

_ENDS_AT = col(Message.window_ends_at)


@dataclass(frozen=True)
class Stage:
    """`when` gives the moment the message reached the stage, or None; `where` is the same condition in SQL, and `at` the
    moment of those for which it holds."""

    name: str
    when: When
    where: ColumnElement[bool]
    at: ColumnElement[datetime]
    state: str = ""
    """The state that a message must be in; empty: whatever it is in."""
    needs: str = ""
    """The stamp without which no message stands there; empty: there is none."""


def _first(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


def _in_state(state: str, when: When, at: ColumnElement[datetime]) -> Stage:
    return Stage(state, when, col(Message.state) == state, at, state)


def _within(s: Stamps, column: str) -> datetime | None:
    """When something was first done, if that was in the window."""
    moment: datetime | None = getattr(s, column)
    return moment if moment and in_window(s, moment) else None


def _moment(column: str) -> ColumnElement[datetime]:
    found: ColumnElement[datetime] = getattr(Message, column)
    return found


def _is_within(column: str) -> ColumnElement[bool]:
    # A comparison with NULL is neither true nor false: what was not done, or is of a message without a window.
    moment = _moment(column)
    return and_(moment.is_not(None), or_(_ENDS_AT.is_(None), moment <= _ENDS_AT))


def _not_within(column: str) -> ColumnElement[bool]:
    moment = _moment(column)
    return or_(moment.is_(None), and_(_ENDS_AT.is_not(None), moment > _ENDS_AT))


def _done(name: str) -> Stage:
    column = f"{name}_at"
    return Stage(name, lambda s: _within(s, column), _is_within(column), _moment(column), needs=column)


def _done_late(name: str) -> Stage:
    """First done after the window had closed."""
    column = f"{name}_at"
    moment = _moment(column)
    return Stage(
        f"late_{name}",
        lambda s: getattr(s, column) if not _within(s, column) else None,
        and_(moment.is_not(None), _ENDS_AT.is_not(None), moment > _ENDS_AT),
        moment,
        needs=column,
    )


def _left_unsent(s: Stamps) -> datetime:
    return s.unsent_at or s.produced_at


def _ended(s: Stamps) -> datetime:
    return s.receipt_at or s.unsent_at or s.submitted_at or s.produced_at


def _proved(s: Stamps) -> datetime | None:
    """The first thing that only somebody who got the message can have done."""
    return _first(_within(s, "clicked_at"), _within(s, "redeemed_at"), _within(s, "replied_at"))


def _reached(s: Stamps) -> datetime | None:
    return _first(s.receipt_at if s.state == "delivered" else None, _proved(s))


_PROVED = or_(_is_within("clicked_at"), _is_within("redeemed_at"), _is_within("replied_at"))
_DELIVERED = col(Message.state) == "delivered"
_REACHED = or_(_DELIVERED, _PROVED)
_SUBMITTED = col(Message.parts_accepted) > 0
_SUBMITTED_AT = _moment("submitted_at")
_LEFT_UNSENT_AT = func.coalesce(col(Message.unsent_at), col(Message.produced_at))
_ENDED_AT = func.coalesce(
    col(Message.receipt_at), col(Message.unsent_at), col(Message.submitted_at), col(Message.produced_at)
)
_PROVING = tuple((_is_within(column), _moment(column)) for column in ("clicked_at", "redeemed_at", "replied_at"))
_PROVED_AT = earliest(*_PROVING)
_REACHED_AT = earliest((_DELIVERED, _moment("receipt_at")), *_PROVING)
_BAD = col(Message.state).in_(["failed", "expired"])
_UNCLICKED = _not_within("clicked_at")

DONE = ("clicked", "engaged", "redeemed", "paid", "replied", "opted_out")
"""What recipients do. What of it is done after a message's window has closed is told apart, as late_clicked and so on."""

LATE = tuple(f"late_{name}" for name in DONE)

UNSENT = ("queued", "held", "stopped", "left_out", "cancelled", "expired_unsent", "refused", "outcome_unknown")
"""produced = the sum of these + submitted."""

SENT = ("delivered", "failed", "expired", "unknown", "pending")
"""submitted = the sum of these."""

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("produced", lambda s: s.produced_at, true(), _moment("produced_at")),
        *(_in_state(state, _left_unsent, _LEFT_UNSENT_AT) for state in UNSENT),
        Stage("submitted", lambda s: s.submitted_at if s.parts_accepted else None, _SUBMITTED, _SUBMITTED_AT),
        Stage("pending", lambda s: s.submitted_at, col(Message.state) == "submitted", _SUBMITTED_AT, "submitted"),
        *(_in_state(state, _ended, _ENDED_AT) for state in ("delivered", "failed", "expired", "unknown")),
        Stage("reached", _reached, _REACHED, _REACHED_AT),
        Stage("seen", lambda s: _reached(s) if s.tracked else None, and_(col(Message.tracked), _REACHED), _REACHED_AT),
        _done("clicked"),
        Stage(
            "suspect",
            lambda s: None if _within(s, "clicked_at") else _within(s, "suspect_at"),
            and_(_is_within("suspect_at"), _UNCLICKED),
            _moment("suspect_at"),
            needs="suspect_at",
        ),
        Stage(
            "machine",
            lambda s: None if _within(s, "clicked_at") or _within(s, "suspect_at") else _within(s, "machine_at"),
            and_(_is_within("machine_at"), _UNCLICKED, _not_within("suspect_at")),
            _moment("machine_at"),
            needs="machine_at",
        ),
        _done("engaged"),
        _done("redeemed"),
        Stage(
            "redeemed_unclicked",
            lambda s: _within(s, "redeemed_at") if s.tracked and not _within(s, "clicked_at") else None,
            and_(_is_within("redeemed_at"), col(Message.tracked), _UNCLICKED),
            _moment("redeemed_at"),
            needs="redeemed_at",
        ),
        *(_done(name) for name in DONE[3:]),
        *(_done_late(name) for name in DONE),
        Stage(
            "contradicted",
            lambda s: _proved(s) if s.state in {"failed", "expired"} else None,
            and_(_BAD, _PROVED),
            _PROVED_AT,
        ),
    )
}
"""`seen`: reached, among those whose clicks can be seen (consent to tracking): the denominator of click rates.
`contradicted`: the receipt said failed or expired, and yet somebody clicked, redeemed or replied."""

ON_TIME = ("hit_human", "hit_suspect", "hit_machine", "hit_unnamed", "redemption", "return", "void", "payment")
"""What is counted each time it happens, not once a message. `hit_unnamed`: hits that name nobody, by any verdict."""

LATE_OCCURRENCES = ("late_hit", "late_redemption", "late_return", "late_void", "late_payment")
"""The same after the window of its message had closed; `late_hit`: by any verdict."""

OCCURRENCES = (*ON_TIME, *LATE_OCCURRENCES)

BROUGHT = ("redemption", "payment")
"""Those whose amounts are revenue: as shops and payment providers told them, nobody else. A payment's message bears no promo
code, so no sale is told by both."""

TAKEN_BACK = ("return", "void")
"""Those whose amounts are taken off it again."""

MONEY = (*BROUGHT, *TAKEN_BACK)
"""Those that come with an amount."""


def stages_of(stamps: Stamps) -> Iterator[tuple[str, datetime]]:
    """The stages that a message stands at, each with the moment it got there."""
    for stage in _open_to(stamps.state, tuple([moment is not None for moment in _needed(stamps)])):
        if (moment := stage.when(stamps)) is not None:
            yield stage.name, moment


_NEEDED = tuple(dict.fromkeys(stage.needs for stage in STAGES.values() if stage.needs))
_needed = attrgetter(*_NEEDED)


@cache
def _open_to(state: str, there: tuple[bool, ...]) -> tuple[Stage, ...]:
    """The stages at which a message of that state and with these of _NEEDED may stand: most messages have few."""
    missing = {name for name, is_there in zip(_NEEDED, there, strict=True) if not is_there}
    return tuple(one for one in STAGES.values() if one.state in ("", state) and one.needs not in missing)
