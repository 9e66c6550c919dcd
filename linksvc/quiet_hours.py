"""Quiet hours: from when on somebody may be written to, by the rules of their country (`linksvc.country_hours`) and the
clocks of their zone. Called by the sender's last checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from linksvc.country_hours import CountryHours, hours_of
from linksvc.schedules import instant

QUIET_HOURS, HOLIDAY = "quiet_hours", "holiday"

_DAYS = 8
"""No country closes longer at a stretch."""

_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Keeps:
    """What a workspace keeps to: the hours of a day and week, holidays, or both."""

    hours: bool = True
    holidays: bool = True


@dataclass(frozen=True, slots=True)
class Opening:
    """The next moment at which people may be written to, in UTC, and why not before: holiday if it would be sooner without
    one, else quiet_hours; empty: it is now."""

    at: datetime
    reason: str


EVERYTHING = Keeps()


def next_opening(country: str, zones: Sequence[ZoneInfo], kind: str, at: datetime, keeps: Keeps = EVERYTHING) -> Opening:
    """From when on a campaign of that kind may write to somebody who is in one of these zones: when it may in all of them.
    Where they are never open together the first of them decides."""
    hours = hours_of(country)
    if kind not in hours.kinds or not (keeps.hours or keeps.holidays):
        return Opening(at, "")
    first = _opening(hours, zones[0], at, keeps)
    moment, reason = first.at, first.reason
    for _ in range(_ROUNDS):
        later = [_opening(hours, zone, moment, keeps) for zone in zones]
        last = max(later, key=lambda one: one.at)
        if last.at == moment:
            return Opening(moment, reason)
        moment, reason = last.at, reason or last.reason
    return first


def _opening(hours: CountryHours, zone: ZoneInfo, at: datetime, keeps: Keeps) -> Opening:
    today, reason = at.astimezone(zone).date(), QUIET_HOURS
    for ahead in range(_DAYS + 1):
        day = today + timedelta(days=ahead)
        window = _window(hours, zone, day, keeps)
        if window is None or at >= window[1]:
            continue
        if keeps.holidays and hours.holiday(day):
            reason = HOLIDAY
            continue
        opens = max(at, window[0])
        return Opening(opens, reason if opens > at else "")
    return Opening(at, "")


def _window(hours: CountryHours, zone: ZoneInfo, day: date, keeps: Keeps) -> tuple[datetime, datetime] | None:
    """From when until when (exclusive) that day is open, if it is no holiday; None: not at all."""
    if not keeps.hours:
        return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    window = hours.week[day.weekday()]
    if window is None:
        return None
    opens, closes = window
    return instant(datetime.combine(day, opens), zone), instant(datetime.combine(day, closes), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return instant(datetime.combine(day, time()), zone)
