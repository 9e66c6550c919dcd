"""Looks at campaigns for all who have their pages open: one look a second at each, however many read it.

Used by `dashboards.pages.live_campaigns`. Nothing runs in the background: whoever comes first after the second looks, and
those who come meanwhile wait for what they find.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from anyio import Lock, to_thread

from dashboards.readings import Reading

LOOK_S = 1.0

Key = tuple[int, int]
"""A workspace and a campaign of it."""


@dataclass(slots=True)
class _Campaign:
    readers: int = 0
    lock: Lock = field(default_factory=Lock)
    looked_at: float = float("-inf")
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class SharedLooks:
    """`read` is called in a thread and may raise; whoever waits for it then looks anew."""

    read: Callable[[int, int], Reading]
    _campaigns: dict[Key, _Campaign] = field(default_factory=dict)

    @contextmanager
    def reader(self, key: Key) -> Iterator[None]:
        """Keeps the last reading as long as anybody reads it."""
        campaign = self._campaigns.setdefault(key, _Campaign())
        campaign.readers += 1
        try:
            yield
        finally:
            campaign.readers -= 1
            if not campaign.readers:
                del self._campaigns[key]

    async def look(self, key: Key) -> Reading:
        """The campaign as it was at most LOOK_S ago: the very same reading as long as nothing has changed."""
        campaign = self._campaigns[key]
        async with campaign.lock:
            if campaign.reading is None or monotonic() - campaign.looked_at >= LOOK_S:
                fresh = await to_thread.run_sync(self.read, *key)
                campaign.looked_at = monotonic()
                if fresh != campaign.reading:
                    campaign.reading = fresh
            assert campaign.reading is not None  # noqa: S101
            return campaign.reading
