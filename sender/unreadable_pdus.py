"""What is logged of PDUs that cannot be read: the first at once, then a count once a minute, so that an SMSC that garbles
everything does not fill the log. For `sender.session`."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from sender.pdus import UnreadablePdu

log = structlog.get_logger()

EVERY_S = 60.0


@dataclass(slots=True)
class UnreadablePdus:
    """Those of all sessions of a process: one that breaks and comes again does not begin anew."""

    clock: Callable[[], float] = time.monotonic
    _told_at: float | None = None
    _untold: int = 0

    def note(self, error: UnreadablePdu) -> None:
        """Counts one, and logs it if none was for a minute, with how many came since."""
        self._untold += 1
        now = self.clock()
        if self._told_at is not None and now - self._told_at < EVERY_S:
            return
        log.warning(
            "PDUs could not be read", action="unreadable", count=self._untold, status=int(error.status), error=str(error)
        )
        self._told_at, self._untold = now, 0

    def tell_rest(self) -> None:
        """Logs how many came since the last word, once it is a minute old."""
        if self._untold and self._told_at is not None and self.clock() - self._told_at >= EVERY_S:
            log.warning("PDUs could not be read", action="unreadable", count=self._untold)
            self._told_at, self._untold = self.clock(), 0
