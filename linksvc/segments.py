"""Frozen segments: the people behind a number of a campaign, kept under a name. Called by the API, the command line and the
pages. What a segment is sent: `linksvc.audiences`, `linksvc.follow_ups`.

A segment is copied by one statement, so it holds who stood behind the number at one moment; it takes a second or two a
million people, during which SQLite's other writers wait.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal
from sqlalchemy import insert as insert_from
from sqlalchemy import select as select_columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select, update

from linksvc.database import insert_into, rows_affected
from linksvc.errors import Conflict, FieldError, InvalidRequest, NotFound
from linksvc.funnel import find_campaign
from linksvc.message_filters import MessageFilter
from linksvc.models import Campaign, CampaignSegment, Contact, Message, Segment, SegmentMember
from linksvc.names import check_name
from linksvc.public_ids import format_id
from linksvc.standing_campaigns import SINGLE

TWICE_WITHIN = timedelta(minutes=1)
"""Of the same segment kept again right away, the second press of a button is meant, or a request that was repeated."""

NAMED_MOST = 3
"""Campaigns that are named as using a segment."""


@dataclass(frozen=True)
class KeptSegment:
    """A segment as it is listed. `filter` says which messages of its campaign it was made of, as a query string."""

    id: int
    name: str
    campaign_id: int
    campaign_name: str
    filter: str
    messages: int
    contacts: int
    created_at: datetime


@dataclass(frozen=True)
class SegmentList:
    """Newest first; `next_before` is the id that the next list begins before, None on the last."""

    segments: tuple[KeptSegment, ...]
    next_before: int | None


@dataclass(frozen=True)
class Member:
    """A person of a segment, as they are now; `n` is their message in its campaign. Without a number they are gone."""

    contact_id: int
    n: int
    number: str
    external_id: str
    first_name: str
    last_name: str
    country: str


@dataclass(frozen=True)
class MemberPage:
    """In the order of contact ids; `next_after` is None on the last page."""

    segment: KeptSegment
    members: tuple[Member, ...]
    next_after: int | None


def keep_segment(
    session: Session, workspace_id: int, campaign_id: int, chosen: MessageFilter, name: str, now: datetime
) -> KeptSegment:
    """Keeps the people whose messages the filter lists: each person once, however many messages they got. The same kept
    again within a minute is the same segment.

    Raises NotFound (campaign_not_found), InvalidRequest (name, segment_empty), Conflict (segment_name_taken).
    """
    campaign = find_campaign(session, workspace_id, campaign_id)
    name = check_name(name)
    row = {"name": name, "campaign_id": campaign_id, "filter": chosen.query(), "messages": 0, "contacts": 0}
    statement = insert_into(session, Segment).values(workspace_id=workspace_id, created_at=now, **row)
    statement = statement.on_conflict_do_nothing(index_elements=("workspace_id", "name")).returning(col(Segment.id))
    segment_id = session.connection().execute(statement).scalar()
    if segment_id is None:
        return _just_kept(session, workspace_id, campaign_id, chosen, name, now)
    contacts = _copy_members(session, workspace_id, campaign_id, segment_id, chosen)
    if not contacts:
        raise InvalidRequest("Nobody stands behind this number, so there is nobody to keep.", code="segment_empty")
    # Elsewhere than among single messages nobody got two.
    messages = _count_messages(session, campaign_id, chosen) if campaign.kind == SINGLE else contacts
    kept = update(Segment).where(col(Segment.id) == segment_id).values(messages=messages, contacts=contacts)
    session.exec(kept)
    return find_segment(session, workspace_id, segment_id)


def list_segments(session: Session, workspace_id: int, before: int | None = None, limit: int = 100) -> SegmentList:
    """The segments of a workspace, from below the id `before`."""
    statement = _segments(workspace_id)
    if before is not None:
        statement = statement.where(col(Segment.id) < before)
    rows = session.exec(statement.order_by(col(Segment.id).desc()).limit(limit + 1)).all()
    shown = tuple(_kept(*row) for row in rows[:limit])
    return SegmentList(shown, shown[-1].id if len(rows) > limit else None)


def find_segment(session: Session, workspace_id: int, segment_id: int) -> KeptSegment:
    """Raises NotFound (segment_not_found) for another workspace's too."""
    row = session.exec(_segments(workspace_id).where(Segment.id == segment_id)).first()
    if row is None:
        raise no_segment(segment_id)
    return _kept(*row)


def list_members(
    session: Session, workspace_id: int, segment_id: int, after: int | None = None, limit: int = 100
) -> MemberPage:
    """The people of a segment, after the contact `after`: as many as it counts. Raises NotFound (segment_not_found)."""
    segment = find_segment(session, workspace_id, segment_id)
    told = (col(getattr(Contact, name)) for name in ("number", "external_id", "first_name", "last_name", "country"))
    columns: Any = (func.coalesce(column, "") for column in told)
    person = (col(Contact.id) == col(SegmentMember.contact_id)) & (col(Contact.workspace_id) == workspace_id)
    statement = (
        select_columns(col(SegmentMember.contact_id), col(SegmentMember.n), *columns)
        .outerjoin(Contact, person)
        .where(col(SegmentMember.workspace_id) == workspace_id, col(SegmentMember.segment_id) == segment_id)
        .order_by(col(SegmentMember.contact_id))
    )
    if after is not None:
        statement = statement.where(col(SegmentMember.contact_id) > after)
    found = [Member(*row) for row in session.connection().execute(statement.limit(limit + 1))]
    shown = tuple(found[:limit])
    return MemberPage(segment, shown, shown[-1].contact_id if len(found) > limit else None)


