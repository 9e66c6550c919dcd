"""To whom a campaign is sent: all who may be sent to, the contacts of one import, or the people of segments. Called by
`linksvc.campaigns`, which writes it, by `linksvc.production`, which makes a message of each, and to be counted before.

Whoever is in several segments gets one message, and belongs to the first of them in the order in which they were named. So
does a number that several contacts share: its first contact, by id, of those who may be sent to, gets the message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, true, union
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from linksvc.funnel import find_campaign
from linksvc.models import Campaign, CampaignSegment, Contact, ImportedContact, Segment, SegmentMember, Suppression
from linksvc.segments import no_segment

SEGMENTS_MOST = 20


@dataclass(frozen=True)
class AudienceSegment:
    """A segment of an audience. One that was deleted has no name; only a campaign that was cancelled may have such."""

    id: int
    name: str
    contacts: int


@dataclass(frozen=True)
class Audience:
    """Whom a campaign is for: those of an import, those of segments in their order, or, without either, all. One that
    follows up `parent_id` leaves out whoever has reached one of the stages `leave_out` with its message."""

    import_id: int | None
    segments: tuple[AudienceSegment, ...]
    parent_id: int | None = None
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class AudienceCount:
    """How many an audience has. `listed` counts a person once in each segment, `people` once; of them `sendable` may be
    sent to now: they have a number, said no STOP and, for what is marketing, consented. `left_out` counts the others, each
    by the first reason of LEFT_OUT."""

    audience: Audience
    listed: int
    people: int
    sendable: int
    left_out: Mapping[str, int]


LEFT_OUT = ("no_number", "no_consent", "stopped", "same_number")
"""Why somebody of an audience is not sent to; `same_number`: another contact with that number is."""


def check_segments(session: Session, workspace_id: int, segment_ids: Sequence[int]) -> tuple[int, ...]:
    """The segments, each once; they stay there until the transaction ends. Raises NotFound (segment_not_found)."""
    wanted = tuple(dict.fromkeys(segment_ids))
    mine = select(Segment.id).where(Segment.workspace_id == workspace_id, col(Segment.id).in_(wanted))
    there = set(session.exec(mine.with_for_update(read=True)))
    for segment_id in wanted:
        if segment_id not in there:
            raise no_segment(segment_id)
    return wanted


def add_segments(session: Session, campaign_id: int, segment_ids: Sequence[int]) -> None:
    """Stores the segments of a new campaign's audience, which were checked."""
    rows = enumerate(segment_ids)
    session.add_all(CampaignSegment(campaign_id=campaign_id, place=place, segment_id=id) for place, id in rows)
    session.flush()


def segments_of(session: Session, campaign_id: int) -> tuple[int, ...]:
    """The segments of a campaign's audience, in their order; none: it is another audience."""
    mine = select(CampaignSegment.segment_id).where(CampaignSegment.campaign_id == campaign_id)
    return tuple(session.exec(mine.order_by(col(CampaignSegment.place))))


def read_audience(session: Session, workspace_id: int, campaign_id: int) -> Audience:
    """Raises NotFound (campaign_not_found)."""
    campaign = find_campaign(session, workspace_id, campaign_id)
    rows = session.exec(
        select(CampaignSegment.segment_id, Segment.name, Segment.contacts)
        .outerjoin(Segment, col(Segment.id) == col(CampaignSegment.segment_id))
        .where(CampaignSegment.campaign_id == campaign_id)
        .order_by(col(CampaignSegment.place))
    )
    segments = tuple(AudienceSegment(id, name or "", contacts or 0) for id, name, contacts in rows)
    return Audience(campaign.audience_import_id, segments, campaign.parent_id, tuple(campaign.leave_out.split()))


def count_audience(session: Session, workspace_id: int, campaign_id: int) -> AudienceCount:
    """Counts as of now, whatever the campaign's state. It looks at every person. Raises NotFound (campaign_not_found)."""
    audience = read_audience(session, workspace_id, campaign_id)
    campaign = session.get_one(Campaign, campaign_id)
    segment_ids = tuple(segment.id for segment in audience.segments)
    people = _count_people(session, campaign, segment_ids)
    left, counted = people, {}
    steps = (
        (_is_named(campaign, Contact, segment_ids), col(Contact.number) != ""),
        (_consented(campaign, Contact),),
        (_not_stopped(campaign, Contact),),
        (~_gets_it_before(campaign, segment_ids),),
    )
    conditions: list[ColumnElement[bool]] = []
    for reason, further in zip(LEFT_OUT, steps, strict=True):
        conditions += further
        remaining = session.exec(select(func.count()).select_from(Contact).where(*conditions)).one()
        left, counted[reason] = remaining, left - remaining
    listed = sum(segment.contacts for segment in audience.segments) if segment_ids else people
    return AudienceCount(audience, listed, people, left, counted)


def has_anybody(session: Session, campaign: Campaign, segment_ids: Sequence[int]) -> bool:
    """Whether anybody of the audience may be sent to. It ends with the first one."""
    found = select_columns(col(Contact.id)).where(_is_willing(campaign, Contact, ()))
    if segment_ids:
        found = found.join(SegmentMember, col(SegmentMember.contact_id) == col(Contact.id)).where(
            col(SegmentMember.workspace_id) == campaign.workspace_id, col(SegmentMember.segment_id).in_(segment_ids)
        )
    return session.connection().execute(found.limit(1)).first() is not None


