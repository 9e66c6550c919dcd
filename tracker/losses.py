"""What becomes of a hit that cannot be kept: it is counted by reason, and its redirect goes on. Filled by the redirect."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum

import structlog

log = structlog.get_logger()

SAID_EVERY_S = 10.0


class Loss(StrEnum):
    """Why a hit may be missing; a closed set."""

    DISK_FULL = "disk_full"
    DISK_FAILED = "disk_failed"
    SPOOL_FULL = "spool_full"
    """The spool holds as much as RICOCHET_SPOOL_MAX_BYTES allows: nothing has stored its hits for long."""
    BACKLOG = "backlog"
    """The disk is so slow that too many hits wait for it already."""
    UNCONFIRMED = "unconfirmed"
    """The answer had to leave before the disk confirmed; the hit is most likely there."""
    INTERNAL = "internal"
    """A defect of ours while tracking."""


class Losses:
    """Counts losses, and says so in the log at once and then at most every ten seconds: a full disk meets many clicks."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._counts: Counter[Loss] = Counter()
        self._monotonic = monotonic
        self._silent_until = float("-inf")

    @property
    def counts(self) -> Mapping[Loss, int]:
        return dict(self._counts)

    def count(self, loss: Loss) -> None:
        self._counts[loss] += 1
        if self._monotonic() >= self._silent_until:
            self._silent_until = self._monotonic() + SAID_EVERY_S
            log.error("hits were not recorded", action="hit_lost", since_start={str(k): v for k, v in self._counts.items()})
