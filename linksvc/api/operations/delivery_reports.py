"""What became of a campaign's messages at the operators, over the API: buckets that add up, causes, latency."""

from typing import Self

from pydantic import Field

from linksvc.api.operation import Call, Operation
from linksvc.api.operations.reports import NOT_FOUND
from linksvc.api.payloads import Answer
from linksvc.api.report_shapes import RateAnswer, definitions_url
from linksvc.database import reading
from linksvc.deliveries import BUCKETS, Bucket, CauseCount, Deliveries, read_deliveries
from linksvc.delivery_causes import CAUSES
from linksvc.distributions import Distribution, Step
from linksvc.message_filters import MessageFilter
from linksvc.proportions import Proportion
from linksvc.public_ids import format_id


class BucketAnswer(Answer):
    name: str = Field(description=f"One of: {', '.join(BUCKETS)}.", examples=["confirmed"])
    count: int
    rate: RateAnswer = Field(description="Of those submitted.")
    messages: str | None = Field(description="Where exactly these messages are listed; null: there is none.")

    @classmethod
    def of(cls, bucket: Bucket, submitted: int, campaign_id: int) -> Self:
        rate = RateAnswer.make(Proportion(bucket.count, submitted), "submitted")
        messages = _path(campaign_id, bucket.rows) if bucket.count else None
        return cls(name=bucket.name, count=bucket.count, rate=rate, messages=messages)


class CauseAnswer(Answer):
    state: str = Field(description="failed, expired, unknown or refused.")
    cause: str = Field(description="Empty: none was given.", examples=["number_unknown"])
    meaning: str | None
    advice: str | None
    temporary: bool = Field(description="Whether the same message may get through another day.")
    count: int
    messages: str = Field(description="Where exactly these messages are listed.")

    @classmethod
    def of(cls, line: CauseCount, campaign_id: int) -> Self:
        known = CAUSES.get(line.cause)
        return cls(
            state=line.stage,
            cause=line.cause,
            meaning=known.meaning if known else None,
            advice=line.advice,
            temporary=line.is_temporary,
            count=line.count,
            messages=_path(campaign_id, line.rows),
        )


class LatencyStepAnswer(Answer):
    """At least `since_s` and less than `until_s` seconds; null: no such bound. One below 0 came before its submission."""

    since_s: int | None
    until_s: int | None
    count: int

    @classmethod
    def of(cls, step: Step) -> Self:
        return cls(since_s=step.since_s, until_s=step.until_s, count=step.count)


class LatencyAnswer(Answer):
    """From submission to the receipt that says delivered. Kept in steps, so a quantile is the step it lies in."""

    known: int = Field(description="Messages of which it is known.")
    not_known: int
    median: LatencyStepAnswer | None
    nine_in_ten: LatencyStepAnswer | None
    steps: tuple[LatencyStepAnswer, ...]

    @classmethod
    def of(cls, latency: Distribution) -> Self:
        half, most = latency.quantile(50), latency.quantile(90)
        return cls(
            known=latency.total,
            not_known=latency.not_known,
            median=LatencyStepAnswer.of(half) if half else None,
            nine_in_ten=LatencyStepAnswer.of(most) if most else None,
            steps=tuple(LatencyStepAnswer.of(step) for step in latency.trimmed),
        )


class DeliveryReportAnswer(Answer):
    campaign_id: str
    submitted: int
    buckets: tuple[BucketAnswer, ...] = Field(description="Every message submitted is in one: they add up to `submitted`.")
    unaccounted: int = Field(description="Submitted less their sum: 0, or the figures are wrong.")
    causes: tuple[CauseAnswer, ...] = Field(
        description="Why messages failed, expired or are unknown, most frequent first: those of a state add up to it."
    )
    refused: tuple[CauseAnswer, ...] = Field(description="Why others were refused and never left.")
    latency: LatencyAnswer
    definitions: str = Field(description="A page that says what each state counts.")

    @classmethod
    def of(cls, campaign_id: int, report: Deliveries, definitions: str) -> Self:
        return cls(
            campaign_id=format_id("campaign", campaign_id),
            submitted=report.submitted,
            buckets=tuple(BucketAnswer.of(bucket, report.submitted, campaign_id) for bucket in report.buckets),
            unaccounted=report.unaccounted,
            causes=tuple(CauseAnswer.of(line, campaign_id) for line in report.causes),
            refused=tuple(CauseAnswer.of(line, campaign_id) for line in report.refused),
            latency=LatencyAnswer.of(report.latency),
            definitions=definitions,
        )


def _path(campaign_id: int, rows: MessageFilter) -> str:
    return f"/v1/campaigns/{format_id('campaign', campaign_id)}/messages?{rows.query()}"


def read_campaign_deliveries(call: Call[None, None]) -> DeliveryReportAnswer:
    campaign_id = call.ids["campaign_id"]
    with reading(call.engine) as session:
        report = read_deliveries(session, call.workspace_id, campaign_id)
    return DeliveryReportAnswer.of(campaign_id, report, definitions_url(call))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/deliveries",
        name="read_campaign_deliveries",
        summary="Read what became of a campaign's messages at the operators",
        description="Submitted = confirmed + arrived (somebody clicked, used the code or replied before any receipt) + "
        "temporary + permanent + expired + unknown + pending. A receipt is never rewritten by what happens later.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_deliveries,
        answer=DeliveryReportAnswer,
        failures=(NOT_FOUND,),
    ),
)
