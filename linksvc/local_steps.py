"""Quarters, hours, days and months as clocks of a zone show them, as moments of UTC. Called by timelines, breakdowns by
hour and trends.

A day on which clocks are set forward has 23 hours, one on which they are set back 25; the hour that comes twice is two
hours, told apart by their distance from UTC. Every zone is whole quarters of an hour off UTC, so a step is whole counters.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from linksvc.clock import BUCKET, bucket_of

Step = Literal["quarter", "hour", "day"]

STEPS: tuple[Step, ...] = ("quarter", "hour", "day")


def start_of(moment: datetime, step: Step, zone: ZoneInfo) -> datetime:
    """When the step that holds a moment began."""
    if step == "day":
        return midnight(moment.astimezone(zone).date(), zone)
    start = bucket_of(moment.astimezone(UTC))
    while step == "hour" and _hour(start - BUCKET, zone) == _hour(start, zone):
        start -= BUCKET
    return start


def end_of(start: datetime, step: Step, zone: ZoneInfo) -> datetime:
    """When the step that began then is over."""
    if step == "day":
        return midnight(start.astimezone(zone).date() + timedelta(days=1), zone)
    end = start + BUCKET
    while step == "hour" and _hour(end, zone) == _hour(start, zone):
        end += BUCKET
    return end


def steps_between(since: datetime, until: datetime, step: Step, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The steps from the one that holds `since` to the one that ends at or after `until`: when each began and was over."""
    start = start_of(since, step, zone)
    while start < until:
        end = end_of(start, step, zone)
        yield start, end
        start = end


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins: where clocks are set over midnight, the moment they are; where it comes twice, the first."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def month_of(moment: datetime, zone: ZoneInfo) -> date:
    """The first day of the local month that holds a moment."""
    return moment.astimezone(zone).date().replace(day=1)


def month_after(month: date, by: int = 1) -> date:
    """The first day of the month so many later; before it, if below 0."""
    years, place = divmod(month.month - 1 + by, 12)
    return date(month.year + years, place + 1, 1)


def _hour(moment: datetime, zone: ZoneInfo) -> tuple[date, int, timedelta | None]:
    local = moment.astimezone(zone)
    return local.date(), local.hour, local.utcoffset()
