"""Who guesses codes is slowed down: alarms and throttling by network. Asked by the redirect with every request.

A network most of whose requests lead nowhere is guessing. All of its requests then pass one token bucket, those for links
that exist like the others: otherwise a guesser would go on at full speed and only the misses would be held back. What is
over is answered 429 without a look at the code, so an answer tells nothing. Other networks notice nothing.

The window slides by halves: the present minute counts whole, the one before by the part of it that still lies within.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

WINDOW_S = 60.0
LEAST_MISSES = 20
"""Within a window: fewer are typing mistakes, or a campaign's link that was copied badly."""

GUESSING_SHARE = 0.5
"""Of a network's requests lead nowhere. Thousands of phones share a carrier's addresses, and a few bad links are theirs."""

BUCKET_PER_S = 5.0
BUCKET_SIZE = 50.0
"""Generous to people behind the same addresses; at this rate guessing one of a million links takes decades."""

MOST_NETWORKS = 20_000
"""Networks that are remembered, those with misses only; the longest unseen is forgotten first. A few megabytes."""

SAID_EVERY_S = 10.0


@dataclass(slots=True)
class _Network:
    began: float
    """When the present window began."""
    missed: int = 0
    seen: int = 0
    missed_before: int = 0
    seen_before: int = 0
    tokens: float = BUCKET_SIZE
    filled_at: float = 0.0


class Guessing:
    """One per tracker process. A network is a /24 or a /64, as text; empty where it is not known."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.alarms = 0
        self.refused = 0
        """Answers of 429, since the start."""
        self._monotonic = monotonic
        self._networks: OrderedDict[str, _Network] = OrderedDict()
        self._held: set[str] = set()
        self._silent_until = float("-inf")

    @property
    def throttled(self) -> int:
        """Networks held back now; those that have stopped guessing are let go."""
        now = self._monotonic()
        for network in tuple(self._held):
            self._weigh(network, self._networks[network], now)
        return len(self._held)

    def holds(self, network: str) -> bool:
        """Whether a network is held back, for all one knew when it was last looked at."""
        return network in self._held

    def refuses(self, network: str) -> bool:
        """Whether this request is one too many; counts it if so."""
        if network not in self._held:
            return False
        now, known = self._monotonic(), self._networks[network]
        # Whoever goes on is not forgotten, however many other networks miss meanwhile.
        self._networks.move_to_end(network)
        self._weigh(network, known, now)
        if network not in self._held:
            return False
        known.tokens = min(BUCKET_SIZE, known.tokens + (now - known.filled_at) * BUCKET_PER_S)
        known.filled_at = now
        if known.tokens >= 1:
            known.tokens -= 1
            return False
        self.refused += 1
        return True

    def found(self, network: str) -> None:
        """A request led somewhere. Only networks with misses are counted."""
        if known := self._networks.get(network):
            self._slide(known, self._monotonic())
            known.seen += 1

    def missed(self, network: str) -> None:
        """A request led nowhere."""
        now = self._monotonic()
        known = self._networks.get(network)
        if known is None:
            known = self._networks[network] = _Network(now)
            if len(self._networks) > MOST_NETWORKS:
                forgotten, _ = self._networks.popitem(last=False)
                self._held.discard(forgotten)
        self._networks.move_to_end(network)
        self._slide(known, now)
        known.seen += 1
        known.missed += 1
        self._weigh(network, known, now)

    def _slide(self, known: _Network, now: float) -> None:
        windows = int((now - known.began) // WINDOW_S)
        if windows:
            known.missed_before, known.seen_before = (known.missed, known.seen) if windows == 1 else (0, 0)
            known.missed = known.seen = 0
            known.began += windows * WINDOW_S

    def _weigh(self, network: str, known: _Network, now: float) -> None:
        self._slide(known, now)
        within = 1 - (now - known.began) / WINDOW_S
        missed = known.missed + known.missed_before * within
        seen = known.seen + known.seen_before * within
        guessing = missed >= LEAST_MISSES and missed >= seen * GUESSING_SHARE
        if not guessing:
            self._held.discard(network)
        elif network not in self._held:
            self._held.add(network)
            known.tokens, known.filled_at = BUCKET_SIZE, now
            self.alarms += 1
            self._say(network, now)

    def _say(self, network: str, now: float) -> None:
        if now >= self._silent_until:
            self._silent_until = now + SAID_EVERY_S
            log.warning("a network guesses codes and is slowed down", action="guessing", network=network, alarms=self.alarms)
