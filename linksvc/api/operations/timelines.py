"""What happened in a campaign over time, over the API: by the time of the event, in hours and days of any zone."""

from datetime import datetime
from typing import Self

from pydantic import Field

from linksvc.api.operation import Call, Failure, Operation
from linksvc.api.operations.reports import NOT_FOUND
from linksvc.api.payloads import Answer, MoneyAnswer, Parameters
from linksvc.api.report_shapes import MOMENT_INVALID, TIMEZONE_UNKNOWN, definitions_url, read_moment
from linksvc.database import reading
from linksvc.links import find_zone
from linksvc.local_steps import STEPS, Step
from linksvc.public_ids import format_id
from linksvc.stages import OCCURRENCES, STAGES
from linksvc.timelines import MOST_STEPS, Timeline, TimelineStep, read_steps, read_zone


class TimelineQuery(Parameters):
    stage: str = Field(
        max_length=40, description=f"One of: {', '.join((*STAGES, *OCCURRENCES))}.", examples=["clicked", "redemption"]
    )
    since: str = Field(
        "",
        alias="from",
        max_length=40,
        description="What happened from then on, ISO 8601 with its zone, on a quarter of an hour. The first event, unless "
        "told.",
        examples=["2026-11-27T10:00:00Z"],
    )
    until: str = Field("", alias="to", max_length=40, description="What happened before. The last event, unless told.")
    step: Step = Field("hour", description=f"One of: {', '.join(STEPS)}. At most {MOST_STEPS:,} are answered.")
    timezone: str = Field(
        "",
        max_length=60,
        description="Whose hours and days, an IANA name; the workspace's unless told.",
        examples=["Europe/Paris"],
    )


class StepAnswer(Answer):
    since: datetime = Field(description="When it began, with its distance from UTC.", examples=["2026-11-27T11:00:00+01:00"])
    until: datetime = Field(description="When it was over.", examples=["2026-11-27T12:00:00+01:00"])
    count: int
    amounts: tuple[MoneyAnswer, ...] = Field(description="Of money, a sum a currency; else empty.")

    @classmethod
    def of(cls, step: TimelineStep, timeline: Timeline) -> Self:
        return cls(
            since=step.since.astimezone(timeline.zone),
            until=step.until.astimezone(timeline.zone),
            count=step.count,
            amounts=tuple(MoneyAnswer.of(amount) for amount in step.amounts),
        )


class TimelineAnswer(Answer):
    campaign_id: str
    stage: str
    step: str
    timezone: str
    total: int = Field(description="The sum of the steps.")
    steps: tuple[StepAnswer, ...] = Field(description="One after the other; those without anything too.")
    definitions: str = Field(description="A page that says what the stage counts.")


def read_campaign_timeline(call: Call[None, TimelineQuery]) -> TimelineAnswer:
    query, campaign_id = call.query, call.ids["campaign_id"]
    since, until = read_moment("from", query.since), read_moment("to", query.until)
    zone = read_zone(query.timezone) if query.timezone else None
    with reading(call.engine) as session:
        zone = zone or find_zone(session, call.workspace_id)
        timeline = read_steps(session, call.workspace_id, campaign_id, query.stage, query.step, zone, since, until)
    return TimelineAnswer(
        campaign_id=format_id("campaign", campaign_id),
        stage=timeline.stage,
        step=timeline.step,
        timezone=timeline.zone.key,
        total=timeline.total,
        steps=tuple(StepAnswer.of(step, timeline) for step in timeline.steps),
        definitions=definitions_url(call),
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/timeline",
        name="read_campaign_timeline",
        summary="Read when something happened in a campaign",
        description="By the time of the event: how many messages got to a stage, or how often something occurred, in "
        "quarters, hours or days as clocks of the zone show them. A day on which clocks change has 23 or 25 hours; the "
        "hour that comes twice is two steps. A step that `from` or `to` cuts is told as far as it lies within.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_timeline,
        query=TimelineQuery,
        answer=TimelineAnswer,
        failures=(
            NOT_FOUND,
            Failure(422, "unknown_stage", "There is no such stage or occurrence."),
            MOMENT_INVALID,
            Failure(422, "range_invalid", "`from` or `to` is on no quarter of an hour, or `to` is not after `from`."),
            Failure(422, "range_too_long", f"These are more than {MOST_STEPS:,} steps."),
            TIMEZONE_UNKNOWN,
        ),
    ),
)
