"""Landing pages over the API: written as documents, published, deleted. What stands in a document: docs/pages.md."""

import json
from datetime import datetime
from typing import Any, Self

from pydantic import Field, field_validator
from sqlmodel import Session

from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Parameters, Payload
from linksvc.database import reading, writing
from linksvc.landing.documents import Document, parse_document
from linksvc.landing.pages import (
    Page,
    PageSummary,
    create_page,
    delete_page,
    edit_page,
    find_page,
    list_pages,
    publish_page,
)
from linksvc.names import LONGEST
from linksvc.public_ids import format_id, parse_id

LIST_MOST = 1_000

_BODY_MOST_BYTES = 1_048_576
"""A document with every character escaped, and room to tell that one is too long."""

_VERSIONS_MOST = 2_147_483_647

_EXAMPLE = {
    "title": {"en": "Your offer"},
    "languages": ["en"],
    "theme": {"accent": "#0b57d0"},
    "blocks": [
        {"id": "hello", "type": "text", "text": {"en": "Hello {{ first_name | default: 'there' }}!"}},
        {"id": "code", "type": "code", "label": {"en": "Your code"}, "forms": ["copy", "qr"]},
        {"id": "stop", "type": "opt_out", "label": {"en": "Get no more texts"}},
    ],
}


class PagePayload(Payload):
    name: str = Field(min_length=1, max_length=LONGEST, description="As the list of pages calls it.", examples=["Sale"])
    document: Document = Field(
        description="What stands on the page. It may be unfinished until it is published.", examples=[_EXAMPLE]
    )

    @field_validator("document", mode="before")
    @classmethod
    def _tell_the_block(cls, written: Any) -> Document:
        """What is wrong is told with the block that it is in."""
        return parse_document(json.dumps(written, ensure_ascii=False), "document")


class PageChange(PagePayload):
    version: int = Field(ge=1, le=_VERSIONS_MOST, description="The version that was changed: `version` as it was read.")


class PublicationPayload(Payload):
    version: int = Field(ge=1, le=_VERSIONS_MOST, description="The version that recipients are to see.")


class PageSummaryAnswer(Answer):
    id: str
    name: str
    version: int = Field(description="Of the draft; each change makes it greater.")
    published_version: int | None = Field(description="What recipients see; null until it was published.")
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None

    @classmethod
    def of(cls, page: PageSummary, **more: Any) -> Self:
        return cls(
            id=format_id("page", page.id),
            name=page.name,
            version=page.version,
            published_version=page.published_version or None,
            created_at=page.created_at,
            updated_at=page.updated_at,
            published_at=page.published_at,
            **more,
        )


class PageAnswer(PageSummaryAnswer):
    document: Document = Field(description="The draft.")


class PagesQuery(Parameters):
    after: str | None = Field(None, max_length=40, description="`next_after` of the list before.")
    limit: int = Field(100, ge=1, le=LIST_MOST)


class PagesAnswer(Answer):
    pages: tuple[PageSummaryAnswer, ...] = Field(description="Newest first, without their documents.")
    next_after: str | None = Field(description="Send it as `after` for the next ones; null on the last.")


def _answer(page: Page) -> PageAnswer:
    return PageAnswer.of(page, document=page.document)


def add_page(call: Call[PagePayload, None]) -> Prepared:
    sent = call.body

    def work(session: Session) -> PageAnswer:
        return _answer(create_page(session, call.workspace_id, sent.name, sent.document, call.now()))

    return answer_once(call, work)


def read_pages(call: Call[None, PagesQuery]) -> PagesAnswer:
    after = parse_id("page", call.query.after) if call.query.after else None
    with reading(call.engine) as session:
        found = list_pages(session, call.workspace_id, after, call.query.limit)
    next_after = format_id("page", found.next_after) if found.next_after else None
    return PagesAnswer(pages=tuple(map(PageSummaryAnswer.of, found.pages)), next_after=next_after)


def read_page(call: Call[None, None]) -> PageAnswer:
    with reading(call.engine) as session:
        return _answer(find_page(session, call.workspace_id, call.ids["page_id"]))


def change_page(call: Call[PageChange, None]) -> PageAnswer:
    sent, page_id = call.body, call.ids["page_id"]
    with writing(call.engine) as session:
        return _answer(edit_page(session, call.workspace_id, page_id, sent.version, sent.name, sent.document, call.now()))


def publish(call: Call[PublicationPayload, None]) -> Prepared:
    def work(session: Session) -> PageAnswer:
        page_id, version = call.ids["page_id"], call.body.version
        return _answer(publish_page(session, call.workspace_id, page_id, version, call.now()))

    return answer_once(call, work)


def remove_page(call: Call[None, None]) -> PageAnswer:
    with writing(call.engine) as session:
        return _answer(delete_page(session, call.workspace_id, call.ids["page_id"]))


NOT_FOUND = Failure(404, "page_not_found", "There is no such page in this workspace.")
_INVALID = Failure(422, "page_invalid", "The document is none of a page; `errors` name the blocks and their fields.")
_CHANGED = Failure(409, "page_changed", "Somebody changed the page in the meantime; read it again.")
_ONE = "/v1/pages/{page_id}"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/pages",
        name="add_page",
        summary="Add a page",
        description="A draft: nobody sees it until it is published and a campaign leads to it.",
        tag="pages",
        scope="pages:write",
        handler=add_page,
        body=PagePayload,
        body_most_bytes=_BODY_MOST_BYTES,
        idempotency_key="optional",
        status=201,
        answer=PageAnswer,
        failures=(_INVALID,),
    ),
    Operation(
        method="GET",
        path="/v1/pages",
        name="read_pages",
        summary="List the pages",
        tag="pages",
        scope="pages:read",
        handler=read_pages,
        query=PagesQuery,
        answer=PagesAnswer,
        failures=(Failure(404, "not_found", "`after` is no id of a page."),),
    ),
    Operation(
        method="GET",
        path=_ONE,
        name="read_page",
        summary="Read a page",
        tag="pages",
        scope="pages:read",
        handler=read_page,
        answer=PageAnswer,
        failures=(NOT_FOUND,),
    ),
    Operation(
        method="PUT",
        path=_ONE,
        name="change_page",
        summary="Change a page",
        description="Replaces the draft. Recipients go on seeing what was published. The same sent twice is stored once.",
        tag="pages",
        scope="pages:write",
        handler=change_page,
        body=PageChange,
        body_most_bytes=_BODY_MOST_BYTES,
        answer=PageAnswer,
        failures=(NOT_FOUND, _INVALID, _CHANGED),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/publish",
        name="publish_page",
        summary="Publish a page",
        description="Links that lead to the page show this version within a second or two, those that were sent too.",
        tag="pages",
        scope="pages:write",
        handler=publish,
        body=PublicationPayload,
        idempotency_key="optional",
        answer=PageAnswer,
        failures=(
            NOT_FOUND,
            _CHANGED,
            Failure(409, "page_needs_offer", "The page shows a code, and a campaign that leads to it has no offer."),
            Failure(422, "page_incomplete", "Texts, pictures or contrast are missing; `errors` tell each."),
        ),
    ),
    Operation(
        method="DELETE",
        path=_ONE,
        name="remove_page",
        summary="Delete a page",
        description="Only while no link leads to it. The answer is the page as it was.",
        tag="pages",
        scope="pages:write",
        handler=remove_page,
        answer=PageAnswer,
        failures=(NOT_FOUND, Failure(409, "page_in_use", "Links lead to the page; the detail names their campaigns.")),
    ),
)
