"""How long the sender waits for what, in one place, so that tests can hurry it. Handed down from `sender.worker`."""

import random
from dataclasses import dataclass, field

from sender.session import Timers


@dataclass(frozen=True)
class Backoff:
    """Waits that double from `first_s` to `longest_s`, each cut by up to half at random: many must not come at once."""

    first_s: float
    longest_s: float

    def wait_s(self, failures: int) -> float:
        """How long to wait after so many failures in a row (from 1)."""
        whole = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return whole * random.SystemRandom().uniform(0.5, 1.0)


@dataclass(frozen=True)
class Timing:
    """In seconds."""

    timers: Timers = field(default_factory=Timers)
    poll_s: float = 0.2
    """Between two looks for something to send, or for a change of the routes."""
    renew_s: float = 5.0
    """Between two renewals of a quiet bind's lease."""
    reconnect: Backoff = field(default_factory=lambda: Backoff(0.5, 30.0))
    retry: Backoff = field(default_factory=lambda: Backoff(1.0, 30.0))
    """After a refusal of a fragment for the moment."""
    probe_s: float = 10.0
    """Between two batches that a failing bind is tried with while other routes do its work."""
    steady_s: float = 10.0
    """A session that lasted this long was a good one: failures are counted anew."""
    drain_s: float = 10.0
    """How long answers are waited for when the sender is stopped."""
