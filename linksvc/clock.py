"""The clock, passed in wherever time matters, so that tests can hold it still."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Returns the present time, aware, in UTC."""

MicrosClock = Callable[[], int]
"""Returns the present time as `micros_of` tells it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

BUCKET = timedelta(minutes=15)
"""The width of a counter's time bucket."""


def now() -> datetime:
    return datetime.now(UTC)


def in_micros(clock: Clock) -> MicrosClock:
    """The same clock in microseconds. The machine's own makes no datetime for it, which would take six times as long."""
    return _machine_micros if clock is now else lambda: micros_of(clock())


def _machine_micros() -> int:
    return time.time_ns() // 1_000


def micros_of(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(micros: int) -> datetime:
    """The moment of so many microseconds since 1970. Raises OverflowError where the calendar ends."""
    return _EPOCH + micros * _MICROSECOND


def bucket_of(moment: datetime) -> datetime:
    """The start of the 15-minute bucket that holds `moment`."""
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)
