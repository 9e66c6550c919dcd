"""Ad-hoc links over the API: made one by one or many at once, listed, changed, and opened onto their visits."""

from datetime import datetime
from typing import Literal, Self

from pydantic import Field
from sqlmodel import Session

from linksvc.ad_hoc_links import (
    BATCH_MOST,
    create_link,
    create_links,
    edit_link,
    find_link,
    list_link_visits,
    list_links,
)
from linksvc.api.link_shapes import TERMS_FAILURES, LinkChanges, TermsAnswer, TermsPayload, answered
from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Parameters, Payload
from linksvc.database import reading, writing
from linksvc.destinations import MAX_CHARACTERS
from linksvc.link_visits import Visit, VisitPage, Visits
from linksvc.links import LinkDetails, NewLink
from linksvc.names import LONGEST
from linksvc.public_ids import format_id, parse_id

PAGE_MOST = 1_000

_BATCH_MOST_BYTES = 4_194_304
"""A thousand links with their terms; room for the longest destinations besides."""


class LinkPayload(TermsPayload):
    destination_url: str = Field(
        max_length=MAX_CHARACTERS, description="http or https.", examples=["https://shop.example/sale"]
    )
    title: str = Field("", max_length=LONGEST, description="For people: what the link is for.", examples=["Poster, Lyon"])

    def link(self) -> NewLink:
        return NewLink(self.destination_url, self.title, self.terms())


class LinksPayload(Payload):
    links: tuple[LinkPayload, ...] = Field(min_length=1, max_length=BATCH_MOST)


class VisitsAnswer(Answer):
    """How many visits each verdict has; each opens its own list."""

    human: int
    suspect: int
    machine: int

    @classmethod
    def of(cls, visits: Visits) -> Self:
        return cls(human=visits.human, suspect=visits.suspect, machine=visits.machine)


class LinkAnswer(TermsAnswer):
    id: str
    title: str
    short_url: str = Field(description="The short link.", examples=["https://go.shop.example/q7Rkz0aXWmP"])
    destination_url: str
    visits: VisitsAnswer
    created_at: datetime
    updated_at: datetime | None

    @classmethod
    def of(cls, link: LinkDetails) -> Self:
        return cls(
            id=format_id("link", link.id),
            title=link.title,
            short_url=link.short_url,
            destination_url=link.destination_url,
            visits=VisitsAnswer.of(link.visits or Visits()),
            created_at=link.created_at,
            updated_at=link.updated_at,
            **answered(link.terms),
        )


class MadeLinksAnswer(Answer):
    links: tuple[LinkAnswer, ...] = Field(description="In the order in which they were sent.")


