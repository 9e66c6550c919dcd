"""What the reports of the API have in common: rates with all that is needed to check them, amounts, moments of a query."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from pydantic import Field

from linksvc.api.operation import Call, Failure
from linksvc.api.payloads import Answer
from linksvc.cohorts import Cohort, is_told
from linksvc.costs import Costs
from linksvc.errors import FieldError, InvalidRequest
from linksvc.proportions import Proportion
from linksvc.rates import OF, bounds_of, decided_of, rate_of
from linksvc.sums import Cost

MOMENT_INVALID = Failure(422, "moment_invalid", "`from` or `to` is no moment with its zone, such as 2026-11-27T10:00:00Z.")
COHORT_INVALID = Failure(422, "cohort_invalid", "`from` or `to` is on no quarter of an hour, or `to` is not after `from`.")
TIMEZONE_UNKNOWN = Failure(422, "timezone_unknown", "`timezone` is no IANA name, such as Europe/Paris.")

_CLICKS = frozenset({"clicked", "engaged"})


class IntervalAnswer(Answer):
    low: float = Field(examples=[0.163])
    high: float = Field(examples=[0.207])


class RateAnswer(Answer):
    """A share with what it was made of."""

    numerator: int = Field(examples=[219])
    denominator: int = Field(examples=[1192])
    of: str = Field(description="What the denominator counts.", examples=["seen"])
    rate: float | None = Field(description="Between 0 and 1; null: there is nothing to take a share of.", examples=[0.1837])
    interval: IntervalAnswer | None = Field(description="Within which it lies in 95 of 100 cases: Wilson's score interval.")

    @classmethod
    def make(cls, proportion: Proportion, of: str) -> Self:
        interval = proportion.interval
        return cls(
            numerator=proportion.part,
            denominator=proportion.whole,
            of=of,
            rate=proportion.share,
            interval=IntervalAnswer(low=interval[0], high=interval[1]) if interval else None,
        )


def rates_answer(counts: Mapping[str, int], *, has_link: bool) -> dict[str, RateAnswer]:
    """Every rate by its name; those of clicks only where anybody could click."""
    told = {name: of for name, of in OF.items() if has_link or name not in _CLICKS}
    rates = {name: RateAnswer.make(rate_of(counts, name), of) for name, of in told.items()}
    return rates | {"delivered_of_decided": RateAnswer.make(decided_of(counts), "delivered, failed and expired")}


class BoundsAnswer(Answer):
    """The click rate, whatever the suspects are."""

    suspects: int = Field(
        description="Messages opened by what may be a person or a machine, and by nobody who surely is one."
    )
    suspects_out: RateAnswer = Field(description="None of them a person: the rate that is told everywhere.")
    suspects_in: RateAnswer = Field(description="All of them people.")

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        bounds = bounds_of(counts)
        return cls(
            suspects=bounds.suspects,
            suspects_out=RateAnswer.make(bounds.out, "seen"),
            suspects_in=RateAnswer.make(bounds.within, "seen"),
        )


class CostAnswer(Answer):
    """What the parts that have a price in this currency cost together."""

    micros: int = Field(description="In millionths of the currency's unit.", examples=[42_750_000])
    currency: str = Field(examples=["EUR"])
    fragments: int = Field(description="How many parts.", examples=[950])

    @classmethod
    def of(cls, cost: Cost) -> Self:
        return cls(micros=cost.micros, currency=cost.currency, fragments=cost.fragments)


class InvestmentAnswer(Answer):
    """The return on investment and its parts, or why there is none."""

    rate: float | None = Field(description="(net revenue - cost) / cost; null: it cannot be told.", examples=[12.4])
    currency: str | None
    net_revenue_micros: int | None
    cost_micros: int | None
    unpriced_fragments: int = Field(description="Parts whose route told no price.")
    reason: str | None = Field(
        description="Why it cannot be told: unpriced (parts have no price), free (nothing was spent), currencies (revenue "
        "and cost are in several)."
    )

    @classmethod
    def of(cls, costs: Costs) -> Self:
        back = costs.investment_return
        currency = costs.currencies[0] if back is not None else None
        return cls(
            rate=None if back is None else float(back),
            currency=currency,
            net_revenue_micros=costs.net(currency) if currency else None,
            cost_micros=costs.cost[currency] if currency else None,
            unpriced_fragments=costs.unpriced,
            reason=costs.why_no_return or None,
        )


def definitions_url(call: Call[Any, Any]) -> str:
    """Where every name is explained, in the reader's language."""
    return f"{call.settings.public_url}/definitions"


def read_cohort(since: str, until: str) -> Cohort | None:
    """Raises InvalidRequest: moment_invalid, cohort_invalid."""
    bounds = read_moment("from", since), read_moment("to", until)
    return Cohort(*bounds) if any(bounds) else None


def read_moment(name: str, text: str) -> datetime | None:
    """A moment of a query with its zone; None where nothing was sent. Raises InvalidRequest `moment_invalid`."""
    if not text:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        if is_told(moment):
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = f"“{text[:40]}” is no moment from 1970 to 9998 with its zone, such as 2026-11-27T10:00:00Z."
    raise InvalidRequest(message, code="moment_invalid", errors=(FieldError(name, message),))
