"""Who guesses is slowed down: alarms and throttling of whoever mostly asks for what does not exist.

The redirect asks about networks (`tracker.guessing`), the API about keys, networks and shops (`linksvc.code_attempts`). A
subject most of whose requests lead nowhere is guessing. All of its requests then pass one token bucket, those for what
exists like the others: otherwise a guesser would go on at full speed and only the misses would be held back. What is over
is refused without a look, so an answer tells nothing. Other subjects notice nothing.

The window slides by halves: the present minute counts whole, the one before by the part of it that still lies within.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_S = 60.0

SAID_EVERY_S = 10.0

Say = Callable[[str, int], None]
"""Tells the log of a subject that is held back from now on, and of the number of alarms so far."""


@dataclass(frozen=True, slots=True)
class Patience:
    """What is taken for guessing, and how slow a guesser gets."""

    least_misses: int
    """Within a window: fewer are typing mistakes."""
    share: float
    """Of a subject's requests lead nowhere ..."""
    bucket_per_s: float
    bucket_size: float
    most_misses: float = math.inf
    """... or so many within a window, whatever else it asks for: hits can be had by asking for one thing again and again."""
    most_subjects: int = 20_000
    """Subjects that are remembered, those with misses only; the longest unseen is forgotten first. A few megabytes."""


@dataclass(slots=True)
class _Subject:
    began: float
    """When the present window began."""
    missed: int = 0
    seen: int = 0
    missed_before: int = 0
    seen_before: int = 0
    tokens: float = 0.0
    filled_at: float = 0.0


class Guessing:
    """One per process and kind of subject. A subject is named by a text; what is empty is not known, and one of its own."""

    def __init__(self, patience: Patience, say: Say, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.alarms = 0
        self.refused = 0
        """Requests that were one too many, since the start."""
        self._patience = patience
        self._tell = say
        self._monotonic = monotonic
        self._subjects: OrderedDict[str, _Subject] = OrderedDict()
        self._held: set[str] = set()
        self._silent_until = float("-inf")

    @property
    def throttled(self) -> int:
        """Subjects held back now; those that have stopped guessing are let go."""
        now = self._monotonic()
        for subject in tuple(self._held):
            self._weigh(subject, self._subjects[subject], now)
        return len(self._held)

    def holds(self, subject: str) -> bool:
        """Whether a subject is held back, for all one knew when it was last looked at."""
        return subject in self._held

    def lets_find(self, subject: str) -> bool:
        """Whether a request that leads somewhere may be answered without weighing; counts it if so."""
        if subject in self._held:
            return False
        if subject in self._subjects:
            self.found(subject)
        return True

    def refuses(self, subject: str) -> bool:
        """Whether this request is one too many; counts it if so."""
        if subject not in self._held:
            return False
        now, known = self._monotonic(), self._subjects[subject]
        # Whoever goes on is not forgotten, however many other subjects miss meanwhile.
        self._subjects.move_to_end(subject)
        self._weigh(subject, known, now)
        if subject not in self._held:
            return False
        known.tokens = min(self._patience.bucket_size, known.tokens + (now - known.filled_at) * self._patience.bucket_per_s)
        known.filled_at = now
        if known.tokens >= 1:
            known.tokens -= 1
            return False
        self.refused += 1
        return True

    def wait_s(self, subject: str) -> float:
        """How long until a refused subject's next request may pass."""
        known = self._subjects.get(subject)
        return (1 - known.tokens) / self._patience.bucket_per_s if known and subject in self._held else 0.0

    def found(self, subject: str) -> None:
        """A request led somewhere. Only subjects with misses are counted."""
        if known := self._subjects.get(subject):
            self._slide(known, self._monotonic())
            known.seen += 1

    def missed(self, subject: str) -> None:
        """A request led nowhere."""
        now = self._monotonic()
        known = self._subjects.get(subject)
        if known is None:
            known = self._subjects[subject] = _Subject(now)
            if len(self._subjects) > self._patience.most_subjects:
                forgotten, _ = self._subjects.popitem(last=False)
                self._held.discard(forgotten)
        self._subjects.move_to_end(subject)
        self._slide(known, now)
        known.seen += 1
        known.missed += 1
        self._weigh(subject, known, now)

    def _slide(self, known: _Subject, now: float) -> None:
        windows = int((now - known.began) // WINDOW_S)
        if windows:
            known.missed_before, known.seen_before = (known.missed, known.seen) if windows == 1 else (0, 0)
            known.missed = known.seen = 0
            known.began += windows * WINDOW_S

    def _weigh(self, subject: str, known: _Subject, now: float) -> None:
        self._slide(known, now)
        within = 1 - (now - known.began) / WINDOW_S
        missed = known.missed + known.missed_before * within
        seen = known.seen + known.seen_before * within
        if not self._is_guessing(missed, seen):
            self._held.discard(subject)
        elif subject not in self._held:
            self._held.add(subject)
            known.tokens, known.filled_at = self._patience.bucket_size, now
            self.alarms += 1
            self._say(subject, now)

    def _is_guessing(self, missed: float, seen: float) -> bool:
        limits = self._patience
        return missed >= limits.most_misses or (missed >= limits.least_misses and missed >= seen * limits.share)

    def _say(self, subject: str, now: float) -> None:
        if now >= self._silent_until:
            self._silent_until = now + SAID_EVERY_S
            self._tell(subject, self.alarms)
