"""A campaign's figures by what its messages have in common, and by when things happened. Read by the API and the pages."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from linksvc.cohorts import Cohort, of_cohort
from linksvc.errors import FieldError, InvalidRequest
from linksvc.funnel import find_campaign
from linksvc.models import FunnelCount, TimelineCount
from linksvc.money import Money
from linksvc.sums import Cost, Sums
from linksvc.tallies import HOUR, PARTED

BREAKDOWNS = (*PARTED, HOUR)


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """The figures of the messages that have a value in common; empty: those that have none. Of `hour` the value is the
    quarter of an hour of submission, in ISO 8601."""

    value: str
    counts: Mapping[str, int]
    revenue: tuple[Money, ...]
    taken_back: tuple[Money, ...]
    cost: tuple[Cost, ...]
    fragments: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Rows that add up to `total`, most messages first; of `hour` in the order of time. Visits that name nobody are in no
    row."""

    by: str
    rows: tuple[BreakdownRow, ...]


def read_breakdown(
    session: Session, workspace_id: int, campaign_id: int, by: str, cohort: Cohort | None = None
) -> Breakdown:
    """The figures by each value. Raises NotFound, and InvalidRequest `breakdown_unknown`."""
    if by not in BREAKDOWNS:
        message = f"Figures are not kept by {by!r}. They are by: {', '.join(BREAKDOWNS)}."
        raise InvalidRequest(message, code="breakdown_unknown", errors=(FieldError("by", message),))
    find_campaign(session, workspace_id, campaign_id)
    found = _read_parts(session, campaign_id, by, cohort)
    rows = [_row(value, sums) for value, sums in sorted(found.items())]
    if by != HOUR:
        rows.sort(key=lambda row: -row.counts["produced"])
    return Breakdown(by, tuple(rows))


def _read_parts(session: Session, campaign_id: int, by: str, cohort: Cohort | None) -> dict[str, Sums]:
    value = FunnelCount.cohort if by == HOUR else FunnelCount.value
    columns = (value, FunnelCount.stage, FunnelCount.currency)
    found: dict[str, Sums] = {}
    rest: dict[tuple[str, str], list[int]] = {}
    for part, stage, currency, count, amount in session.exec(
        select(*columns, func.sum(FunnelCount.count), func.sum(FunnelCount.amount_minor))  # type: ignore[call-overload]
        .where(FunnelCount.campaign_id == campaign_id, FunnelCount.by == by, *of_cohort(cohort))
        .group_by(*columns)
    ):
        name = part if isinstance(part, str) else part.isoformat()
        found.setdefault(name, Sums()).add(stage, currency, int(count), int(amount))
        told = rest.setdefault((stage, currency), [0, 0])
        told[0] -= int(count)
        told[1] -= int(amount)
    if by != HOUR:
        _add_the_others(session, campaign_id, cohort, rest, found)
    return found


def _add_the_others(
    session: Session,
    campaign_id: int,
    cohort: Cohort | None,
    rest: dict[tuple[str, str], list[int]],
    found: dict[str, Sums],
) -> None:
    """What has no value is what is left of the whole."""
    for stage, currency, count, amount in session.exec(
        select(FunnelCount.stage, FunnelCount.currency, func.sum(FunnelCount.count), func.sum(FunnelCount.amount_minor))
        .where(FunnelCount.campaign_id == campaign_id, FunnelCount.by == HOUR, *of_cohort(cohort))
        .group_by(FunnelCount.stage, FunnelCount.currency)
    ):
        told = rest.get((stage, currency), [0, 0])
        left = int(count) + told[0], int(amount) + told[1]
        if left != (0, 0):
            found.setdefault("", Sums()).add(stage, currency, *left)


def _row(value: str, sums: Sums) -> BreakdownRow:
    return BreakdownRow(value, sums.counts, sums.revenue, sums.taken_back, sums.cost, sums.fragments)


def read_spread(session: Session, campaign_id: int, by: str) -> Mapping[tuple[str, str], int]:
    """{(stage, value): messages} of one of `linksvc.tallies.SPREADS`, of the whole campaign."""
    found = session.exec(
        select(FunnelCount.stage, FunnelCount.value, FunnelCount.count).where(
            FunnelCount.campaign_id == campaign_id, FunnelCount.by == by, col(FunnelCount.count) != 0
        )
    )
    return {(stage, value): count for stage, value, count in found}


@dataclass(frozen=True, slots=True)
class Moment:
    """How many got to a stage in the quarter of an hour from `bucket` on, UTC; of money, how much in which currency."""

    bucket: datetime
    stage: str
    currency: str
    count: int
    amount_minor: int


def read_timeline(
    session: Session,
    campaign_id: int,
    stages: Collection[str],
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[Moment]:
    """What happened from one moment until before another, in the order of time, without quarters in which nothing did."""
    columns = (TimelineCount.bucket, TimelineCount.stage, TimelineCount.currency)
    statement = select(*columns, TimelineCount.count, TimelineCount.amount_minor).where(  # type: ignore[call-overload]
        TimelineCount.campaign_id == campaign_id, col(TimelineCount.stage).in_(stages), col(TimelineCount.count) != 0
    )
    if since:
        statement = statement.where(col(TimelineCount.bucket) >= since)
    if until:
        statement = statement.where(col(TimelineCount.bucket) < until)
    return [Moment(*row) for row in session.exec(statement.order_by(*columns))]
