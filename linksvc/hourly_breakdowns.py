"""A breakdown by hour of submission as a zone's clocks show it: the quarters of the counters put together. Called by the
API and the pages."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from linksvc.breakdowns import Breakdown, BreakdownRow
from linksvc.local_steps import end_of, start_of
from linksvc.money import Money
from linksvc.sums import Cost


@dataclass(frozen=True, slots=True)
class HourRow:
    """The figures of the messages submitted from `since` until before `until`; one never submitted is in it by when it was
    made."""

    since: datetime
    until: datetime
    row: BreakdownRow


def hours_of(breakdown: Breakdown, zone: ZoneInfo) -> tuple[HourRow, ...]:
    """The rows of a breakdown by hour, an hour of the zone each, in the order of time; hours without a message have none."""
    quarters = [(start_of(datetime.fromisoformat(row.value), "hour", zone), row) for row in breakdown.rows]
    return tuple(
        HourRow(start, end_of(start, "hour", zone), merge_rows(start.isoformat(), (row for _, row in of_it)))
        for start, of_it in groupby(sorted(quarters, key=lambda one: one[0]), key=lambda one: one[0])
    )


def merge_rows(value: str, rows: Iterable[BreakdownRow]) -> BreakdownRow:
    """One row with the sums of several."""
    rows = tuple(rows)
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.counts)
    names = rows[0].counts if rows else counts
    return BreakdownRow(
        value,
        {name: counts[name] for name in names},
        _money(money for row in rows for money in row.revenue),
        _money(money for row in rows for money in row.taken_back),
        _cost(cost for row in rows for cost in row.cost),
        sum(row.fragments for row in rows),
    )


def _money(amounts: Iterable[Money]) -> tuple[Money, ...]:
    sums: Counter[str] = Counter()
    for money in amounts:
        sums[money.currency] += money.amount_minor
    return tuple(Money(sums[currency], currency) for currency in sorted(sums))


def _cost(costs: Iterable[Cost]) -> tuple[Cost, ...]:
    micros: Counter[str] = Counter()
    fragments: Counter[str] = Counter()
    for cost in costs:
        micros[cost.currency] += cost.micros
        fragments[cost.currency] += cost.fragments
    return tuple(Cost(micros[currency], currency, fragments[currency]) for currency in sorted(micros))
