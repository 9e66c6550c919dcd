"""The rows behind what is counted each time it happens: visits, redemptions, what was taken back of them, and payments. The
pages list them beside messages.

They are the applied ones, by the verdict that holds: what the counters were made from, so a figure opens onto exactly its
rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, tuple_
from sqlmodel import Session, col, select

from linksvc.errors import InvalidRequest
from linksvc.funnel import find_campaign
from linksvc.hit_verdicts import COUNTED, source_of
from linksvc.models import Fact, FunnelCount, Hit, Message
from linksvc.tallies import ABOUT_MONEY, TOTAL

_ENDS_AT = col(Message.window_ends_at)
_LATE_HIT = and_(_ENDS_AT.is_not(None), col(Hit.occurred_at) > _ENDS_AT)
_ON_TIME_HIT = or_(_ENDS_AT.is_(None), col(Hit.occurred_at) <= _ENDS_AT)

_VISITS: dict[str, ColumnElement[bool]] = {
    "hit_human": and_(col(Hit.verdict) == "human", _ON_TIME_HIT),
    "hit_suspect": and_(col(Hit.verdict) == "suspect", _ON_TIME_HIT),
    "hit_machine": and_(col(Hit.verdict) == "machine", _ON_TIME_HIT),
    "hit_unnamed": col(Hit.n).is_(None),
    "late_hit": _LATE_HIT,
}

_ON_TIME_FACT = or_(_ENDS_AT.is_(None), col(Fact.occurred_at) <= _ENDS_AT)
_LATE_FACT = and_(_ENDS_AT.is_not(None), col(Fact.occurred_at) > _ENDS_AT)

_ABOUT_MONEY: dict[str, ColumnElement[bool]] = {
    name: and_(col(Fact.kind) == kind, condition)
    for kind, occurrence in ABOUT_MONEY.items()
    for name, condition in ((occurrence, _ON_TIME_FACT), (f"late_{occurrence}", _LATE_FACT))
}
"""The facts that a figure of money counts."""

OCCURRENCE_ROWS = (*_VISITS, *_ABOUT_MONEY)


@dataclass(frozen=True, slots=True)
class OccurrenceRow:
    """One visit (its verdict and the reason), or one redemption, return, void or payment (its amount). n and number are None
    for nobody."""

    n: int | None
    number: str | None
    verdict: str
    reason: str
    amount_minor: int
    currency: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class OccurrencePage:
    """Rows in a fixed order, not that of time; `next_after` is the last row's name, None on the last page."""

    rows: tuple[OccurrenceRow, ...]
    total: int
    next_after: str | None


def list_occurrences(
    session: Session, workspace_id: int, campaign_id: int, name: str, after: str = "", limit: int = 100
) -> OccurrencePage:
    """The occurrences a figure counts, after the one named `after`. Walks the primary key, so any page costs the same.

    Raises NotFound, and InvalidRequest `unknown_stage`.
    """
    if name not in OCCURRENCE_ROWS:
        raise InvalidRequest(f"There is no figure {name!r}.", code="unknown_stage")
    find_campaign(session, workspace_id, campaign_id)
    total = session.exec(
        select(func.coalesce(func.sum(FunnelCount.count), 0)).where(
            FunnelCount.campaign_id == campaign_id, FunnelCount.by == TOTAL, FunnelCount.stage == name
        )
    ).one()
    read = _money if name in _ABOUT_MONEY else _visits
    found = read(session, campaign_id, name, after, limit + 1)
    rows = tuple(row for _, row in found[:limit])
    return OccurrencePage(rows, int(total), found[limit - 1][0] if len(found) > limit else None)


def _visits(session: Session, campaign_id: int, name: str, after: str, limit: int) -> Sequence[tuple[str, OccurrenceRow]]:
    """The next hits, each behind its name."""
    segment, _, position = after.rpartition(":")
    further = tuple_(col(Hit.segment), col(Hit.position)) > tuple_(segment, _whole(position))
    found = session.exec(
        select(Hit, Message.number)
        .join(Message, and_(col(Message.campaign_id) == campaign_id, col(Message.n) == col(Hit.n)), isouter=True)
        .where(Hit.campaign_id == campaign_id, _VISITS[name], COUNTED, further)
        .order_by(col(Hit.segment), col(Hit.position))
        .limit(limit)
    )
    return [
        (source_of(hit.segment, hit.position), OccurrenceRow(hit.n, number, hit.verdict, hit.reason, 0, "", hit.occurred_at))
        for hit, number in found
    ]


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1


def _money(session: Session, campaign_id: int, name: str, after: str, limit: int) -> Sequence[tuple[str, OccurrenceRow]]:
    """The next redemptions, returns, voids or payments, each behind its name."""
    found = session.exec(
        select(Fact, Message.number)
        .join(Message, and_(col(Message.campaign_id) == campaign_id, col(Message.n) == col(Fact.n)), isouter=True)
        .where(
            Fact.campaign_id == campaign_id,
            _ABOUT_MONEY[name],
            col(Fact.applied_at).is_not(None),
            col(Fact.source) > after,
        )
        .order_by(col(Fact.source))
        .limit(limit)
    )
    return [
        (fact.source, OccurrenceRow(fact.n, number, "", "", fact.amount_minor, fact.currency, fact.occurred_at))
        for fact, number in found
    ]
