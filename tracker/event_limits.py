"""How much pages may tell: of one visit, and from one network. Asked by `tracker.page_events` before anything is kept.

What a page tells is small and rare; who sends more has another reason. Both limits are generous to people: thousands of
phones share a carrier's network, and after a campaign they come together.
"""

import time
from collections.abc import Callable
from uuid import UUID

from linksvc.errors import TooManyRequests
from linksvc.token_buckets import Quota, TokenBuckets

VISIT = Quota("what one visit may tell", 60, 60)
NETWORK = Quota("what one network may tell", 12_000, 60)


class EventLimits:
    """One per tracker process. Those who were seen longest ago are forgotten first, so memory stays bounded."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._visits = TokenBuckets(VISIT, monotonic)
        self._networks = TokenBuckets(NETWORK, monotonic)

    @property
    def remembered(self) -> int:
        """Visits and networks that are remembered."""
        return len(self._visits) + len(self._networks)

    def pass_network(self, subnet: str) -> None:
        """Raises TooManyRequests."""
        _pass(self._networks, subnet, "This network tells too much at once.")

    def pass_visit(self, segment: UUID, position: int) -> None:
        """Raises TooManyRequests."""
        _pass(self._visits, f"{segment}:{position}", "This page tells too much at once.")


def _pass(buckets: TokenBuckets, subject: str, said: str) -> None:
    if wait_s := buckets.take(subject).wait_s:
        raise TooManyRequests(
            f"{said} Nothing of this was kept; it may be sent again in {wait_s} seconds.",
            code="too_many_events",
            retry_after_s=wait_s,
        )
