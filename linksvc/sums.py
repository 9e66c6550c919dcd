"""A campaign's counters added up: counts by name, and money a currency."""

from collections import Counter
from dataclasses import dataclass, field

from linksvc.money import Money
from linksvc.stages import BROUGHT, OCCURRENCES, STAGES, TAKEN_BACK
from linksvc.tallies import FRAGMENT


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount in millionths of the currency's unit."""

    micros: int
    currency: str
    fragments: int = 0
    """How many parts cost so much together."""


def _every_name() -> dict[str, int]:
    return dict.fromkeys((*STAGES, *OCCURRENCES), 0)


@dataclass(slots=True)
class Sums:
    """`counts` holds every stage and occurrence by name, 0 included."""

    counts: dict[str, int] = field(default_factory=_every_name)
    fragments: int = 0
    _brought: Counter[str] = field(default_factory=Counter)
    _taken_back: Counter[str] = field(default_factory=Counter)
    _late: Counter[str] = field(default_factory=Counter)
    _micros: Counter[str] = field(default_factory=Counter)
    _priced: Counter[str] = field(default_factory=Counter)

    def add(self, stage: str, currency: str, count: int, amount: int) -> None:
        if stage == FRAGMENT:
            self.fragments += count
            self._micros[currency] += amount
            self._priced[currency] += count
            return
        self.counts[stage] += count
        if stage in BROUGHT:
            self._brought[currency] += amount
        elif stage in TAKEN_BACK:
            # A return may be learnt before its redemption is.
            self._brought[currency] += 0
            self._taken_back[currency] += amount
        elif (on_time := stage.removeprefix("late_")) in (*BROUGHT, *TAKEN_BACK):
            self._late[currency] += amount if on_time in BROUGHT else -amount

    @property
    def revenue(self) -> tuple[Money, ...]:
        """What was paid in redemptions and by link, a sum a currency."""
        return tuple(Money(self._brought[currency], currency) for currency in sorted(self._brought))

    @property
    def taken_back(self) -> tuple[Money, ...]:
        """What of that was returned or voided; a currency for each of `revenue`."""
        return tuple(Money(self._taken_back[currency], currency) for currency in sorted(self._brought))

    @property
    def net_revenue(self) -> tuple[Money, ...]:
        """What was paid and not taken back."""
        return tuple(Money(self._brought[one] - self._taken_back[one], one) for one in sorted(self._brought))

    @property
    def late_revenue(self) -> tuple[Money, ...]:
        """What was paid after the window had closed, less what was taken back then."""
        return tuple(Money(self._late[currency], currency) for currency in sorted(self._late))

    @property
    def cost(self) -> tuple[Cost, ...]:
        priced = sorted(currency for currency in self._micros if currency)
        return tuple(Cost(self._micros[currency], currency, self._priced[currency]) for currency in priced)
