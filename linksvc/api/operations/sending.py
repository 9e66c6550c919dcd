"""Sending a campaign over the API: from here on it is the workers' business."""

from linksvc.api.operation import Call, Failure, Operation
from linksvc.api.operations.reports import NOT_FOUND, CampaignAnswer, describe
from linksvc.database import writing
from linksvc.production import request_send


def send_campaign(call: Call[None, None]) -> CampaignAnswer:
    campaign_id = call.ids["campaign_id"]
    with writing(call.engine) as session:
        request_send(session, call.workspace_id, campaign_id, call.now())
        return describe(session, call.workspace_id, campaign_id)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/campaigns/{campaign_id}/send",
        name="send_campaign",
        summary="Send a campaign",
        description="Once. Messages are made and sent in the background; read the campaign to see how far it is.",
        tag="campaigns",
        scope="campaigns:write",
        handler=send_campaign,
        status=202,
        answer=CampaignAnswer,
        failures=(
            NOT_FOUND,
            Failure(409, "campaign_already_sent", "A campaign is sent once."),
            Failure(422, "audience_empty", "Nobody of the audience may be sent to."),
        ),
    ),
)
