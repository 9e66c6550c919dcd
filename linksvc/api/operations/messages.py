"""Single messages over the API: one transactional SMS to one person, and what became of it."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from sqlmodel import Session

from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Day, Line, Moment, Payload
from linksvc.database import reading
from linksvc.destinations import MAX_CHARACTERS as LONGEST_DESTINATION
from linksvc.link_terms import LinkTerms
from linksvc.public_ids import format_id, parse_id
from linksvc.single_checks import NewSingle, check
from linksvc.single_messages import send
from linksvc.single_recipients import Recipient
from linksvc.single_reports import OwnLink, SingleMessage, find_single, id_of
from linksvc.templates import MAX_CHARACTERS as LONGEST_TEXT

FIELDS = "first_name, last_name, city, link, stop"


class RecipientPayload(Payload):
    """One of the two."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = Field(
        None,
        description="With its country code. One that no contact has becomes a contact without any consent.",
        examples=["+33639980001"],
    )
    external_id: Line | None = Field(None, description="What your systems call a contact.", examples=["C-1042"])

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.number is None) == (self.external_id is None):
            raise ValueError("Either a number or an external_id is asked for")
        return self

    def recipient(self) -> Recipient:
        return Recipient(self.number or "", self.external_id or "")


class MessagePayload(Payload):
    to: RecipientPayload
    text: str = Field(
        max_length=LONGEST_TEXT,
        description=f"Fields: {FIELDS}.",
        examples=["Bonjour {{ first_name }}, suivez votre colis : {{ link }}"],
    )
    sender: str = Field(
        max_length=20, description="A short code, a number in E.164, or a name of at most 11 characters.", examples=["36180"]
    )
    destination_url: str | None = Field(
        None,
        max_length=LONGEST_DESTINATION,
        description="Where {{ link }} leads to; needed with it, unless there is a page_id.",
        examples=["https://shop.example/parcel/1042"],
    )
    page_id: str | None = Field(
        None, max_length=30, description="A published landing page that {{ link }} leads to.", examples=["pag_3"]
    )
    expires_at: Moment | Day | None = Field(
        None, description="Until when the link leads there; a date alone is a day in the workspace's time zone: its end."
    )

    def new(self) -> NewSingle:
        return NewSingle(
            to=self.to.recipient(),
            text=self.text,
            sender=self.sender,
            destination_url=self.destination_url or "",
            page_id=parse_id("page", self.page_id) if self.page_id else None,
            terms=LinkTerms(expires_at=self.expires_at),
        )


class OwnLinkAnswer(Answer):
    short_url: str = Field(description="What stands in the text.")
    destination_url: str
    page_id: str | None
    expires_at: datetime | None
    closed: str = Field(description="paid: it leads to a page that says so; empty: it leads where it should.")

    @classmethod
    def of(cls, link: OwnLink) -> Self:
        page_id = format_id("page", link.page_id) if link.page_id else None
        return cls(
            short_url=link.short_url,
            destination_url=link.destination_url,
            page_id=page_id,
            expires_at=link.expires_at,
            closed=link.closed,
        )


class SingleMessageAnswer(Answer):
    id: str
    campaign_id: str = Field(description="The campaign of this month's single messages from this sender.")
    n: int = Field(description="With campaign_id what webhooks call the message.")
    number: str
    external_id: str
    sender: str
    text: str = Field(description="As it was written, with its fields.")
    link: OwnLinkAnswer | None
    state: str = Field(
        description="queued, held (until held_until), stopped, left_out, cancelled, expired_unsent, refused, "
        "outcome_unknown, submitted, delivered, failed, expired or unknown."
    )
    cause: str = Field(description="Why it did not arrive, or what it waits for; see docs/receipts.md.")
    held_until: datetime | None
    created_at: datetime
    submitted_at: datetime | None
    ended_at: datetime | None = Field(description="When its state became final.")
    clicked_at: datetime | None = Field(description="The first time a person did, of somebody who agreed to be followed.")
    engaged_at: datetime | None
    paid_at: datetime | None
    replied_at: datetime | None
    opted_out_at: datetime | None

    @classmethod
    def of(cls, found: SingleMessage) -> Self:
        values = {name: getattr(found, name) for name in cls.model_fields if name not in ("id", "campaign_id", "link")}
        return cls(
            id=format_id("message", found.id),
            campaign_id=format_id("campaign", found.campaign_id),
            link=OwnLinkAnswer.of(found.link) if found.link else None,
            **values,
        )


def add_message(call: Call[MessagePayload, None]) -> Prepared:
    new = call.body.new()

    def work(session: Session) -> SingleMessageAnswer:
        checked = check(session, call.short_links, call.workspace_id, new, call.now())
        place = send(session, call.short_links, call.workspace_id, checked, call.now())
        return SingleMessageAnswer.of(find_single(session, call.short_links, call.workspace_id, id_of(place)))

    return answer_once(call, work)


def read_message(call: Call[None, None]) -> SingleMessageAnswer:
    with reading(call.engine) as session:
        return SingleMessageAnswer.of(find_single(session, call.short_links, call.workspace_id, call.ids["message_id"]))


MESSAGE_FAILURES = (
    Failure(403, "sandbox_sends_nothing", "The key is a test key."),
    Failure(404, "contact_not_found", "There is no contact of this external id with a number."),
    Failure(409, "recipient_ambiguous", "Several contacts have this external id."),
    Failure(409, "recipient_stopped", "The number said STOP."),
    Failure(422, "recipient_invalid", "The number is no mobile number with its country code."),
    Failure(422, "text_empty", "The text is empty."),
    Failure(422, "text_too_long", "The text takes more than 10 SMS fragments."),
    Failure(422, "template_invalid", "The text cannot be read as a template."),
    Failure(422, "template_unknown_field", "The text has a field that there is not."),
    Failure(422, "template_tag_not_allowed", "The text has a tag, such as a loop."),
    Failure(422, "code_without_offer", "The text or the destination has {{ code }}, and nobody has one."),
    Failure(422, "sender_invalid", "The sender is no short code, no number and no name."),
    Failure(422, "destination_invalid", "The destination is no public http or https address."),
    Failure(422, "destination_without_link", "There is a destination, and the text lacks {{ link }}."),
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/messages",
        name="add_message",
        summary="Send a message",
        description="One transactional SMS to one person. It leaves within seconds, unless the number says STOP meanwhile "
        "or its campaign is paused. Nothing tells it from marketing but your word: what advertises needs a campaign.",
        tag="messages",
        scope="messages:write",
        handler=add_message,
        body=MessagePayload,
        idempotency_key="required",
        status=201,
        answer=SingleMessageAnswer,
        failures=(
            *MESSAGE_FAILURES,
            Failure(404, "not_found", "`page_id` is no id of a landing page."),
            Failure(404, "page_not_found", "There is no such landing page in this workspace."),
            Failure(422, "page_not_published", "The page was never published."),
            Failure(422, "page_and_destination", "There is a page and a destination."),
            Failure(422, "link_without_destination", "The text has {{ link }}, and there is neither destination nor page."),
            Failure(422, "terms_without_destination", "There is an end, and no link that could end."),
            Failure(422, "window_empty", "The link would have ended already."),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/messages/{message_id}",
        name="read_message",
        summary="Read what became of a message",
        description="Webhooks (`message.delivered`, `message.failed`, `link.clicked`) tell the same without being asked.",
        tag="messages",
        scope="messages:read",
        handler=read_message,
        answer=SingleMessageAnswer,
        failures=(Failure(404, "message_not_found", "There is no such single message in this workspace."),),
    ),
)
