"""The months of a workspace over the API: how its list grew, and what its campaigns came to."""

from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field

from linksvc.api.operation import Call, Failure, Operation
from linksvc.api.payloads import Answer, MoneyAnswer, Parameters
from linksvc.api.report_shapes import TIMEZONE_UNKNOWN, CostAnswer, RateAnswer, definitions_url
from linksvc.database import reading
from linksvc.links import find_zone
from linksvc.rates import OF, rate_of
from linksvc.timelines import read_zone
from linksvc.trends import MONTHS, MOST_MONTHS, RATES, Month, read_trends


class TrendsQuery(Parameters):
    months: int = Field(
        MONTHS, description="How many, the present one included.", json_schema_extra={"minimum": 1, "maximum": MOST_MONTHS}
    )
    timezone: str = Field(
        "", max_length=60, description="Whose months, an IANA name; the workspace's unless told.", examples=["Europe/Paris"]
    )


class MonthAnswer(Answer):
    month: date = Field(description="Its first day.", examples=["2026-11-01"])
    since: datetime = Field(description="When it began, with its distance from UTC.")
    until: datetime
    contacts_added: int
    consents: int = Field(description="Contacts who first consented to marketing in it.")
    opt_outs: int = Field(description="Numbers whose owner said STOP in it.")
    reachable: int = Field(description="Who could be written to at its end: with consent to marketing, and not suppressed.")
    submitted: int = Field(description="Messages submitted in it. What follows is of them, whenever it came.")
    rates: dict[str, RateAnswer]
    net_revenue: tuple[MoneyAnswer, ...]
    cost: tuple[CostAnswer, ...]

    @classmethod
    def of(cls, month: Month, zone: ZoneInfo) -> Self:
        sums = month.sums
        return cls(
            month=month.first_day,
            since=month.since.astimezone(zone),
            until=month.until.astimezone(zone),
            contacts_added=month.contacts_added,
            consents=month.consents,
            opt_outs=month.opt_outs,
            reachable=month.reachable,
            submitted=sums.counts["submitted"],
            rates={name: RateAnswer.make(rate_of(sums.counts, name), OF[name]) for name in RATES},
            net_revenue=tuple(MoneyAnswer.of(money) for money in sums.net_revenue),
            cost=tuple(CostAnswer.of(cost) for cost in sums.cost),
        )


class TrendsAnswer(Answer):
    timezone: str
    months: tuple[MonthAnswer, ...] = Field(description="The present one last; those without anything too.")
    definitions: str = Field(description="A page that says what each name counts.")


def read_workspace_trends(call: Call[None, TrendsQuery]) -> TrendsAnswer:
    zone = read_zone(call.query.timezone) if call.query.timezone else None
    with reading(call.engine) as session:
        zone = zone or find_zone(session, call.workspace_id)
        trends = read_trends(session, call.workspace_id, zone, call.now(), call.query.months)
    return TrendsAnswer(
        timezone=zone.key,
        months=tuple(MonthAnswer.of(month, zone) for month in trends.months),
        definitions=definitions_url(call),
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/trends",
        name="read_trends",
        summary="Read how the months went",
        description="The list as it is known today; messages, rates, revenue and cost of the messages submitted in each "
        "month.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_workspace_trends,
        query=TrendsQuery,
        answer=TrendsAnswer,
        failures=(Failure(422, "months_invalid", f"`months` is not from 1 to {MOST_MONTHS}."), TIMEZONE_UNKNOWN),
    ),
)
