"""The rows behind what is counted each time it happens: visits and redemptions. The pages list them beside messages.

They are read from the applied facts, which is what the counters were made from: a figure opens onto exactly its rows.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func
from sqlmodel import Session, col, select

from linksvc.errors import InvalidRequest
from linksvc.funnel import find_campaign
from linksvc.models import Fact, FunnelCount, Message

OCCURRENCE_ROWS: dict[str, ColumnElement[bool]] = {
    "hit_human": and_(col(Fact.kind) == "hit", col(Fact.value) == "human"),
    "hit_suspect": and_(col(Fact.kind) == "hit", col(Fact.value) == "suspect"),
    "hit_machine": and_(col(Fact.kind) == "hit", col(Fact.value) == "machine"),
    "hit_unnamed": and_(col(Fact.kind) == "hit", col(Fact.n).is_(None)),
    "redemption": col(Fact.kind) == "redeemed",
}


@dataclass(frozen=True, slots=True)
class OccurrenceRow:
    """One visit (its verdict and the reason) or one redemption (what was paid). n and number are None for nobody."""

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
            FunnelCount.campaign_id == campaign_id, FunnelCount.stage == name
        )
    ).one()
    found = session.exec(
        select(Fact, Message.number)
        .join(Message, and_(col(Message.campaign_id) == campaign_id, col(Message.n) == col(Fact.n)), isouter=True)
        .where(
            Fact.campaign_id == campaign_id,
            OCCURRENCE_ROWS[name],
            col(Fact.applied_at).is_not(None),
            col(Fact.source) > after,
        )
        .order_by(col(Fact.source))
        .limit(limit + 1)
    ).all()
    rows = tuple(
        OccurrenceRow(fact.n, number, fact.value, fact.detail, fact.amount_minor, fact.currency, fact.occurred_at)
        for fact, number in found[:limit]
    )
    return OccurrencePage(rows, int(total), found[limit - 1][0].source if len(found) > limit else None)
