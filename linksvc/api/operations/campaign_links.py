"""The link of a campaign's messages over the API. A wrong address in a sent campaign is put right here."""

from linksvc.api.link_shapes import PAGE_FAILURES, TERMS_FAILURES, CampaignLinkAnswer, CampaignLinkChanges
from linksvc.api.operation import Call, Failure, Operation
from linksvc.api.operations.reports import NOT_FOUND
from linksvc.database import reading, writing
from linksvc.links import edit_campaign_link, find_campaign_link

_NO_LINK = Failure(404, "link_not_found", "The campaign's text has no link.")


def read_campaign_link(call: Call[None, None]) -> CampaignLinkAnswer:
    with reading(call.engine) as session:
        return CampaignLinkAnswer.of(
            find_campaign_link(session, call.short_links, call.workspace_id, call.ids["campaign_id"])
        )


def change_campaign_link(call: Call[CampaignLinkChanges, None]) -> CampaignLinkAnswer:
    campaign_id = call.ids["campaign_id"]
    with writing(call.engine) as session:
        return CampaignLinkAnswer.of(
            edit_campaign_link(session, call.short_links, call.workspace_id, campaign_id, call.body.applied_to, call.now())
        )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/link",
        name="read_campaign_link",
        summary="Read where a campaign's link leads to",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_link,
        answer=CampaignLinkAnswer,
        failures=(NOT_FOUND, _NO_LINK),
    ),
    Operation(
        method="PATCH",
        path="/v1/campaigns/{campaign_id}/link",
        name="change_campaign_link",
        summary="Change where a campaign's link leads to",
        description=(
            "At any time: the links that were sent already lead to the new destination within a second or two. What is left "
            "out stays as it is; null takes a term away."
        ),
        tag="campaigns",
        scope="campaigns:write",
        handler=change_campaign_link,
        body=CampaignLinkChanges,
        answer=CampaignLinkAnswer,
        failures=(
            NOT_FOUND,
            _NO_LINK,
            Failure(422, "destination_invalid", "The destination is no public http or https address."),
            *PAGE_FAILURES,
            Failure(422, "terms_without_destination", "A term is about a destination, and the link leads to a page."),
            Failure(422, "code_without_offer", "The destination or the page has the code, and the campaign has no offer."),
            *TERMS_FAILURES,
        ),
    ),
)
