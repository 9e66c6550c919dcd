"""What a campaign brought and cost, by currency: per message, per fragment, and the return on investment.

Amounts of different currencies stand beside one another and are never added or divided. Called by the API and the
charts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from linksvc.funnel import Funnel
from linksvc.money import Money, exponent_of
from linksvc.sums import Cost

WhyNot = Literal["", "unpriced", "free", "currencies"]


@dataclass(frozen=True, slots=True)
class Costs:
    """Amounts by currency, all in millionths of its unit. `priced`: the fragments that cost so much together."""

    revenue: Mapping[str, int]
    taken_back: Mapping[str, int]
    cost: Mapping[str, int]
    priced: Mapping[str, int]
    submitted: int
    fragments: int

    @property
    def unpriced(self) -> int:
        """Fragments whose route told no price."""
        return self.fragments - sum(self.priced.values())

    @property
    def currencies(self) -> tuple[str, ...]:
        return tuple(sorted({*self.revenue, *self.cost}))

    def net(self, currency: str) -> int:
        return self.revenue.get(currency, 0) - self.taken_back.get(currency, 0)

    @property
    def why_no_return(self) -> WhyNot:
        """Why no return on investment can be told: some fragments have no price, nothing was spent, or revenue and cost are
        in several currencies. Empty: it can."""
        if self.unpriced:
            return "unpriced"
        if not any(self.cost.values()):
            return "free"
        return "" if len(self.currencies) == 1 else "currencies"

    @property
    def investment_return(self) -> Fraction | None:
        """What came back of each unit spent, beyond it: (net revenue - cost) / cost."""
        if self.why_no_return:
            return None
        (currency,) = self.currencies
        return Fraction(self.net(currency) - self.cost[currency], self.cost[currency])


def costs_of(funnel: Funnel) -> Costs:
    """The amounts of a campaign, or of a cohort of it."""
    return make_costs(funnel.revenue, funnel.taken_back, funnel.cost, funnel["submitted"], funnel.fragments)


def make_costs(
    revenue: Iterable[Money], taken_back: Iterable[Money], cost: Iterable[Cost], submitted: int, fragments: int
) -> Costs:
    cost = tuple(cost)
    return Costs(
        revenue={money.currency: in_millionths(money.amount_minor, money.currency) for money in revenue},
        taken_back={money.currency: in_millionths(money.amount_minor, money.currency) for money in taken_back},
        cost={one.currency: one.micros for one in cost},
        priced={one.currency: one.fragments for one in cost},
        submitted=submitted,
        fragments=fragments,
    )


def in_millionths(amount_minor: int, currency: str) -> int:
    return amount_minor * int(10 ** (6 - exponent_of(currency)))