def may_be_sent_to(
    campaign: Campaign, segment_ids: Sequence[int], window: tuple[int, int] | None = None
) -> ColumnElement[bool]:
    """The audience as SQL over `contact`: consent for what is marketing, no suppression, the import or the segments if some
    were named, each number once. `window`: of the contacts after the first id, up to the second."""
    conditions = [_is_willing(campaign, Contact, segment_ids, window), ~_gets_it_before(campaign, segment_ids)]
    if window:
        conditions.append(_within(col(Contact.id), window))
    return and_(*conditions)


def _gets_it_before(campaign: Campaign, segment_ids: Sequence[int]) -> ColumnElement[bool]:
    """Whether an earlier contact with the same number is sent to."""
    earlier = aliased(Contact)
    return (
        select_columns(literal(1))
        .where(
            col(earlier.number) == col(Contact.number),
            col(earlier.id) < col(Contact.id),
            _is_willing(campaign, earlier, segment_ids),
        )
        .correlate(Contact)
        .exists()
    )


def _is_willing(
    campaign: Campaign, contact: type[Contact], segment_ids: Sequence[int], window: tuple[int, int] | None = None
) -> ColumnElement[bool]:
    """Whether a contact of the audience has a number and may be sent to, whoever else has that number."""
    return and_(
        _is_named(campaign, contact, segment_ids, window),
        col(contact.number) != "",
        _consented(campaign, contact),
        _not_stopped(campaign, contact),
    )


def _consented(campaign: Campaign, contact: type[Contact]) -> ColumnElement[bool]:
    return col(contact.marketing_consent_at).is_not(None) if campaign.kind == "marketing" else true()


def _not_stopped(campaign: Campaign, contact: type[Contact]) -> ColumnElement[bool]:
    return ~exists().where(
        col(Suppression.workspace_id) == campaign.workspace_id, col(Suppression.number) == col(contact.number)
    )


def _is_named(
    campaign: Campaign, contact: type[Contact], segment_ids: Sequence[int], window: tuple[int, int] | None = None
) -> ColumnElement[bool]:
    """Whether a contact belongs to the workspace and to the import or the segments, if some were named."""
    conditions = [col(contact.workspace_id) == campaign.workspace_id]
    if campaign.audience_import_id is not None:
        conditions.append(
            exists().where(
                col(ImportedContact.import_id) == campaign.audience_import_id,
                col(ImportedContact.contact_id) == col(contact.id),
            )
        )
    if segment_ids and contact is Contact:
        members = _members(campaign, segment_ids)
        # Said of the members too: else each window would walk all of them.
        members = members.where(_within(col(SegmentMember.contact_id), window)) if window else members
        conditions.append(col(contact.id).in_(members))
    elif segment_ids:
        # Asked of the few who share a number, one by one.
        mine = _members(campaign, segment_ids).where(col(SegmentMember.contact_id) == col(contact.id))
        conditions.append(mine.correlate(contact).exists())
    return and_(*conditions)


def end_of_window(session: Session, campaign: Campaign, segment_ids: Sequence[int], limit: int) -> int | None:
    """The last of the next `limit` contacts that the campaign has not dealt with; None when there are no more."""
    after = campaign.last_contact_id
    window: Any
    if segment_ids:
        # The first of all are among the first of each.
        parts = [_first(_members(campaign, [id]), col(SegmentMember.contact_id), after, limit) for id in segment_ids]
        ids = select_columns(union(*(select_columns(part.c.id) for part in parts)).subquery().c.id.label("id"))
        window = ids.order_by("id").limit(limit).subquery()
    else:
        everyone = select_columns(col(Contact.id)).where(col(Contact.workspace_id) == campaign.workspace_id)
        window = _first(everyone, col(Contact.id), after, limit)
    return session.connection().execute(select_columns(func.max(window.c.id))).scalar()


def first_segment(campaign: Campaign, segment_ids: Sequence[int]) -> ColumnElement[int]:
    """Which of the segments a contact of the audience belongs to; 0 without segments."""
    if len(segment_ids) < 2:
        return literal(segment_ids[0] if segment_ids else 0)
    holds = {
        id: exists().where(
            col(SegmentMember.workspace_id) == campaign.workspace_id,
            col(SegmentMember.segment_id) == id,
            col(SegmentMember.contact_id) == col(Contact.id),
        )
        for id in segment_ids[:-1]
    }
    return case(*((is_in, literal(id)) for id, is_in in holds.items()), else_=literal(segment_ids[-1]))


def _count_people(session: Session, campaign: Campaign, segment_ids: Sequence[int]) -> int:
    people: Any
    if len(segment_ids) == 1:
        people = _members(campaign, segment_ids)
    elif segment_ids:
        people = _members(campaign, segment_ids).distinct()
    elif campaign.audience_import_id is not None:
        mine = col(ImportedContact.import_id) == campaign.audience_import_id
        people = select_columns(col(ImportedContact.contact_id)).where(mine)
    else:
        people = select_columns(col(Contact.id)).where(col(Contact.workspace_id) == campaign.workspace_id)
    return int(session.connection().execute(select_columns(func.count()).select_from(people.subquery())).scalar_one())


def _members(campaign: Campaign, segment_ids: Sequence[int]) -> Any:
    return select_columns(col(SegmentMember.contact_id)).where(
        col(SegmentMember.workspace_id) == campaign.workspace_id, col(SegmentMember.segment_id).in_(segment_ids)
    )


def _within(contact_id: Any, window: tuple[int, int]) -> ColumnElement[bool]:
    return and_(contact_id > window[0], contact_id <= window[1])


def _first(ids: Any, contact_id: Any, after: int, limit: int) -> Any:
    """The first of the ids after one, as a table whose column is `id`."""
    further = ids.with_only_columns(contact_id.label("id")).where(contact_id > after)
    return further.order_by(contact_id).limit(limit).subquery()
