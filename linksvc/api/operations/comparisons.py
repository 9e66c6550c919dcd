"""Campaigns side by side over the API, with the average of the last ones and what can be told of their differences."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field

from linksvc.api.operation import Call, Failure, Operation
from linksvc.api.operations.reports import NOT_FOUND
from linksvc.api.payloads import Answer, MoneyAnswer, Parameters
from linksvc.api.report_shapes import InvestmentAnswer, RateAnswer, definitions_url, rates_answer
from linksvc.comparisons import LAST, MOST_COMPARED, MOST_LAST, Compared, LastCampaigns, compare, difference
from linksvc.database import reading
from linksvc.public_ids import format_id, parse_id
from linksvc.stages import STAGES


class ComparisonQuery(Parameters):
    campaigns: str = Field(
        max_length=200,
        description=f"1 to {MOST_COMPARED} campaigns, with commas between them. The first is what the others are held "
        "against.",
        examples=["cmp_12,cmp_9"],
    )
    last: int = Field(LAST, ge=1, le=MOST_LAST, description="How many campaigns the average is of.")


class DifferenceAnswer(Answer):
    """How much higher a rate is than the first campaign's, in shares of one: 0.02 is two percentage points."""

    difference: float
    low: float = Field(description="The interval in which it lies in 95 of 100 cases: Newcombe's, of both Wilson intervals.")
    high: float
    told: bool = Field(description="False: the interval holds 0, so it cannot be told whether there is any difference.")


class ComparedAnswer(Answer):
    campaign_id: str
    name: str
    kind: str
    state: str
    stages: dict[str, int]
    rates: dict[str, RateAnswer]
    differences: dict[str, DifferenceAnswer] = Field(description="Of each rate that both have; of the first, none.")
    net_revenue: tuple[MoneyAnswer, ...]
    investment: InvestmentAnswer

    @classmethod
    def of(cls, campaign: Compared, first: Compared) -> Self:
        rates = rates_answer(campaign.counts, has_link=campaign.has_link)
        return cls(
            campaign_id=format_id("campaign", campaign.campaign_id),
            name=campaign.name,
            kind=campaign.kind,
            state=campaign.status,
            stages={stage: campaign.counts[stage] for stage in STAGES},
            rates=rates,
            differences={} if campaign is first else _differences(campaign.counts, first, rates),
            net_revenue=tuple(MoneyAnswer.of(money) for money in campaign.net_revenue),
            investment=InvestmentAnswer.of(campaign.costs),
        )


class AverageAnswer(Answer):
    """The last campaigns of the first one's kind that were sent before it. Their rates are ratios of sums: every message
    weighs the same."""

    campaign_ids: tuple[str, ...] = Field(description="Newest first; empty: there is none before.")
    stages: dict[str, int] = Field(description="Sums over all of them.")
    rates: dict[str, RateAnswer]
    differences: dict[str, DifferenceAnswer]
    net_revenue: tuple[MoneyAnswer, ...] = Field(description="Sums over all of them.")

    @classmethod
    def of(cls, last: LastCampaigns, first: Compared) -> Self:
        rates = rates_answer(last.counts, has_link=first.has_link)
        return cls(
            campaign_ids=tuple(format_id("campaign", campaign_id) for campaign_id in last.campaign_ids),
            stages={stage: last.counts[stage] for stage in STAGES},
            rates=rates,
            differences=_differences(last.counts, first, rates),
            net_revenue=tuple(MoneyAnswer.of(money) for money in last.net_revenue),
        )


class ComparisonAnswer(Answer):
    campaigns: tuple[ComparedAnswer, ...] = Field(description="In the order in which they were asked for.")
    average: AverageAnswer
    definitions: str = Field(description="A page that says what each name counts.")


def _differences(counts: Mapping[str, int], first: Compared, rates: Mapping[str, RateAnswer]) -> dict[str, DifferenceAnswer]:
    told = rates_answer(first.counts, has_link=first.has_link).keys() & rates.keys() - {"delivered_of_decided"}
    found = {name: difference(counts, first.counts, name) for name in rates if name in told}
    return {
        name: DifferenceAnswer(difference=one.estimate, low=one.low, high=one.high, told=one.is_told)
        for name, one in found.items()
        if one
    }


def read_comparison(call: Call[None, ComparisonQuery]) -> ComparisonAnswer:
    wanted = [parse_id("campaign", name.strip()) for name in call.query.campaigns.split(",") if name.strip()]
    with reading(call.engine) as session:
        found = compare(session, call.workspace_id, wanted, call.query.last)
    first = found.campaigns[0]
    return ComparisonAnswer(
        campaigns=tuple(ComparedAnswer.of(campaign, first) for campaign in found.campaigns),
        average=AverageAnswer.of(found.last, first),
        definitions=definitions_url(call),
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/comparison",
        name="read_comparison",
        summary="Hold campaigns against one another",
        description="Side by side, and against the last campaigns of the same kind before the first one. A difference whose "
        "interval holds 0 cannot be told from chance.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_comparison,
        query=ComparisonQuery,
        answer=ComparisonAnswer,
        failures=(
            NOT_FOUND,
            Failure(404, "not_found", "`campaigns` names what is no id of a campaign."),
            Failure(422, "campaigns_missing", "`campaigns` names none."),
            Failure(422, "campaigns_too_many", f"`campaigns` names more than {MOST_COMPARED}."),
        ),
    ),
)
