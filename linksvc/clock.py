"""The clock, passed in wherever time matters, so that tests can hold it still."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Returns the present time, aware, in UTC."""

BUCKET = timedelta(minutes=15)
"""The width of a counter's time bucket."""


def now() -> datetime:
    return datetime.now(UTC)


def bucket_of(moment: datetime) -> datetime:
    """The start of the 15-minute bucket that holds `moment`."""
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)
