"""How much room the spool may still take: the bound over its directory. Asked by the spool before each commit.

All trackers of a host share the directory and its bound. None scans it for a hit: a measurement holds for a second, and
what this process writes meanwhile is added to it. So the directory overshoots its bound at most by what the other trackers
write within a second.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tracker.segments import SUFFIX

MEASURED_EVERY_S = 1.0


class SpoolRoom:
    """`max_bytes` bounds the segments of a directory together; what was set aside is not counted, for ingest could not
    make room of it."""

    def __init__(self, directory: Path, max_bytes: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._monotonic = monotonic
        self._used = 0
        self._measured_until = float("-inf")

    def take(self, size: int) -> bool:
        """Whether `size` bytes more may be written; they count from now on. Raises OSError where nobody can tell."""
        if self._monotonic() >= self._measured_until:
            self._used = segments_bytes(self._directory)
            self._measured_until = self._monotonic() + MEASURED_EVERY_S
        if self._used + size > self._max_bytes:
            return False
        self._used += size
        return True


def segments_bytes(directory: Path) -> int:
    """How much the segments of a directory hold together; 0 if there is no such directory."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX):
                # An ingester may have dropped it since it was listed.
                with suppress(FileNotFoundError):
                    total += entry.stat().st_size
    return total
