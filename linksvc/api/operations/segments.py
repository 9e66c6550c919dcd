"""Segments over the API: the people behind a number of a campaign, kept under a name, and what is sent to them again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import Field
from sqlmodel import Session

from linksvc.api.filter_shapes import FILTER_FAILURES, FilterPayload, filter_as_sent
from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Parameters, Payload
from linksvc.database import reading, writing
from linksvc.names import LONGEST
from linksvc.public_ids import format_id, parse_id
from linksvc.segments import (
    KeptSegment,
    Member,
    delete_segment,
    find_segment,
    keep_segment,
    list_members,
    list_segments,
    rename_segment,
)

LIST_MOST = 1_000
_FURTHEST = 2**53


class SegmentPayload(Payload):
    name: str = Field(max_length=LONGEST, description="No two segments have the same.", examples=["Got it, no click"])
    campaign_id: str = Field(description="The campaign whose messages they got.", examples=["cmp_12"])
    filter: FilterPayload = Field(
        description="Which of its messages: each number of a campaign is one such filter.",
        examples=[{"stage": "reached", "not": "clicked"}],
    )


class SegmentChange(Payload):
    name: str = Field(max_length=LONGEST, examples=["Autumn, no click"])


class SegmentAnswer(Answer):
    id: str
    name: str
    campaign_id: str
    filter: Mapping[str, str] = Field(description="Of which of the campaign's messages it was made.")
    messages: int = Field(description="How many messages stood behind the number.")
    contacts: int = Field(
        description="How many people got them: fewer, if some got several, as may be among single messages."
    )
    created_at: datetime

    @classmethod
    def of(cls, segment: KeptSegment) -> Self:
        return cls(
            id=format_id("segment", segment.id),
            name=segment.name,
            campaign_id=format_id("campaign", segment.campaign_id),
            filter=filter_as_sent(segment.filter),
            messages=segment.messages,
            contacts=segment.contacts,
            created_at=segment.created_at,
        )


class SegmentsQuery(Parameters):
    before: str | None = Field(None, max_length=40, description="`next_before` of the list before.")
    limit: int = Field(100, ge=1, le=LIST_MOST)


class SegmentsAnswer(Answer):
    segments: tuple[SegmentAnswer, ...] = Field(description="Newest first.")
    next_before: str | None = Field(description="Send it as `before` for the next ones; null on the last.")


class MembersQuery(Parameters):
    after: int = Field(0, ge=0, le=_FURTHEST, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=LIST_MOST)


class MemberAnswer(Answer):
    n: int = Field(description="The number of their message in the campaign; of several the first.")
    number: str | None = Field(description="As it is now; null unless the key has the scope contacts:read.")
    external_id: str | None = Field(description="Null unless the key has the scope contacts:read.")
    first_name: str | None = Field(description="Null unless the key has the scope contacts:read.")
    last_name: str | None = Field(description="Null unless the key has the scope contacts:read.")
    country: str

    @classmethod
    def of(cls, member: Member, scopes: frozenset[str]) -> Self:
        told = "contacts:read" in scopes
        return cls(
            n=member.n,
            number=member.number if told else None,
            external_id=member.external_id if told else None,
            first_name=member.first_name if told else None,
            last_name=member.last_name if told else None,
            country=member.country,
        )


class MembersAnswer(Answer):
    segment_id: str
    total: int = Field(description="How many people the segment holds.")
    members: tuple[MemberAnswer, ...]
    next_after: int | None = Field(description="Send it as `after` for the next page; null on the last.")


def add_segment(call: Call[SegmentPayload, None]) -> Prepared:
    sent, chosen = call.body, call.body.filter.read()
    campaign_id = parse_id("campaign", sent.campaign_id)

    def work(session: Session) -> SegmentAnswer:
        return SegmentAnswer.of(keep_segment(session, call.workspace_id, campaign_id, chosen, sent.name, call.now()))

    return answer_once(call, work)


def read_segments(call: Call[None, SegmentsQuery]) -> SegmentsAnswer:
    before = parse_id("segment", call.query.before) if call.query.before else None
    with reading(call.engine) as session:
        found = list_segments(session, call.workspace_id, before, call.query.limit)
    next_before = format_id("segment", found.next_before) if found.next_before else None
    return SegmentsAnswer(segments=tuple(map(SegmentAnswer.of, found.segments)), next_before=next_before)


def read_segment(call: Call[None, None]) -> SegmentAnswer:
    with reading(call.engine) as session:
        return SegmentAnswer.of(find_segment(session, call.workspace_id, call.ids["segment_id"]))


def read_segment_members(call: Call[None, MembersQuery]) -> MembersAnswer:
    segment_id, query = call.ids["segment_id"], call.query
    with reading(call.engine) as session:
        page = list_members(session, call.workspace_id, segment_id, query.after, query.limit)
    return MembersAnswer(
        segment_id=format_id("segment", segment_id),
        total=page.segment.contacts,
        members=tuple(MemberAnswer.of(member, call.caller.scopes) for member in page.members),
        next_after=page.next_after,
    )


def change_segment(call: Call[SegmentChange, None]) -> SegmentAnswer:
    with writing(call.engine) as session:
        return SegmentAnswer.of(rename_segment(session, call.workspace_id, call.ids["segment_id"], call.body.name))


def remove_segment(call: Call[None, None]) -> SegmentAnswer:
    with writing(call.engine) as session:
        return SegmentAnswer.of(delete_segment(session, call.workspace_id, call.ids["segment_id"]))


_NOT_FOUND = Failure(404, "segment_not_found", "There is no such segment in this workspace.")
_NAME_TAKEN = Failure(409, "segment_name_taken", "Another segment has this name.")
_ONE = "/v1/segments/{segment_id}"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/segments",
        name="add_segment",
        summary="Keep the people behind a number",
        description="Frozen: it holds who stood behind the number at this moment, each person once. The same asked for "
        "again within a minute is the same segment.",
        tag="segments",
        scope="campaigns:write",
        handler=add_segment,
        body=SegmentPayload,
        idempotency_key="optional",
        status=201,
        answer=SegmentAnswer,
        failures=(
            Failure(404, "not_found", "`campaign_id` is no id of a campaign."),
            Failure(404, "campaign_not_found", "There is no such campaign in this workspace."),
            *FILTER_FAILURES,
            _NAME_TAKEN,
        ),
    ),
    Operation(
        method="GET",
        path="/v1/segments",
        name="read_segments",
        summary="List the segments",
        tag="segments",
        scope="campaigns:read",
        handler=read_segments,
        query=SegmentsQuery,
        answer=SegmentsAnswer,
        failures=(Failure(404, "not_found", "`before` is no id of a segment."),),
    ),
    Operation(
        method="GET",
        path=_ONE,
        name="read_segment",
        summary="Read a segment",
        tag="segments",
        scope="campaigns:read",
        handler=read_segment,
        answer=SegmentAnswer,
        failures=(_NOT_FOUND,),
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/members",
        name="read_segment_members",
        summary="List the people of a segment",
        description="As many as it counts. Who they are is told to keys with the scope `contacts:read`.",
        tag="segments",
        scope="campaigns:read",
        handler=read_segment_members,
        query=MembersQuery,
        answer=MembersAnswer,
        failures=(_NOT_FOUND,),
    ),
    Operation(
        method="PUT",
        path=_ONE,
        name="change_segment",
        summary="Rename a segment",
        tag="segments",
        scope="campaigns:write",
        handler=change_segment,
        body=SegmentChange,
        answer=SegmentAnswer,
        failures=(_NOT_FOUND, _NAME_TAKEN),
    ),
    Operation(
        method="DELETE",
        path=_ONE,
        name="remove_segment",
        summary="Delete a segment",
        description="Only while no campaign is sent to it. The answer is the segment as it was.",
        tag="segments",
        scope="campaigns:write",
        handler=remove_segment,
        answer=SegmentAnswer,
        failures=(_NOT_FOUND, Failure(409, "segment_in_use", "Campaigns are sent to it; the detail names them.")),
    ),
)
