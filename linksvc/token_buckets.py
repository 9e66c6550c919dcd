"""How many requests somebody may make: a quota with a name, and a bucket for each who asks (`linksvc.api.limits`).

A bucket holds a whole window's requests and fills again evenly, so nobody who keeps to the quota on average is refused, and
a burst after a quiet time passes. Kept in memory: each process counts for itself.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_SUBJECTS = 20_000
"""Whose buckets are remembered; the longest unseen is forgotten first, and has a full one again. A few megabytes."""


@dataclass(frozen=True, slots=True)
class Quota:
    """`requests` in `window_s` seconds. `name` is what callers are told it by."""

    name: str
    requests: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a quota after a request."""

    quota: Quota
    remaining: int
    full_in_s: int
    """Until all of it is there again."""
    wait_s: int
    """0: the request may pass. Else it may not, and the next one may after so long."""


class TokenBuckets:
    """The buckets of one quota. Not for several threads at once."""

    def __init__(self, quota: Quota, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.quota = quota
        self._per_s = quota.requests / quota.window_s
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Tokens and when they were counted."""

    def __len__(self) -> int:
        """How many subjects are remembered."""
        return len(self._buckets)

    def take(self, subject: str) -> Standing:
        """Takes one request of the subject's, if it has one left."""
        now = self._monotonic()
        tokens, counted_at = self._buckets.get(subject, (float(self.quota.requests), now))
        tokens = min(float(self.quota.requests), tokens + (now - counted_at) * self._per_s)
        passes = tokens >= 1
        tokens -= passes
        self._buckets[subject] = (tokens, now)
        self._buckets.move_to_end(subject)
        if len(self._buckets) > MOST_SUBJECTS:
            self._buckets.popitem(last=False)
        full_in_s = math.ceil((self.quota.requests - tokens) / self._per_s)
        return Standing(self.quota, int(tokens), full_in_s, 0 if passes else math.ceil((1 - tokens) / self._per_s))
