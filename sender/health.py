"""How a bind fares: whether what it is handed is taken.

For `sender.route_sender`, which tells people, and leaves messages to other routes while a bind fails.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from linksvc.delivery_causes import CAUSES, THROTTLED
from linksvc.route_health import Vitals
from sender.messages import ACCEPTED, RETRY, UNKNOWN

LOOKED_AT = 30
"""So many last outcomes tell whether a bind fails: when at least half of them, and LEAST_BAD, are the route's fault ..."""
LEAST_BAD = 10
FAILS_FOR_S = 1.0
"""... for so long: an SMSC may stumble."""
FORGOTTEN_AFTER_S = 120.0
HEALED_AFTER = 3
"""So many parts in a row must be taken before a failing bind is trusted again."""

_SLOT_S, _SLOTS = 10.0, 30
"""The figures are of five minutes."""


@dataclass(slots=True)
class _Slot:
    at: float
    accepted: int = 0
    refused: int = 0
    retried: int = 0
    unanswered: int = 0
    answers: int = 0
    latency_s: float = 0.0


@dataclass(slots=True)
class Health:
    """Outcomes are noted as they come; `clock` is the event loop's time."""

    clock: Callable[[], float]
    failing: bool = False
    _last: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=LOOKED_AT))
    _bad_since: float | None = None
    _good_in_a_row: int = 0
    _slots: deque[_Slot] = field(default_factory=lambda: deque(maxlen=_SLOTS))

    def note(self, outcome: str, cause: str = "", latency_s: float | None = None) -> None:
        """Counts what became of a part. `latency_s`: how long its answer took, if one came."""
        now = self.clock()
        self._count(now, outcome, latency_s)
        if cause == THROTTLED:
            return  # The bind is too fast, and slows down; that is no fault of the route.
        bad = outcome == UNKNOWN or (cause in CAUSES and CAUSES[cause].of_route)
        self._last.append((now, bad))
        self._good_in_a_row = 0 if bad else self._good_in_a_row + 1
        if self.failing:
            if self._good_in_a_row >= HEALED_AFTER:
                self._heal()
        else:
            self._suspect(now)

    def vitals(self, rate_per_s: float) -> Vitals:
        """The figures of the last five minutes, and the present pace."""
        since = self.clock() - _SLOT_S * _SLOTS
        slots = [slot for slot in self._slots if slot.at >= since]
        answers = sum(slot.answers for slot in slots)
        return Vitals(
            present_rate_milli=round(rate_per_s * 1_000),
            accepted=sum(slot.accepted for slot in slots),
            refused=sum(slot.refused for slot in slots),
            retried=sum(slot.retried for slot in slots),
            unanswered=sum(slot.unanswered for slot in slots),
            latency_ms=round(1_000 * sum(slot.latency_s for slot in slots) / answers) if answers else 0,
        )

    def in_words(self) -> str:
        """Why it is called failing, for people."""
        bad = sum(bad for _, bad in self._last)
        return f"Of the last {len(self._last)} parts {bad} were refused by the operator's system, or got no answer."

    def _suspect(self, now: float) -> None:
        while self._last and self._last[0][0] < now - FORGOTTEN_AFTER_S:
            self._last.popleft()
        bad = sum(bad for _, bad in self._last)
        if bad < LEAST_BAD or 2 * bad < len(self._last):
            self._bad_since = None
        elif self._bad_since is None:
            self._bad_since = now
        self.failing = self._bad_since is not None and now - self._bad_since >= FAILS_FOR_S

    def _heal(self) -> None:
        self.failing, self._bad_since = False, None
        self._last.clear()

    def _count(self, now: float, outcome: str, latency_s: float | None) -> None:
        if not self._slots or now - self._slots[-1].at >= _SLOT_S:
            self._slots.append(_Slot(now))
        slot = self._slots[-1]
        slot.accepted += outcome == ACCEPTED
        slot.retried += outcome == RETRY
        slot.unanswered += outcome == UNKNOWN
        slot.refused += outcome not in (ACCEPTED, RETRY, UNKNOWN)
        if latency_s is not None:
            slot.answers += 1
            slot.latency_s += latency_s
