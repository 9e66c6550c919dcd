"""Writing campaigns over the API. A campaign is a draft until it is sent."""

from typing import Literal

from pydantic import Field
from sqlmodel import Session

from linksvc.api.audience_shapes import AudienceField, audience_of
from linksvc.api.link_shapes import PAGE_FAILURES, TERMS_FAILURES, TermsPayload
from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.operations.reports import CampaignAnswer, describe
from linksvc.api.payloads import Payload
from linksvc.campaigns import ATTRIBUTION_DAYS, MAX_ATTRIBUTION_DAYS, MAX_RATE_PER_S, NewCampaign, create_campaign
from linksvc.code_dealing import Source
from linksvc.destinations import MAX_CHARACTERS as LONGEST_DESTINATION
from linksvc.link_terms import LinkTerms
from linksvc.names import LONGEST
from linksvc.personal_destinations import FIELDS as DESTINATION_FIELDS
from linksvc.public_ids import parse_id
from linksvc.templates import FIELDS
from linksvc.templates import MAX_CHARACTERS as LONGEST_TEXT


class CampaignPayload(Payload):
    name: str = Field(max_length=LONGEST)
    kind: Literal["marketing", "transactional"]
    text: str = Field(
        max_length=LONGEST_TEXT,
        description=f"Fields: {', '.join(FIELDS)}. A marketing text has {{{{ stop }}}}.",
        examples=["Bonjour {{ first_name }}, -20 % : {{ link }} code {{ code }}. {{ stop }}"],
    )
    sender: str = Field(
        description="A short code, a number in E.164, or, for transactional campaigns, a name of at most 11 characters.",
        examples=["36180"],
    )
    destination_url: str | None = Field(
        None,
        max_length=LONGEST_DESTINATION,
        description="Where {{ link }} leads to: http or https. Behind the host it may have fields, which make it another "
        f"one for each recipient: {', '.join(DESTINATION_FIELDS)}.",
        examples=["https://shop.example/sale", "https://pay.example/?code={{ code }}"],
    )
    page_id: str | None = Field(
        None,
        description="A published landing page that {{ link }} shows, instead of a destination. One that shows the code "
        "needs an offer.",
        examples=["pag_3"],
    )
    link_terms: TermsPayload | None = Field(None, description="From when until when {{ link }} leads there, and with what.")
    offer_id: str | None = Field(None, description="What {{ code }} is worth.", examples=["off_3"])
    code_source: Source | None = Field(
        None,
        description="Where the codes come from: generated, imported (the offer's lists), shared (the one for all). Needed "
        "if the offer has lists or a shared code; else they are generated.",
    )
    rate_per_s: int = Field(100, ge=1, le=MAX_RATE_PER_S, description="SMS fragments a second, at most.")
    attribution_days: int = Field(
        ATTRIBUTION_DAYS,
        description="For how many days after its submission clicks, redemptions, payments and replies count as results of a "
        f"message, 1 to {MAX_ATTRIBUTION_DAYS}; what comes later is told apart as late.",
        json_schema_extra={"minimum": 1, "maximum": MAX_ATTRIBUTION_DAYS},
    )
    audience: AudienceField = Field(
        None,
        description="Needed: “all” who may be sent to, the contacts of one import who may, or the people of segments.",
        examples=["all", {"import_id": "imp_3"}, {"segments": ["seg_4", "seg_7"]}],
    )


def add_campaign(call: Call[CampaignPayload, None]) -> Prepared:
    new = _new_campaign(call.body)

    def work(session: Session) -> CampaignAnswer:
        campaign_id = create_campaign(session, call.workspace_id, new, call.now(), call.settings.short_url)
        return describe(session, call.workspace_id, campaign_id)

    return answer_once(call, work)


def _new_campaign(sent: CampaignPayload) -> NewCampaign:
    return NewCampaign(
        name=sent.name,
        kind=sent.kind,
        text=sent.text,
        sender=sent.sender,
        destination_url=sent.destination_url or "",
        page_id=parse_id("page", sent.page_id) if sent.page_id else None,
        offer_id=parse_id("offer", sent.offer_id) if sent.offer_id else None,
        code_source=sent.code_source,
        rate_per_s=sent.rate_per_s,
        attribution_days=sent.attribution_days,
        link_terms=sent.link_terms.terms() if sent.link_terms else LinkTerms(),
        audience=audience_of(sent.audience),
    )


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/campaigns",
        name="add_campaign",
        summary="Add a campaign",
        description="A draft: nobody is written to until it is sent.",
        tag="campaigns",
        scope="campaigns:write",
        handler=add_campaign,
        body=CampaignPayload,
        idempotency_key="optional",
        status=201,
        answer=CampaignAnswer,
        failures=(
            Failure(422, "text_empty", "The text is empty."),
            Failure(422, "text_too_long", "The text takes more than 10 SMS fragments."),
            Failure(422, "template_invalid", "The text cannot be read as a template."),
            Failure(422, "template_unknown_field", "The text has a field that there is not."),
            Failure(422, "template_tag_not_allowed", "The text has a tag, such as a loop."),
            Failure(422, "stop_missing", "A marketing text lacks {{ stop }}."),
            Failure(422, "sender_invalid", "The sender is no short code, no number and no name."),
            Failure(422, "sender_cannot_receive", "A marketing campaign comes from a name, which nobody can answer."),
            Failure(422, "destination_invalid", "The destination is no public http or https address."),
            Failure(422, "link_without_destination", "The text has {{ link }}, and there is neither destination nor page."),
            Failure(422, "destination_without_link", "There is a destination or a page, and the text lacks {{ link }}."),
            Failure(422, "terms_without_destination", "There are terms of a link, and no destination they are about."),
            *PAGE_FAILURES,
            *TERMS_FAILURES,
            Failure(422, "code_without_offer", "The text, the destination or the page has the code, and there is no offer."),
            Failure(422, "offer_without_code", "There is an offer, and neither text, destination nor page has the code."),
            Failure(422, "offer_ended", "The offer has ended."),
            Failure(422, "offer_withdrawn", "The offer was withdrawn."),
            Failure(422, "code_source_missing", "The offer has lists or a shared code; say where the codes come from."),
            Failure(422, "code_source_empty", "There are no codes of this source."),
            Failure(422, "attribution_invalid", f"`attribution_days` is not from 1 to {MAX_ATTRIBUTION_DAYS}."),
            Failure(422, "audience_missing", "It is not said to whom."),
            Failure(422, "import_unfinished", "The audience is an import that did not finish."),
            Failure(404, "not_found", "`offer_id`, `import_id`, `page_id` or a segment is no id of such a thing."),
            Failure(404, "offer_not_found", "There is no such offer in this workspace."),
            Failure(404, "import_not_found", "There is no such import in this workspace."),
            Failure(404, "segment_not_found", "There is no such segment in this workspace."),
        ),
    ),
)
