"""When a delivery is tried again: soon, then ever later, for more than three days. After that somebody has to ask for it.

The steps are those that Standard Webhooks recommends. Each is drawn from a fifth around it, so that what failed together
does not come back together.
"""

import random
from datetime import datetime, timedelta

STEPS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after which try the next one comes."""

TRIES = len(STEPS) + 1

JITTER = 0.2

LONGEST_ASKED = timedelta(hours=24)
"""What a receiver may ask for by Retry-After; a longer time counts as this one."""


def next_try(tries: int, now: datetime, asked_s: float = 0.0) -> datetime | None:
    """When to try again after the `tries`-th failure, no sooner than the receiver asks for; None: no more."""
    if tries >= TRIES:
        return None
    drawn = STEPS[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    asked = min(timedelta(seconds=min(asked_s, LONGEST_ASKED.total_seconds())), LONGEST_ASKED)
    return now + max(drawn, asked)
