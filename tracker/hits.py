"""A hit as it lies in the spool: what the redirect writes and ingest reads, and all that a verdict may look at."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

FORMAT = 2
"""The first element of a packed hit; a reader refuses what it does not know."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SpooledHit:
    """A request for a known link. n is None where the recipient did not consent to tracking."""

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
    headers: dict[str, str] = field(default_factory=dict)
    """What else a verdict looks at: see `tracker.requests`."""
    outcome: str = "redirected"
    """What was answered: redirected, early (before the link's time) or expired."""

    def pack(self) -> bytes:
        return orjson.dumps(
            [
                FORMAT,
                (self.occurred_at - _EPOCH) // _MICROSECOND,
                self.campaign_id,
                self.link_id,
                self.n,
                self.method,
                self.network,
                self.user_agent,
                self.referrer,
                self.language,
                self.headers,
                self.outcome,
            ]
        )


def unpack(payload: bytes) -> SpooledHit:
    """The hit as it was packed. Raises ValueError for anything else."""
    match orjson.loads(payload):
        case [
            2,
            int(micros),
            int(campaign_id),
            int(link_id),
            (int() | None) as n,
            str(method),
            str(network),
            str(user_agent),
            str(referrer),
            str(language),
            dict(headers),
            str(outcome),
        ]:
            try:
                occurred_at = _EPOCH + micros * _MICROSECOND
            except OverflowError as error:
                raise ValueError("a hit at no time") from error
            return SpooledHit(
                occurred_at, campaign_id, link_id, n, method, network, user_agent, referrer, language, headers, outcome
            )
    raise ValueError("a hit of unknown format")
