"""What is done with a campaign over the API once it is written: send, pause, resume, cancel. The rest is the workers'."""

from collections.abc import Callable
from typing import Any

from pydantic import Field
from sqlmodel import Session

from linksvc import campaign_control
from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.operations.reports import NOT_FOUND, CampaignAnswer, describe
from linksvc.api.payloads import Moment, Payload


class SendPayload(Payload):
    """When to send; nothing of it: now, for as long as it takes."""

    at: str | None = Field(
        None,
        max_length=40,
        description="A date and hour as clocks show it, without an offset.",
        examples=["2026-11-27T10:00"],
    )
    timezone: str | None = Field(
        None,
        max_length=60,
        description="Whose clocks: an IANA name, or “recipient” for each recipient's own; the workspace's, unless told.",
        examples=["Europe/Paris", "recipient"],
    )
    expires_at: Moment | None = Field(None, description="Nothing leaves from then on.")


def send_campaign(call: Call[SendPayload, None]) -> Prepared:
    sent = call.body

    def send(session: Session, campaign_id: int) -> None:
        schedule = campaign_control.read_times(session, call.workspace_id, sent.at, sent.timezone)
        campaign_control.send(session, call.workspace_id, campaign_id, call.now(), schedule, sent.expires_at)

    return _changed(call, send)


def pause_campaign(call: Call[None, None]) -> Prepared:
    return _changed(call, lambda session, id: campaign_control.pause(session, call.workspace_id, id, call.now()))


def resume_campaign(call: Call[None, None]) -> Prepared:
    return _changed(call, lambda session, id: campaign_control.resume(session, call.workspace_id, id))


def cancel_campaign(call: Call[None, None]) -> Prepared:
    return _changed(call, lambda session, id: campaign_control.cancel(session, call.workspace_id, id, call.now()))


def _changed(call: Call[Any, None], change: Callable[[Session, int], None]) -> Prepared:
    campaign_id = call.ids["campaign_id"]

    def work(session: Session) -> CampaignAnswer:
        change(session, campaign_id)
        return describe(session, call.workspace_id, campaign_id)

    return answer_once(call, work)


_NOT_RUNNING = Failure(409, "campaign_not_running", "The campaign is a draft, was sent, or was cancelled.")

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/campaigns/{campaign_id}/send",
        name="send_campaign",
        summary="Send a campaign",
        description="Once: now, or at a time, which may be changed by sending it again until then. Messages are made and "
        "sent in the background; read the campaign to see how far it is.",
        tag="campaigns",
        scope="campaigns:write",
        handler=send_campaign,
        idempotency_key="optional",
        body=SendPayload,
        body_optional=True,
        status=202,
        answer=CampaignAnswer,
        failures=(
            NOT_FOUND,
            Failure(403, "sandbox_sends_nothing", "It is a test key: no SMS leaves a sandbox."),
            Failure(409, "campaign_already_sent", "A campaign is sent once."),
            Failure(422, "audience_empty", "Nobody of the audience may be sent to."),
            Failure(422, "codes_too_few", "The lists that its codes come from have fewer than its audience has people."),
            Failure(422, "schedule_invalid", "The date and hour or the time zone cannot be read."),
            Failure(422, "schedule_past", "The date and hour are over."),
            Failure(422, "expiry_invalid", "The campaign would expire before it begins."),
        ),
    ),
    Operation(
        method="POST",
        path="/v1/campaigns/{campaign_id}/pause",
        name="pause_campaign",
        summary="Pause a campaign",
        description="Nothing is handed over from now on; what was handed over is on its way.",
        tag="campaigns",
        scope="campaigns:write",
        handler=pause_campaign,
        idempotency_key="optional",
        answer=CampaignAnswer,
        failures=(NOT_FOUND, _NOT_RUNNING),
    ),
    Operation(
        method="POST",
        path="/v1/campaigns/{campaign_id}/resume",
        name="resume_campaign",
        summary="Let a paused campaign go on",
        tag="campaigns",
        scope="campaigns:write",
        handler=resume_campaign,
        idempotency_key="optional",
        answer=CampaignAnswer,
        failures=(NOT_FOUND, _NOT_RUNNING),
    ),
    Operation(
        method="POST",
        path="/v1/campaigns/{campaign_id}/cancel",
        name="cancel_campaign",
        summary="Cancel a campaign",
        description="Nothing is handed over from now on, for good.",
        tag="campaigns",
        scope="campaigns:write",
        handler=cancel_campaign,
        idempotency_key="optional",
        answer=CampaignAnswer,
        failures=(NOT_FOUND, Failure(409, "campaign_not_running", "The campaign was sent.")),
    ),
)
