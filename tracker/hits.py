"""A hit as it lies in the spool: what the redirect writes and ingest reads, and all that a verdict may look at."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import orjson

FORMAT = 2
"""The first element of a packed hit; a reader refuses what it does not know."""

_SHAPES = {(int, int, int, int, n, str, str, str, str, str, dict, str) for n in (int, type(None))}
"""The types of a packed hit's elements."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class SpooledHit(NamedTuple):
    """A request for a known link. n is None where the recipient did not consent to tracking.

    A tuple, for ingest makes 20,000 a second: a frozen dataclass of as many fields costs ten times as much.
    """

    occurred_at: datetime
    campaign_id: int
    link_id: int
    n: int | None
    method: str
    network: str
    """The caller's /24 or /48."""
    user_agent: str = ""
    referrer: str = ""
    language: str = ""
    headers: dict[str, str] = {}  # noqa: RUF012
    """What else a verdict looks at: see `tracker.requests`. Nobody changes it."""
    outcome: str = "redirected"
    """What was answered: redirected, early (before the link's time) or expired."""

    def pack(self) -> bytes:
        return pack(*self)


def pack(occurred_at: datetime, *rest: int | str | dict[str, str] | None) -> bytes:
    """A hit's bytes, from its fields in their order: a redirect has no need of the hit itself."""
    return orjson.dumps([FORMAT, (occurred_at - _EPOCH) // _MICROSECOND, *rest])


def unpack(payload: bytes) -> SpooledHit:
    """The hit as it was packed. Raises ValueError for anything else."""
    found = orjson.loads(payload)
    if not isinstance(found, list) or tuple(map(type, found)) not in _SHAPES or found[0] != FORMAT:
        raise ValueError("a hit of unknown format")
    try:
        occurred_at = _EPOCH + timedelta(microseconds=found[1])
    except OverflowError as error:
        raise ValueError("a hit at no time") from error
    return SpooledHit(occurred_at, *found[2:])