class LinksQuery(Parameters):
    after: str | None = Field(None, max_length=40, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class LinksAnswer(Answer):
    links: tuple[LinkAnswer, ...] = Field(description="Newest first.")
    next_after: str | None = Field(description="Send it as `after` for the next page; null on the last.")


class VisitsQuery(Parameters):
    verdict: Literal["human", "suspect", "machine"] | None = Field(None, description="Only those; all, unless told.")
    after: str | None = Field(None, max_length=100, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class VisitAnswer(Answer):
    occurred_at: datetime
    network: str = Field(description="The visitor's /24 or /48; the address is never kept.")
    device: str
    os: str
    verdict: str
    reason: str = Field(description="Why the verdict is what it is.")
    outcome: str = Field(description="What was answered: redirected, early (before the link's time) or expired.")

    @classmethod
    def of(cls, visit: Visit) -> Self:
        return cls(
            occurred_at=visit.occurred_at,
            network=visit.network,
            device=visit.device,
            os=visit.os,
            verdict=visit.verdict,
            reason=visit.reason,
            outcome=visit.outcome,
        )


class VisitListAnswer(Answer):
    visits: tuple[VisitAnswer, ...] = Field(description="Newest first.")
    next_after: str | None = Field(description="Send it as `after` for the next page; null on the last.")

    @classmethod
    def of(cls, page: VisitPage) -> Self:
        return cls(visits=tuple(map(VisitAnswer.of, page.visits)), next_after=page.next_after)


def add_link(call: Call[LinkPayload, None]) -> Prepared:
    new = call.body.link()
    return answer_once(
        call,
        lambda session: LinkAnswer.of(create_link(session, call.short_links, call.workspace_id, new, call.now())),
    )


def add_links(call: Call[LinksPayload, None]) -> Prepared:
    new = [one.link() for one in call.body.links]

    def work(session: Session) -> MadeLinksAnswer:
        made = create_links(session, call.short_links, call.workspace_id, new, call.now())
        return MadeLinksAnswer(links=tuple(map(LinkAnswer.of, made)))

    return answer_once(call, work)


def read_links(call: Call[None, LinksQuery]) -> LinksAnswer:
    after = parse_id("link", call.query.after) if call.query.after else None
    with reading(call.engine) as session:
        page = list_links(session, call.short_links, call.workspace_id, after, call.query.limit)
    next_after = format_id("link", page.next_after) if page.next_after else None
    return LinksAnswer(links=tuple(map(LinkAnswer.of, page.links)), next_after=next_after)


def read_link(call: Call[None, None]) -> LinkAnswer:
    with reading(call.engine) as session:
        return LinkAnswer.of(find_link(session, call.short_links, call.workspace_id, call.ids["link_id"]))


def change_link(call: Call[LinkChanges, None]) -> LinkAnswer:
    link_id, change = call.ids["link_id"], call.body.applied_to
    with writing(call.engine) as session:
        return LinkAnswer.of(edit_link(session, call.short_links, call.workspace_id, link_id, change, call.now()))


def read_link_hits(call: Call[None, VisitsQuery]) -> VisitListAnswer:
    query = call.query
    with reading(call.engine) as session:
        return VisitListAnswer.of(
            list_link_visits(session, call.workspace_id, call.ids["link_id"], query.verdict, query.after, query.limit)
        )


NOT_FOUND = Failure(404, "link_not_found", "There is no such link in this workspace.")
_DESTINATION_INVALID = Failure(422, "destination_invalid", "The destination is no public http or https address.")

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/links",
        name="add_link",
        summary="Add a link",
        description="A short link for a poster, a shop window, a mail. It names nobody; its visits are counted by verdict.",
        tag="links",
        scope="links:write",
        handler=add_link,
        body=LinkPayload,
        idempotency_key="optional",
        status=201,
        answer=LinkAnswer,
        failures=(_DESTINATION_INVALID, *TERMS_FAILURES),
    ),
    Operation(
        method="POST",
        path="/v1/links/batch",
        name="add_links",
        summary="Add many links",
        description=f"Up to {BATCH_MOST:,}: all of them or none. `errors` names each wrong one by its index, from 0.",
        tag="links",
        scope="links:write",
        handler=add_links,
        body=LinksPayload,
        idempotency_key="optional",
        body_most_bytes=_BATCH_MOST_BYTES,
        status=201,
        answer=MadeLinksAnswer,
        failures=(Failure(422, "links_refused", "Some links cannot be made, so none was; see `errors`."),),
    ),
    Operation(
        method="GET",
        path="/v1/links",
        name="read_links",
        summary="List the links",
        tag="links",
        scope="links:read",
        handler=read_links,
        query=LinksQuery,
        answer=LinksAnswer,
        failures=(Failure(404, "not_found", "`after` is no id of a link."),),
    ),
    Operation(
        method="GET",
        path="/v1/links/{link_id}",
        name="read_link",
        summary="Read a link",
        tag="links",
        scope="links:read",
        handler=read_link,
        answer=LinkAnswer,
        failures=(NOT_FOUND,),
    ),
    Operation(
        method="PATCH",
        path="/v1/links/{link_id}",
        name="change_link",
        summary="Change a link",
        description=(
            "Where it leads to, its title, its terms: the short link stays and leads there within a second or two. What is "
            "left out stays as it is; null takes a term away. An `expires_at` of now closes it."
        ),
        tag="links",
        scope="links:write",
        handler=change_link,
        body=LinkChanges,
        answer=LinkAnswer,
        failures=(NOT_FOUND, _DESTINATION_INVALID, *TERMS_FAILURES),
    ),
    Operation(
        method="GET",
        path="/v1/links/{link_id}/hits",
        name="read_link_hits",
        summary="List the visits of a link",
        description="Exactly those that its figures count.",
        tag="links",
        scope="links:read",
        handler=read_link_hits,
        query=VisitsQuery,
        answer=VisitListAnswer,
        failures=(NOT_FOUND, Failure(422, "cursor_invalid", "`after` is no `next_after` of a page.")),
    ),
)
