"""How fast a bind may go: a pace in fragments a second, and a window of submissions whose answers are not stored yet."""

import asyncio
from collections.abc import Sequence

BURST_S = 0.03
"""How far a late timer may be made up for. In any second at most 1.03 x the rate + 1 fragments leave."""

SLOWEST = 1 / 64
RECOVERY_S = 4.0
"""A pace that was slowed down doubles in this time until it is whole again."""


class Pacer:
    """A pace (the generic cell rate algorithm, ITU-T I.371): each fragment moves the moment at which the next one is due."""

    def __init__(self, rate_per_s: float) -> None:
        self.rate_per_s = rate_per_s
        self._due = 0.0
        self._slowness = 1.0
        self._slowed_at = float("-inf")

    def rate(self, now: float) -> float:
        """The present rate, a second. `now` is the event loop's time."""
        if self._slowness == 1.0:
            return self.rate_per_s
        return self.rate_per_s * min(1.0, self._slowness * 2 ** min((now - self._slowed_at) / RECOVERY_S, 10.0))

    def ready_at(self) -> float:
        """When the next fragment may leave."""
        return self._due - BURST_S

    def take(self, now: float) -> None:
        """Counts a fragment that leaves now."""
        self._due = max(self._due, now) + 1 / self.rate(now)

    def slow_down(self, now: float) -> None:
        """Takes one fragment a second off the rate for one that was refused for the moment: an SMSC that refuses half of
        them gets half of them within a second, and one that refuses a few at random is hardly slowed down at all."""
        rate = self.rate(now)
        self._slowness = max(SLOWEST, max(rate - 1, rate / 2) / self.rate_per_s)
        self._slowed_at = now


async def pace(pacers: Sequence[Pacer]) -> None:
    """Waits until every one of the paces lets a fragment go, and counts it."""
    loop = asyncio.get_running_loop()
    while (wait := max(pacer.ready_at() for pacer in pacers) - loop.time()) > 0:
        await asyncio.sleep(wait)
    for pacer in pacers:
        pacer.take(loop.time())


class Window:
    """The fragments that were marked and whose outcome is not stored: what a crash would leave unknown, at most `size`.

    A message of more fragments than that is marked when the window is empty, and is the only one in it.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0

    def has_room_for(self, count: int) -> bool:
        return self.taken + count <= self.size or self.taken == 0

    def take(self, count: int) -> None:
        self.taken += count

    def give_back(self, count: int = 1) -> None:
        self.taken -= count
