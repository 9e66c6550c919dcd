"""Hours of the week as people live them: 0 is Monday from midnight to one, 167 Sunday's last, in a zone of their own.

Counters stand in 15-minute buckets of UTC. Every zone is whole quarters of an hour off UTC, so each bucket lies in one local
hour, on a night on which the clocks change too: where the hour from two to three comes twice, its eight buckets are counted
under it; where it is left out, nothing can be. Called by the charts and by whoever lists the rows behind one of their hours.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, case, cast, literal

from linksvc.moments import second_of
from linksvc.zone_names import zone_named

HOURS = 168

_ERA = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
"""The years whose clock changes are known to a query. Before and after, clocks stand as at its ends."""

_MONDAY = 72
"""Hours of the week that had passed at 1970-01-01T00:00Z, a Thursday."""


@dataclass(frozen=True, slots=True)
class ClockChange:
    """The clocks of a zone were set by `minutes` (forward if above 0) at a moment, on a local `day`."""

    day: date
    minutes: int
    at: datetime


def hour_of_week(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return local.weekday() * 24 + local.hour


def count_hours(buckets: Iterable[tuple[datetime, int]], zone: ZoneInfo) -> Counter[int]:
    """The counts of UTC buckets by local hour of the week."""
    hours: Counter[int] = Counter()
    for bucket, count in buckets:
        hours[hour_of_week(bucket, zone)] += count
    return hours


def clock_changes(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[ClockChange]:
    """The changes of a zone's clocks between two moments, both included."""
    moment, offset = since, since.astimezone(zone).utcoffset() or timedelta()
    while moment < until:
        later = min(moment + timedelta(days=1), until)
        other = later.astimezone(zone).utcoffset() or timedelta()
        if other != offset:
            at = _found(moment, later, zone)
            yield ClockChange(at.date(), round((other - offset).total_seconds() / 60), at.astimezone(UTC))
        moment, offset = later, other


def _found(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The local time at which the offset of `after` begins, to the minute."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after.astimezone(zone)


def stored_hour_of_week(moment: Any, zone: ZoneInfo) -> ColumnElement[int]:
    """`hour_of_week` of a stored moment, in SQL."""
    local = cast(second_of(moment), BigInteger) + _offset(moment, zone)
    hour: ColumnElement[int] = (local // literal(3_600, BigInteger) + _MONDAY) % HOURS
    return hour


def _offset(moment: ColumnElement[Any], zone: ZoneInfo) -> Any:
    """The seconds that the zone was off UTC at a stored moment."""
    first, *later = _offsets(zone)
    if not later:
        return literal(first[1], BigInteger)
    return case(*((moment >= at, offset) for at, offset in reversed(later)), else_=first[1])


def read_hours(text: str) -> tuple[ZoneInfo, tuple[int, ...]]:
    """A zone and hours of the week as addresses bear them: `Europe/Paris 38,39`. Raises ValueError."""
    name, _, told = text.partition(" ")
    hours = tuple(int(hour) for hour in told.split(","))
    if not set(hours) <= set(range(HOURS)):
        raise ValueError(text)
    zone = zone_named(name)
    if zone is None:
        raise ValueError(text)
    return zone, hours


def write_hours(zone: ZoneInfo, hours: Iterable[int]) -> str:
    return f"{zone.key} {','.join(map(str, hours))}"


@cache
def _offsets(zone: ZoneInfo) -> tuple[tuple[datetime, int], ...]:
    """From when on the zone is how many seconds off UTC."""
    starts = [_ERA[0], *(change.at for change in clock_changes(*_ERA, zone))]
    return tuple((start, round((start.astimezone(zone).utcoffset() or timedelta()).total_seconds())) for start in starts)
