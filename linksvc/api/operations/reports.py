"""A campaign's figures over the API: how far it is, its funnel, and the messages behind each figure."""

from datetime import datetime
from typing import Self

from pydantic import Field
from sqlmodel import Session

from linksvc.api.audience_shapes import AudienceAnswer, answer_of
from linksvc.api.operation import Call, Failure, Operation
from linksvc.api.payloads import Answer, Parameters
from linksvc.audiences import Audience, read_audience
from linksvc.database import reading
from linksvc.funnel import Funnel, MessagePage, MessageRow, list_messages, read_funnel
from linksvc.holds import MOST_TOLD, REASONS, Held, list_holds
from linksvc.message_filters import MessageFilter
from linksvc.promo_codes import display
from linksvc.public_ids import format_id
from linksvc.route_trouble import RouteTrouble, find_trouble, is_waiting
from linksvc.stages import SENT, STAGES, UNSENT

NOT_FOUND = Failure(404, "campaign_not_found", "There is no such campaign in this workspace.")

PAGE_MOST = 1_000
_FURTHEST = 2**53
"""No campaign has that many messages, and every database holds the number."""


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


class MessagesQuery(Parameters):
    stage: str = Field("produced", max_length=40, description=f"One of: {', '.join(STAGES)}.")
    after: int = Field(-1, ge=-1, le=_FURTHEST, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class MessageAnswer(Answer):
    n: int = Field(description="Its number in the campaign, from 0.")
    number: str | None = Field(description="The recipient's; null unless the key has the scope contacts:read.")
    country: str
    state: str
    code: str | None = Field(description="The promo code, if it has one; null unless the key has the scope codes:validate.")
    parts: int
    error: str
    cause: str = Field(description="Why it was refused or did not arrive, in our own words; empty otherwise.")
    held_reason: str | None = Field(description=f"Why it is held back: {', '.join(REASONS)}; null when it is not.")
    held_until: datetime | None
    price_micros: int = Field(description="What its parts cost, in millionths of the currency's unit.")
    price_currency: str
    produced_at: datetime
    submitted_at: datetime | None
    receipt_at: datetime | None
    clicked_at: datetime | None
    engaged_at: datetime | None = Field(description="When somebody first did something on the page behind its link.")
    redeemed_at: datetime | None
    paid_at: datetime | None = Field(description="When what it asked for was paid.")
    replied_at: datetime | None
    opted_out_at: datetime | None

    @classmethod
    def of(cls, row: MessageRow, scopes: frozenset[str]) -> Self:
        return cls(
            n=row.n,
            number=row.number if "contacts:read" in scopes else None,
            country=row.country,
            state=row.state,
            code=display(row.code) if row.code and "codes:validate" in scopes else None,
            parts=row.parts,
            error=row.error,
            cause=row.cause,
            held_reason=row.held_reason if row.state == "held" else None,
            held_until=row.held_until if row.state == "held" else None,
            price_micros=row.price_micros,
            price_currency=row.price_currency,
            produced_at=row.produced_at,
            submitted_at=row.submitted_at,
            receipt_at=row.receipt_at,
            clicked_at=row.clicked_at,
            engaged_at=row.engaged_at,
            redeemed_at=row.redeemed_at,
            paid_at=row.paid_at,
            replied_at=row.replied_at,
            opted_out_at=row.opted_out_at,
        )


class MessagesAnswer(Answer):
    stage: str
    total: int = Field(description="The figure that these messages stand behind.")
    messages: tuple[MessageAnswer, ...]
    next_after: int | None = Field(description="Send it as `after` for the next page; null on the last.")

    @classmethod
    def of(cls, stage: str, page: MessagePage, scopes: frozenset[str]) -> Self:
        messages = tuple(MessageAnswer.of(row, scopes) for row in page.rows)
        return cls(stage=stage, total=page.total, messages=messages, next_after=page.next_after)


def describe(session: Session, workspace_id: int, campaign_id: int) -> CampaignAnswer:
    """The campaign as it stands; routes in trouble are told while messages wait for them, holds while they last."""
    funnel = read_funnel(session, workspace_id, campaign_id)
    trouble = find_trouble(session, campaign_id) if is_waiting(funnel) else ()
    audience = read_audience(session, workspace_id, campaign_id)
    return CampaignAnswer.of(funnel, audience, trouble, list_holds(session, campaign_id))


def read_campaign(call: Call[None, None]) -> CampaignAnswer:
    with reading(call.engine) as session:
        return describe(session, call.workspace_id, call.ids["campaign_id"])


def read_campaign_messages(call: Call[None, MessagesQuery]) -> MessagesAnswer:
    query = call.query
    with reading(call.engine) as session:
        behind = MessageFilter(query.stage)
        page = list_messages(session, call.workspace_id, call.ids["campaign_id"], behind, query.after, query.limit)
    return MessagesAnswer.of(query.stage, page, call.caller.scopes)


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
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/messages",
        name="read_campaign_messages",
        summary="List the messages behind a figure",
        description="In the order of n: exactly the messages that the figure of the funnel counts.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_messages,
        query=MessagesQuery,
        answer=MessagesAnswer,
        failures=(NOT_FOUND, Failure(422, "unknown_stage", "There is no such stage.")),
    ),
)
