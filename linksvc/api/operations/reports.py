"""How far a campaign is, over the API. Its figures: `funnels` beside this; the rows behind them: `rows`."""

from datetime import datetime
from typing import Self

from pydantic import Field
from sqlmodel import Session

from linksvc.api.audience_shapes import AudienceAnswer, answer_of
from linksvc.api.operation import Call, Failure, Operation
from linksvc.api.payloads import Answer
from linksvc.audiences import Audience, read_audience
from linksvc.database import reading
from linksvc.funnel import Funnel, read_funnel
from linksvc.holds import MOST_TOLD, REASONS, Held, list_holds
from linksvc.public_ids import format_id
from linksvc.route_trouble import RouteTrouble, find_trouble, is_waiting
from linksvc.stages import SENT, UNSENT

NOT_FOUND = Failure(404, "campaign_not_found", "There is no such campaign in this workspace.")

PAGE_MOST = 1_000
"""Rows of a page."""


class TroubleAnswer(Answer):
    route: str = Field(description="The operator's name of it; empty when there is none, or none that may be used.")
    state: str = Field(description="refused, failing, unreachable, missing or uncovered.")
    message: str
    since: datetime | None

    @classmethod
    def of(cls, trouble: RouteTrouble) -> Self:
        return cls(route=trouble.route, state=trouble.state, message=trouble.message, since=trouble.since)


class ScheduleAnswer(Answer):
    at: str = Field(description="What the clocks of that time zone show.", examples=["2026-11-27T10:00:00"])
    timezone: str = Field(description="An IANA name, or “recipient”: each recipient's own.")


class HeldAnswer(Answer):
    reason: str = Field(description=f"One of: {', '.join(REASONS)}.")
    country: str
    until: datetime
    messages: int

    @classmethod
    def of(cls, held: Held) -> Self:
        return cls(reason=held.reason, country=held.country, until=held.until, messages=held.messages)


class CampaignAnswer(Answer):
    id: str
    name: str
    kind: str
    state: str = Field(description="draft, scheduled, producing, sending, sent or cancelled.")
    schedule: ScheduleAnswer | None = Field(description="When it is to be sent; null: as soon as it was asked for.")
    send_at: datetime | None = Field(description="The first moment at which a message is due by the schedule.")
    audience: AudienceAnswer = Field(description="To whom: “all”, an import or segments.")
    parent_id: str | None = Field(description="The campaign that this one follows up.")
    leave_out: tuple[str, ...] = Field(
        description="Whoever has reached one of these stages with the parent's message is not sent to."
    )
    expires_at: datetime | None = Field(description="Nothing leaves from then on.")
    paused_at: datetime | None = Field(description="Since when it is paused; null: it is not.")
    cancelled_at: datetime | None
    held: tuple[HeldAnswer, ...] = Field(
        description=f"Why messages are held back, and until when; those that leave next first, at most {MOST_TOLD}."
    )
    attribution_days: int = Field(description="For how long after its submission what comes of a message is its result.")
    produced: int = Field(description="Messages made so far.")
    states: dict[str, int] = Field(description="How many of them stand where; all together are those produced.")
    trouble: tuple[TroubleAnswer, ...] = Field(description="Why messages wait for a route, while some do.")
    created_at: datetime
    send_requested_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, funnel: Funnel, audience: Audience, trouble: tuple[RouteTrouble, ...], held: tuple[Held, ...]) -> Self:
        at, timezone = funnel.send_local, funnel.send_timezone
        return cls(
            id=format_id("campaign", funnel.campaign_id),
            name=funnel.name,
            kind=funnel.kind,
            state=funnel.state,
            schedule=ScheduleAnswer(at=at, timezone=timezone) if timezone else None,
            send_at=funnel.send_at,
            audience=answer_of(audience),
            parent_id=format_id("campaign", audience.parent_id) if audience.parent_id else None,
            leave_out=audience.leave_out,
            expires_at=funnel.expires_at,
            paused_at=funnel.paused_at,
            cancelled_at=funnel.cancelled_at,
            held=tuple(HeldAnswer.of(one) for one in held),
            attribution_days=funnel.attribution_days,
            produced=funnel["produced"],
            states={state: funnel[state] for state in (*UNSENT, *SENT)},
            trouble=tuple(TroubleAnswer.of(one) for one in trouble),
            created_at=funnel.created_at,
            send_requested_at=funnel.send_requested_at,
            finished_at=funnel.finished_at,
        )


def describe(session: Session, workspace_id: int, campaign_id: int) -> CampaignAnswer:
    """The campaign as it stands; routes in trouble are told while messages wait for them, holds while they last."""
    funnel = read_funnel(session, workspace_id, campaign_id)
    trouble = find_trouble(session, campaign_id) if is_waiting(funnel) else ()
    audience = read_audience(session, workspace_id, campaign_id)
    return CampaignAnswer.of(funnel, audience, trouble, list_holds(session, campaign_id))


def read_campaign(call: Call[None, None]) -> CampaignAnswer:
    with reading(call.engine) as session:
        return describe(session, call.workspace_id, call.ids["campaign_id"])


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}",
        name="read_campaign",
        summary="Read how far a campaign is",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign,
        answer=CampaignAnswer,
        failures=(NOT_FOUND,),
    ),
)
