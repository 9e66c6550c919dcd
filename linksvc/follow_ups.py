"""Follow-ups: a draft of the same text to the people behind a number, such as those who got it and did not click. Called by
the API, the command line and the pages.

A follow-up is a campaign with a parent. Whoever has meanwhile done what it leaves out is not sent to: `linksvc.left_out`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc import advisory_locks
from linksvc.campaigns import NewCampaign, create_campaign
from linksvc.code_dealing import SOURCES, Source
from linksvc.errors import Conflict, FieldError, InvalidRequest
from linksvc.funnel import find_campaign
from linksvc.left_out import LEAVES_OUT
from linksvc.link_terms import LinkTerms
from linksvc.links import CAMPAIGN_LINK, NewLink, as_written
from linksvc.message_filters import MessageFilter
from linksvc.models import Campaign, CampaignSegment, Link, Segment
from linksvc.names import check_name
from linksvc.segments import TWICE_WITHIN, free_name, keep_segment
from linksvc.standing_campaigns import SINGLE


@dataclass(frozen=True)
class NewFollowUp:
    """What somebody asks for. `leave_out` names stages of LEAVES_OUT; None: those that `chosen` leaves out itself."""

    name: str
    chosen: MessageFilter
    leave_out: Collection[str] | None = None


def create_follow_up(
    session: Session, workspace_id: int, parent_id: int, new: NewFollowUp, now: datetime, short_url: str = ""
) -> int:
    """Keeps the people behind the number as a segment, and stores a draft to them: text, sender, link, offer and pace are
    the parent's. Returns its id. The same asked for again within a minute is the same draft.

    Raises NotFound (campaign_not_found), Conflict (parent_without_text), InvalidRequest (name, leave_out_unknown,
    segment_empty), and what `linksvc.campaigns.create_campaign` raises of what the parent has: its offer may have ended, the
    time of its link may be over.
    """
    parent = find_campaign(session, workspace_id, parent_id)
    if parent.kind == SINGLE:
        raise Conflict(
            "Each of these messages has a text of its own, so there is none to send again. Keep the people as a segment.",
            code="parent_without_text",
        )
    name, leave_out = check_name(new.name), _check_leave_out(new)
    advisory_locks.lock(session, "follow_up", str(workspace_id))
    if made := _just_made(session, parent, name, leave_out, new.chosen, now):
        return made
    segment = keep_segment(session, workspace_id, parent_id, new.chosen, free_name(session, workspace_id, name), now)
    link = _link_of(session, parent_id)
    draft = NewCampaign(
        name=name,
        kind=parent.kind,
        text=parent.text,
        sender=parent.sender,
        destination_url=link.destination_url if link else "",
        page_id=link.page_id if link else None,
        link_terms=link.terms if link else LinkTerms(),
        offer_id=parent.offer_id,
        code_source=_source_of(parent),
        rate_per_s=parent.rate_per_s,
        attribution_days=parent.attribution_days,
        audience=("segments", (segment.id,)),
    )
    campaign_id = create_campaign(session, workspace_id, draft, now, short_url)
    campaign = session.get_one(Campaign, campaign_id)
    campaign.parent_id, campaign.leave_out = parent_id, " ".join(leave_out)
    session.add(campaign)
    session.flush()
    return campaign_id


def _check_leave_out(new: NewFollowUp) -> tuple[str, ...]:
    """The stages, in the order of LEAVES_OUT."""
    wanted = new.chosen.without if new.leave_out is None else new.leave_out
    if new.leave_out is not None:
        for stage in new.leave_out:
            if stage not in LEAVES_OUT:
                message = f"“{stage}” cannot be left out; that can: {', '.join(LEAVES_OUT)}."
                raise InvalidRequest(message, code="leave_out_unknown", errors=(FieldError("leave_out", message),))
    return tuple(stage for stage in LEAVES_OUT if stage in wanted)


def _just_made(
    session: Session, parent: Campaign, name: str, leave_out: tuple[str, ...], chosen: MessageFilter, now: datetime
) -> int | None:
    """The same draft, made a moment ago: the form was sent twice."""
    statement = (
        select(Campaign.id)
        .join(CampaignSegment, col(CampaignSegment.campaign_id) == col(Campaign.id))
        .join(Segment, col(Segment.id) == col(CampaignSegment.segment_id))
        .where(
            Campaign.workspace_id == parent.workspace_id,
            Campaign.parent_id == parent.id,
            Campaign.name == name,
            Campaign.leave_out == " ".join(leave_out),
            Campaign.created_at > now - TWICE_WITHIN,
            Campaign.state == "draft",
            Segment.filter == chosen.query(),
        )
    )
    return session.exec(statement.order_by(col(Campaign.id).desc()).limit(1)).first()


def _link_of(session: Session, campaign_id: int) -> NewLink | None:
    row = session.get(Link, (campaign_id, CAMPAIGN_LINK))
    return as_written(row) if row else None


def _source_of(parent: Campaign) -> Source | None:
    return next((source for source in SOURCES if source == parent.code_source and parent.offer_id is not None), None)
