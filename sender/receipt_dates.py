"""Dates in receipts: ten, twelve or fourteen digits, with an offset or in the SMSC's own time. For `sender.receipts`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_OFFSET = r"(?:\s?(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?|(?P<utc>Z))?"
_DIGITS = re.compile(rf"(?P<digits>[0-9]{{10}}(?:[0-9]{{2}}){{0,2}}){_OFFSET}(?![0-9+-])", re.IGNORECASE)
_ABSOLUTE = re.compile(r"(?P<digits>[0-9]{12})[0-9](?P<quarters>[0-9]{2})(?P<sign>[+-])(?![0-9])")
"""As SMPP writes times (v3.4, 7.1.1): tenths of a second, and quarters of an hour from Greenwich."""
_ISO = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9]{2}:[0-9]{2}(?P<seconds>:[0-9]{2})?)(?:\.[0-9]+)?" + _OFFSET,
    re.IGNORECASE,
)

_FORMATS = {10: ("%y%m%d%H%M",), 12: ("%y%m%d%H%M%S", "%Y%m%d%H%M"), 14: ("%Y%m%d%H%M%S",)}
_FIRST_YEAR, _LAST_YEAR = 1990, 2100


@dataclass(frozen=True, slots=True)
class ToldDate:
    """A date as it was told, in UTC; `with_seconds`: they were told too."""

    at: datetime
    with_seconds: bool


def read_date(told: str, zone: str, received_at: datetime) -> ToldDate | None:
    """The date nearest to its arrival, of those that its digits may mean: twelve are YYMMDDhhmmss or YYYYMMDDhhmm, and an
    hour may come twice a year. `zone`: IANA, of dates without an offset. None for what is no date, such as zeros."""
    dates = _dates(told, zone)
    return min(dates, key=lambda date: abs(date.at - received_at)) if len(dates) > 1 else next(iter(dates), None)


@lru_cache(maxsize=1_024)
def _dates(told: str, zone: str) -> tuple[ToldDate, ...]:
    """What the date may mean. Receipts of one minute mostly tell the same ones."""
    readings = _readings(told)
    # An hour that comes once is told once.
    return tuple(
        dict.fromkeys(
            date for local, seconds, offset in readings for date in _moments(local, seconds, offset or _zone(zone))
        )
    )


def _readings(told: str) -> Iterator[tuple[datetime, bool, tzinfo | None]]:
    """What the date may mean: the time on the SMSC's clock, whether seconds were told, and its offset if one was."""
    if match := _ABSOLUTE.match(told):
        quarters = timedelta(minutes=15) * int(match["sign"] + match["quarters"])
        yield from _parsed(match["digits"], ("%y%m%d%H%M%S",), quarters)
    elif match := _DIGITS.match(told):
        yield from _parsed(match["digits"], _FORMATS[len(match["digits"])], _offset(match))
    elif match := _ISO.match(told):
        format = "%Y-%m-%d %H:%M:%S" if match["seconds"] else "%Y-%m-%d %H:%M"
        yield from _parsed(f"{match['day']} {match['time']}", (format,), _offset(match))


def _parsed(
    digits: str, formats: tuple[str, ...], offset: timedelta | None
) -> Iterator[tuple[datetime, bool, tzinfo | None]]:
    for format in formats:
        try:
            local = datetime.strptime(digits, format)  # noqa: DTZ007 - its zone comes next.
            zone = None if offset is None else timezone(offset)
        except ValueError:
            continue
        if _FIRST_YEAR <= local.year < _LAST_YEAR:
            yield local, format.endswith("%S"), zone


def _offset(match: re.Match[str]) -> timedelta | None:
    if match["utc"]:
        return timedelta()
    if not match["sign"]:
        return None
    size = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    return -size if match["sign"] == "-" else size


def _moments(local: datetime, with_seconds: bool, zone: tzinfo) -> Iterator[ToldDate]:
    for fold in (0, 1):
        yield ToldDate(local.replace(tzinfo=zone, fold=fold).astimezone(UTC), with_seconds)


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)
