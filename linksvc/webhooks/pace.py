"""How much is sent at once, and to whom: each endpoint has a window that grows while it answers and closes while it does
not, and no endpoint takes the room of the others. Kept in memory, by `ricochet.webhook_sender`."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from linksvc.webhooks.queue import Receiver

TOGETHER_MOST = 100
"""Requests under way at once, of one process."""

OF_ONE_MOST = 10
"""The widest window."""

_FIRST = 2

REST_S = 0.5
REST_MOST_S = 30.0
"""How long an endpoint is left alone after a failure; twice as long after each further one. Its events wait, and their own
tries are not used up."""

FORGOTTEN_AFTER_S = 600.0


@dataclass(slots=True)
class _Pace:
    """`window`: how many requests may be under way; `failures`: how many failed in a row."""

    window: int = _FIRST
    under_way: int = 0
    failures: int = 0
    rests_until: float = 0.0
    seen_at: float = 0.0


@dataclass(slots=True)
class Paces:
    """All times are those of a monotonic clock, in seconds."""

    _paces: dict[Receiver, _Pace] = field(default_factory=dict)

    @property
    def under_way(self) -> int:
        return sum(pace.under_way for pace in self._paces.values())

    def share_out(self, waiting: Iterable[Receiver], at: float) -> dict[Receiver, int]:
        """How many events each of the waiting endpoints may be sent now: those with the fewest under way first."""
        self._forget(at)
        ready = [receiver for receiver in waiting if self._of(receiver, at).rests_until <= at]
        busy = {receiver for receiver, pace in self._paces.items() if pace.under_way} | set(ready)
        share = max(1, TOGETHER_MOST // max(1, len(busy)))
        free = TOGETHER_MOST - self.under_way
        room: dict[Receiver, int] = {}
        for receiver in sorted(ready, key=lambda one: self._paces[one].under_way):
            pace = self._paces[receiver]
            if (given := min(min(pace.window, share) - pace.under_way, free)) > 0:
                room[receiver] = given
                free -= given
        return room

    def begin(self, receiver: Receiver, at: float) -> None:
        self._of(receiver, at).under_way += 1

    def end(self, receiver: Receiver, delivered: bool | None, at: float) -> None:
        """`delivered` None: it was not tried to its end."""
        pace = self._of(receiver, at)
        pace.under_way -= 1
        if delivered:
            pace.window, pace.failures = min(OF_ONE_MOST, pace.window + 1), 0
        elif delivered is False:
            pace.window, pace.failures = max(1, pace.window // 2), pace.failures + 1
            pace.rests_until = at + min(REST_MOST_S, REST_S * 2 ** min(pace.failures - 1, 10))

    def _of(self, receiver: Receiver, at: float) -> _Pace:
        pace = self._paces.setdefault(receiver, _Pace())
        pace.seen_at = at
        return pace

    def _forget(self, at: float) -> None:
        """Endpoints come and go; those that nothing was due for in a while begin anew."""
        self._paces = {
            receiver: pace
            for receiver, pace in self._paces.items()
            if pace.under_way or pace.seen_at > at - FORGOTTEN_AFTER_S
        }
