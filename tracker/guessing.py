"""What a tracker takes for guessing of links, and how slow a network gets that guesses. Asked with every request; the
counting is `linksvc.guessing`."""

import time
from collections.abc import Callable

import structlog

from linksvc.guessing import Guessing, Patience

log = structlog.get_logger()

LEAST_MISSES = 20
"""Within a window: fewer are typing mistakes, or a campaign's link that was copied badly."""

GUESSING_SHARE = 0.5
"""Of a network's requests lead nowhere. Thousands of phones share a carrier's addresses, and a few bad links are theirs."""

BUCKET_PER_S = 5.0
BUCKET_SIZE = 50.0
"""Generous to people behind the same addresses; at this rate guessing one of a million links takes decades."""


def watch_networks(monotonic: Callable[[], float] = time.monotonic) -> Guessing:
    """One per tracker process. A network is a /24 or a /64, as text; empty where it is not known."""
    return Guessing(Patience(LEAST_MISSES, GUESSING_SHARE, BUCKET_PER_S, BUCKET_SIZE), _say, monotonic)


def _say(network: str, alarms: int) -> None:
    log.warning("a network guesses codes and is slowed down", action="guessing", network=network, alarms=alarms)
