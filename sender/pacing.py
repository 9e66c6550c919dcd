"""How fast a bind may go: a pace in fragments a second, and a window of submissions whose answers are not stored yet.

`Pacer` is a bind's own pace. `SharedPacer` is this process's share of a campaign's, which `sender.shares` grants.
"""

import asyncio
from collections.abc import Sequence
from math import inf
from threading import Lock
from typing import Protocol

BURST_S = 0.03
"""How far a late timer may be made up for. In any second at most 1.03 x the rate + 1 fragments leave."""

SLOWEST = 1 / 64
RECOVERY_S = 4.0
"""A pace that was slowed down doubles in this time until it is whole again."""


LONGEST_NAP_S = 0.05
"""A pace may change while it is waited for."""


class Pace(Protocol):
    def ready_at(self, now: float) -> float:
        """When the next fragment may leave, by the event loop's time; infinite while nobody can tell."""

    def take(self, now: float) -> None:
        """Counts a fragment that leaves now."""


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

    def ready_at(self, now: float) -> float:  # noqa: ARG002 - as every Pace
        return self._due - BURST_S

    def take(self, now: float) -> None:
        self._due = max(self._due, now) + 1 / self.rate(now)

    def slow_down(self, now: float) -> None:
        """Takes one fragment a second off the rate for one that was refused for the moment: an SMSC that refuses half of
        them gets half of them within a second, and one that refuses a few at random is hardly slowed down at all."""
        rate = self.rate(now)
        self._slowness = max(SLOWEST, max(rate - 1, rate / 2) / self.rate_per_s)
        self._slowed_at = now


class SharedPacer:
    """A pace that is granted for a while and may change at any moment, in any thread; without a grant nothing may leave.

    Whatever the rate was: between two fragments the rates of all moments add up to one, less the burst.
    """

    def __init__(self) -> None:
        self.rate_per_s = 0.0
        self._burst_s = 0.0
        self._until = -inf
        self._left = 0.0
        """Of the fragment that left last: how much of it the rate has not made up for yet, at the moment `_at`."""
        self._at = 0.0
        self._lock = Lock()

    def grant(self, now: float, rate_per_s: float, burst_s: float, until: float) -> None:
        """From now on this rate, until then."""
        with self._lock:
            self._settle(now)
            self.rate_per_s, self._burst_s, self._until = rate_per_s, burst_s, until

    def ready_at(self, now: float) -> float:
        with self._lock:
            if now >= self._until or not self.rate_per_s:
                return inf
            return self._at + self._left / self.rate_per_s - self._burst_s

    def take(self, now: float) -> None:
        with self._lock:
            self._settle(now)
            self._left += 1.0

    def _settle(self, now: float) -> None:
        self._left = max(0.0, self._left - max(0.0, now - self._at) * self.rate_per_s)
        self._at = max(self._at, now)


async def pace(pacers: Sequence[Pace], until: float = inf) -> bool:
    """Waits until every one of the paces lets a fragment go, and counts it. False if that is not before `until`."""
    loop = asyncio.get_running_loop()
    while (now := loop.time()) < until:
        wait = max(pacer.ready_at(now) for pacer in pacers) - now
        if wait <= 0:
            for pacer in pacers:
                pacer.take(now)
            return True
        await asyncio.sleep(min(wait, until - now, LONGEST_NAP_S))
    return False


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
