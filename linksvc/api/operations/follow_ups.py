"""Before a campaign is sent: how many its audience has. And after: a draft of the same to the people behind a number."""

from pydantic import Field
from sqlmodel import Session

from linksvc.api.audience_shapes import AudienceCountAnswer
from linksvc.api.filter_shapes import FILTER_FAILURES, FilterPayload
from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.operations.reports import NOT_FOUND, CampaignAnswer, describe
from linksvc.api.payloads import Payload
from linksvc.audiences import count_audience
from linksvc.database import reading
from linksvc.follow_ups import NewFollowUp, create_follow_up
from linksvc.left_out import LEAVES_OUT
from linksvc.names import LONGEST


class FollowUpPayload(Payload):
    name: str = Field(max_length=LONGEST, description="Of the draft.", examples=["Autumn, reminder"])
    filter: FilterPayload = Field(
        description="To the people behind which number.", examples=[{"stage": "reached", "not": "clicked"}]
    )
    leave_out: tuple[str, ...] | None = Field(
        None,
        max_length=len(LEAVES_OUT),
        description="Whoever has reached one of these stages with the parent's message is left out when it is sent: "
        f"{', '.join(LEAVES_OUT)}. Those of the filter's `not`, unless told.",
        examples=[["clicked", "redeemed"]],
    )


def add_follow_up(call: Call[FollowUpPayload, None]) -> Prepared:
    new = NewFollowUp(call.body.name, call.body.filter.read(), call.body.leave_out)

    def work(session: Session) -> CampaignAnswer:
        parent_id, short_url = call.ids["campaign_id"], call.settings.short_url
        campaign_id = create_follow_up(session, call.workspace_id, parent_id, new, call.now(), short_url)
        return describe(session, call.workspace_id, campaign_id)

    return answer_once(call, work)


def read_campaign_audience(call: Call[None, None]) -> AudienceCountAnswer:
    with reading(call.engine) as session:
        return AudienceCountAnswer.of(count_audience(session, call.workspace_id, call.ids["campaign_id"]))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/audience",
        name="read_campaign_audience",
        summary="Count a campaign's audience",
        description="As of now, by looking at everybody in it: before a campaign is sent, it says how many will be.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_audience,
        answer=AudienceCountAnswer,
        failures=(NOT_FOUND,),
    ),
    Operation(
        method="POST",
        path="/v1/campaigns/{campaign_id}/follow-ups",
        name="add_follow_up",
        summary="Send to the people behind a number",
        description="Keeps them as a segment, and adds a draft to it with text, sender, link, offer and pace of this "
        "campaign. Nobody is written to until it is sent. The same asked for again within a minute is the same draft.",
        tag="campaigns",
        scope="campaigns:write",
        handler=add_follow_up,
        body=FollowUpPayload,
        idempotency_key="optional",
        status=201,
        answer=CampaignAnswer,
        failures=(
            NOT_FOUND,
            Failure(409, "parent_without_text", "It is a month of single messages, each with a text of its own."),
            *FILTER_FAILURES,
            Failure(422, "leave_out_unknown", "No such stage can be left out."),
            Failure(422, "window_empty", "The time of the campaign's link is over."),
            Failure(422, "page_not_published", "The campaign's landing page is not published."),
            Failure(404, "page_not_found", "The campaign's landing page is gone."),
            Failure(422, "offer_ended", "The campaign's offer has ended."),
            Failure(422, "offer_withdrawn", "The campaign's offer was withdrawn."),
            Failure(422, "code_source_empty", "There are no codes left of the source of the campaign's codes."),
        ),
    ),
)