def rename_segment(session: Session, workspace_id: int, segment_id: int, name: str) -> KeptSegment:
    """Gives it another name. Raises NotFound, InvalidRequest (name), Conflict (segment_name_taken)."""
    row = _lock(session, workspace_id, segment_id)
    name = check_name(name)
    row.name = name
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise _name_taken(name) from None
    return find_segment(session, workspace_id, segment_id)


def delete_segment(session: Session, workspace_id: int, segment_id: int) -> KeptSegment:
    """Deletes a segment that no campaign is sent to, and returns it as it was. One that was cancelled before it wrote to
    anybody does not count. Raises NotFound, Conflict (segment_in_use)."""
    row = _lock(session, workspace_id, segment_id)
    if campaigns := uses_of(session, segment_id, NAMED_MOST + 1):
        raise Conflict(
            f"{_named(campaigns)} {'is' if len(campaigns) == 1 else 'are'} sent to this segment, so it is kept.",
            code="segment_in_use",
        )
    segment = find_segment(session, workspace_id, segment_id)
    session.exec(
        delete(SegmentMember).where(
            col(SegmentMember.workspace_id) == workspace_id, col(SegmentMember.segment_id) == segment_id
        )
    )
    session.delete(row)
    session.flush()
    return segment


def uses_of(session: Session, segment_id: int, limit: int) -> tuple[int, ...]:
    """The ids of campaigns that are sent to a segment, in their order, of a few at most."""
    statement = (
        select(CampaignSegment.campaign_id)
        .join(Campaign, col(Campaign.id) == col(CampaignSegment.campaign_id))
        .where(
            CampaignSegment.segment_id == segment_id,
            (col(Campaign.state) != "cancelled") | (col(Campaign.produced) > 0),
        )
        .distinct()
    )
    return tuple(session.exec(statement.order_by(col(CampaignSegment.campaign_id)).limit(limit)))


def free_name(session: Session, workspace_id: int, wanted: str) -> str:
    """The name, or with the first number behind it that makes it another one than those there are."""
    wanted = check_name(wanted)
    mine = select(Segment.name).where(Segment.workspace_id == workspace_id)
    taken = set(session.exec(mine.where(col(Segment.name).startswith(wanted[:_STEM], autoescape=True))))
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted[:_STEM]} ({number})"
    return name


_STEM = 110
"""Characters of a name that leave room for a number."""


def no_segment(segment_id: int) -> NotFound:
    """The error of whoever names a segment that the workspace has not."""
    return NotFound(f"There is no segment {format_id('segment', segment_id)} in this workspace.", code="segment_not_found")


def _copy_members(session: Session, workspace_id: int, campaign_id: int, segment_id: int, chosen: MessageFilter) -> int:
    """Copies the filter's people; returns how many they are."""
    people = (
        select(literal(workspace_id), literal(segment_id), col(Message.contact_id), func.min(Message.n))
        .where(Message.campaign_id == campaign_id, chosen.where)
        .group_by(col(Message.contact_id))
    )
    copied = insert_from(SegmentMember).from_select(["workspace_id", "segment_id", "contact_id", "n"], people)
    return rows_affected(session.connection().execute(copied, execution_options={"preserve_rowcount": True}))


def _count_messages(session: Session, campaign_id: int, chosen: MessageFilter) -> int:
    return session.exec(select(func.count()).where(Message.campaign_id == campaign_id, chosen.where)).one()


def _just_kept(
    session: Session, workspace_id: int, campaign_id: int, chosen: MessageFilter, name: str, now: datetime
) -> KeptSegment:
    row = session.exec(_segments(workspace_id).where(Segment.name == name)).one()
    found = _kept(*row)
    if (found.campaign_id, found.filter) == (campaign_id, chosen.query()) and now - found.created_at < TWICE_WITHIN:
        return found
    raise _name_taken(name)


def _name_taken(name: str) -> Conflict:
    message = f"There is a segment “{name}” already. Choose another name."
    return Conflict(message, code="segment_name_taken", errors=(FieldError("name", message),))


def _segments(workspace_id: int) -> Any:
    return (
        select(Segment, Campaign.name)
        .join(Campaign, col(Campaign.id) == col(Segment.campaign_id))
        .where(Segment.workspace_id == workspace_id)
    )


def _kept(row: Segment, campaign_name: str) -> KeptSegment:
    return KeptSegment(
        id=row.id or 0,
        name=row.name,
        campaign_id=row.campaign_id,
        campaign_name=campaign_name,
        filter=row.filter,
        messages=row.messages,
        contacts=row.contacts,
        created_at=row.created_at,
    )


def _lock(session: Session, workspace_id: int, segment_id: int) -> Segment:
    """The row, which no campaign begins to use until the transaction ends."""
    mine = select(Segment).where(Segment.id == segment_id, Segment.workspace_id == workspace_id)
    row = session.exec(mine.with_for_update()).first()
    if row is None:
        raise no_segment(segment_id)
    return row


def _named(campaign_ids: tuple[int, ...]) -> str:
    shown = ", ".join(format_id("campaign", campaign_id) for campaign_id in campaign_ids[:NAMED_MOST])
    return f"{shown} and others" if len(campaign_ids) > NAMED_MOST else shown
