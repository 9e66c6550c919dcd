"""Moments as people write them: to the second, or as a day of their own time zone. Called by offers and links."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from linksvc.errors import FieldError, InvalidRequest

_YEARS = range(2000, 3000)


def moment_of(field: str, given: datetime | date, zone: ZoneInfo, day: Literal["start", "end"]) -> datetime:
    """The moment in UTC; of a day alone its local start or end. Raises InvalidRequest outside the years 2000 to 2999, and
    for a time of day without its distance from UTC."""
    if given.year not in _YEARS:
        raise _wrong(field, f"A year from {_YEARS[0]} to {_YEARS[-1]}.")
    if not isinstance(given, datetime):
        return datetime.combine(given + timedelta(days=day == "end"), time(), zone).astimezone(UTC)
    if given.tzinfo is None:
        raise _wrong(field, "A time of day is told with its zone: 2026-11-27T08:00:00Z or 2026-11-27T09:00+01:00.")
    return given.astimezone(UTC)


def _wrong(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field} cannot be used. {message}", errors=(FieldError(field, message),))
