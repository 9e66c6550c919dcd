"""A hit as it lies in the spool: what the redirect writes and ingest reads, and all that a verdict may look at."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import orjson

from linksvc.clock import micros_of, moment_of

FORMAT = 3
"""The first element of a packed hit; a reader refuses what it does not know."""

_EXACT_MICROS = 2**52
"""Of lesser times, until 2112, seconds as a float tell each microsecond; a datetime of them is made several times faster
than one of a difference."""


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
    """What was answered: redirected, early (before the link's time), expired or paid."""

    def pack(self) -> bytes:
        words = pack_words(self.user_agent, self.referrer, self.language, self.headers)
        return pack(micros_of(self.occurred_at), *self[1:6], words, self.outcome)


_new_hit: Callable[[tuple[Any, ...]], SpooledHit] = partial(tuple.__new__, SpooledHit)

Packed = orjson.Fragment
"""Words that are packed already."""


def pack_words(user_agent: str, referrer: str, language: str, headers: dict[str, str]) -> Packed:
    """What a request says of itself. Phones share a few thousand such words: a redirect packs each once."""
    return Packed(orjson.dumps([user_agent, referrer, language, headers]))


def pack(
    micros: int,
    campaign_id: int,
    link_id: int,
    n: int | None,
    method: str,
    network: str,
    words: Packed,
    outcome: str,
) -> bytes:
    """A hit's bytes: a redirect has no need of the hit itself. `micros` is when it occurred, as `micros_of` tells it."""
    return orjson.dumps([FORMAT, micros, campaign_id, link_id, n, method, network, words, outcome])


def unpack(payload: bytes) -> SpooledHit:
    """The hit as it was packed. Raises ValueError for anything else."""
    found = orjson.loads(payload)
    if type(found) is not list or len(found) != 9:
        raise ValueError("a hit of unknown format")
    # A chain of types takes half as long as to compare lists of them.
    version, micros, campaign_id, link_id, n, method, network, words, outcome = found
    numbers = type(version) is type(micros) is type(campaign_id) is type(link_id) is int and (n is None or type(n) is int)
    if not (numbers and type(method) is type(network) is type(outcome) is str and type(words) is list and version == FORMAT):
        raise ValueError("a hit of unknown format")
    if n is not None and n < 0:
        raise ValueError("a hit of a message that cannot be")
    if len(words) != 4:
        raise ValueError("a hit with words of unknown format")
    user_agent, referrer, language, headers = words
    if not (type(user_agent) is type(referrer) is type(language) is str and type(headers) is dict):
        raise ValueError("a hit with words of unknown format")
    if headers and set(map(type, headers.values())) != {str}:
        raise ValueError("a hit with headers of unknown format")
    at = _moment(micros)
    # As `SpooledHit` makes them, without a call of Python's for each.
    return _new_hit((at, campaign_id, link_id, n, method, network, user_agent, referrer, language, headers, outcome))


def _moment(micros: int) -> datetime:
    if 0 <= micros < _EXACT_MICROS:
        return datetime.fromtimestamp(micros / 1_000_000, UTC)
    try:
        return moment_of(micros)
    except OverflowError as error:
        raise ValueError("a hit at no time") from error
