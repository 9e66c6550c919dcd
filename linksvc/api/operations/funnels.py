"""A campaign's funnel over the API: of all its messages or of a cohort, whole or broken down."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self

from pydantic import Field
from sqlmodel import Session

from linksvc.api.operation import Call, Failure, Operation
from linksvc.api.operations.reports import NOT_FOUND
from linksvc.api.payloads import Answer, MoneyAnswer, Parameters
from linksvc.api.report_shapes import (
    COHORT_INVALID,
    MOMENT_INVALID,
    BoundsAnswer,
    CostAnswer,
    InvestmentAnswer,
    RateAnswer,
    definitions_url,
    rates_answer,
    read_cohort,
)
from linksvc.breakdown_labels import names_of
from linksvc.breakdowns import BREAKDOWNS, BreakdownRow, read_breakdown
from linksvc.cohorts import Cohort
from linksvc.costs import costs_of
from linksvc.database import reading
from linksvc.funnel import Funnel, read_funnel
from linksvc.hourly_breakdowns import hours_of
from linksvc.links import find_zone
from linksvc.public_ids import format_id
from linksvc.stages import OCCURRENCES, STAGES
from linksvc.tallies import HOUR


class FunnelQuery(Parameters):
    by: str = Field("", max_length=40, description=f"Breaks it down: {', '.join(BREAKDOWNS)}.", examples=["country"])
    since: str = Field(
        "",
        alias="from",
        max_length=40,
        description="Only messages submitted from then on, ISO 8601 with its zone, on a quarter of an hour.",
        examples=["2026-11-27T10:00:00Z"],
    )
    until: str = Field(
        "", alias="to", max_length=40, description="Only those submitted before.", examples=["2026-11-28T10:00+01:00"]
    )


class RowAnswer(Answer):
    """The figures of the messages that have a value in common."""

    value: str = Field(description="Empty: those that have none. Of `hour`: when it began.", examples=["FR"])
    label: str = Field(description="The name of a route or of a segment; else the value.", examples=["FR"])
    until: datetime | None = Field(description="Of `hour`: when it was over; else null.")
    stages: dict[str, int]
    occurrences: dict[str, int]
    rates: dict[str, RateAnswer]
    revenue: tuple[MoneyAnswer, ...]
    taken_back: tuple[MoneyAnswer, ...]
    fragments: int
    cost: tuple[CostAnswer, ...]

    @classmethod
    def of(cls, row: BreakdownRow, label: str, has_link: bool, until: datetime | None = None) -> Self:
        return cls(
            value=row.value,
            label=label,
            until=until,
            stages={stage: row.counts[stage] for stage in STAGES},
            occurrences={name: row.counts[name] for name in OCCURRENCES},
            rates=rates_answer(row.counts, has_link=has_link),
            revenue=tuple(MoneyAnswer.of(money) for money in row.revenue),
            taken_back=tuple(MoneyAnswer.of(money) for money in row.taken_back),
            fragments=row.fragments,
            cost=tuple(CostAnswer.of(cost) for cost in row.cost),
        )


class BreakdownAnswer(Answer):
    by: str
    timezone: str | None = Field(description="Of `hour`: whose hours, the workspace's; else null.")
    rows: tuple[RowAnswer, ...] = Field(description="They add up to the whole.")
    in_no_row: dict[str, int] = Field(
        description="Occurrences that no row holds, visits that name nobody: with the rows they add up to the whole."
    )


class FunnelAnswer(Answer):
    campaign_id: str
    name: str
    state: str
    cohort: dict[str, datetime | None] | None = Field(
        description="`from` and `to` as they were asked for; null: all messages.",
        examples=[{"from": "2026-11-27T10:00:00Z", "to": None}],
    )
    stages: dict[str, int] = Field(description="Messages that stand at each stage; each opens its own list of messages.")
    occurrences: dict[str, int] = Field(description="What may happen several times a message: hits, redemptions, payments.")
    rates: dict[str, RateAnswer] = Field(description="Each with its numerator, denominator and interval.")
    click_bounds: BoundsAnswer | None = Field(description="Null: there is no link, so nobody can click.")
    revenue: tuple[MoneyAnswer, ...] = Field(
        description="What was paid with codes of this campaign and by its links, a sum a currency."
    )
    taken_back: tuple[MoneyAnswer, ...] = Field(description="What of it was returned or voided since.")
    net_revenue: tuple[MoneyAnswer, ...] = Field(description="The same less what was returned or voided since.")
    late_revenue: tuple[MoneyAnswer, ...] = Field(
        description="Net, of what came after the window of its message; in no other figure. The stages and occurrences of "
        "what came late begin with late_."
    )
    fragments: int = Field(description="Parts that routes took.")
    cost: tuple[CostAnswer, ...]
    investment: InvestmentAnswer
    attribution_days: int = Field(description="For how long after its submission what comes of a message is its result.")
    provisional: bool = Field(description="Whether the figures may still change, but for what comes late.")
    provisional_until: datetime | None = Field(
        description="When the last window closes; null while messages may still leave, or none ever did."
    )
    unaccounted: int = Field(description="Messages that no state holds: 0, or the figures are wrong.")
    pending_facts: int = Field(description="What was learnt and is not in the figures yet: 0, or they are about to move.")
    breakdown: BreakdownAnswer | None = Field(description="Null unless `by` asks for one.")
    definitions: str = Field(
        description="A page that says what each name counts.", examples=["https://sms.example/definitions"]
    )


def read_campaign_funnel(call: Call[None, FunnelQuery]) -> FunnelAnswer:
    query = call.query
    cohort = read_cohort(query.since, query.until)
    with reading(call.engine) as session:
        mine = (session, call.workspace_id, call.ids["campaign_id"])
        return answer_funnel(*mine, query.by, cohort, call.now(), definitions_url(call))


def answer_funnel(
    session: Session,
    workspace_id: int,
    campaign_id: int,
    by: str,
    cohort: Cohort | None,
    now: datetime,
    definitions: str,
) -> FunnelAnswer:
    """The answer, for `ricochet report` too. `by` empty: not broken down; `definitions`: the address of that page."""
    funnel = read_funnel(session, workspace_id, campaign_id, cohort)
    breakdown = _break_down(session, workspace_id, funnel, by, cohort) if by else None
    closes_at = closing_of(funnel, cohort)
    return FunnelAnswer(
        campaign_id=format_id("campaign", funnel.campaign_id),
        name=funnel.name,
        state=funnel.state,
        cohort={"from": cohort.since, "to": cohort.until} if cohort else None,
        stages={stage: funnel[stage] for stage in STAGES},
        occurrences={occurrence: funnel[occurrence] for occurrence in OCCURRENCES},
        rates=rates_answer(funnel.counts, has_link=funnel.has_link),
        click_bounds=BoundsAnswer.of(funnel.counts) if funnel.has_link else None,
        revenue=tuple(MoneyAnswer.of(money) for money in funnel.revenue),
        taken_back=tuple(MoneyAnswer.of(money) for money in funnel.taken_back),
        net_revenue=tuple(MoneyAnswer.of(money) for money in funnel.net_revenue),
        late_revenue=tuple(MoneyAnswer.of(money) for money in funnel.late_revenue),
        fragments=funnel.fragments,
        cost=tuple(CostAnswer.of(cost) for cost in funnel.cost),
        investment=InvestmentAnswer.of(costs_of(funnel)),
        attribution_days=funnel.attribution_days,
        provisional=closes_at is None or now < closes_at or funnel.pending_facts > 0,
        provisional_until=closes_at,
        unaccounted=funnel.unaccounted,
        pending_facts=funnel.pending_facts,
        breakdown=breakdown,
        definitions=definitions,
    )


def closing_of(funnel: Funnel, cohort: Cohort | None) -> datetime | None:
    """When the window of the last message closes; of a cohort that is over, no later than that many days after its end."""
    closes_at = funnel.window_closes_at
    if closes_at is None or cohort is None or cohort.until is None:
        return closes_at
    return min(closes_at, cohort.until + timedelta(days=funnel.attribution_days))


def _break_down(session: Session, workspace_id: int, funnel: Funnel, by: str, cohort: Cohort | None) -> BreakdownAnswer:
    breakdown = read_breakdown(session, workspace_id, funnel.campaign_id, by, cohort)
    if by == HOUR:
        zone = find_zone(session, workspace_id)
        hours = hours_of(breakdown, zone)
        rows = tuple(
            RowAnswer.of(hour.row, hour.since.astimezone(zone).isoformat(), funnel.has_link, hour.until) for hour in hours
        )
        return BreakdownAnswer(by=by, timezone=zone.key, rows=rows, in_no_row=_in_no_row(funnel.counts, rows))
    names = names_of(session, workspace_id, by)
    rows = tuple(RowAnswer.of(row, names.get(row.value, row.value), funnel.has_link) for row in breakdown.rows)
    return BreakdownAnswer(by=by, timezone=None, rows=rows, in_no_row=_in_no_row(funnel.counts, rows))


def _in_no_row(counts: Mapping[str, int], rows: tuple[RowAnswer, ...]) -> dict[str, int]:
    rest = {name: counts[name] - sum(row.occurrences[name] for row in rows) for name in OCCURRENCES}
    return {name: count for name, count in rest.items() if count}


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/funnel",
        name="read_campaign_funnel",
        summary="Read a campaign's funnel",
        description="From counters, so it takes the same time whatever the campaign's size. `from` and `to` choose "
        "messages by when they were submitted: whatever came of them counts, whenever it came. `by` adds a breakdown "
        "whose rows add up to the whole.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_funnel,
        query=FunnelQuery,
        answer=FunnelAnswer,
        failures=(
            NOT_FOUND,
            Failure(422, "breakdown_unknown", "Figures are not kept by this."),
            MOMENT_INVALID,
            COHORT_INVALID,
        ),
    ),
)
