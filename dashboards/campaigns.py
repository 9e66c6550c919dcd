"""What the pages ask of the database beside the funnel: the list of campaigns, and what one of them sends."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy
from sqlalchemy import func
from sqlmodel import Session, col, select

from linksvc.audiences import AudienceSegment, read_audience
from linksvc.funnel import find_campaign, status_of, with_links
from linksvc.links import CAMPAIGN_LINK
from linksvc.models import Campaign, ContactImport, FunnelCount, LandingPage, Link, Offer
from linksvc.money import Money
from linksvc.stages import BROUGHT, MONEY
from linksvc.standing_campaigns import is_for_messages
from linksvc.tallies import TOTAL

LIST_STAGES = ("submitted", "delivered", "reached", "seen", "clicked", "redeemed", *MONEY)


@dataclass(frozen=True, slots=True)
class CampaignSummary:
    """A campaign as it is listed: `has_link` says whether anybody can click, `has_offer` whether anything can be redeemed;
    its state as `linksvc.funnel.status_of` tells it; `counts` holds LIST_STAGES by name."""

    campaign_id: int
    name: str
    state: str
    counts: Mapping[str, int]
    revenue: tuple[Money, ...]
    has_link: bool
    has_offer: bool


@dataclass(frozen=True, slots=True)
class CampaignList:
    """Newest first; `older_than` is where the next page begins, None on the last."""

    campaigns: tuple[CampaignSummary, ...]
    older_than: int | None


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """Where the messages' link leads to, and when; `changed_at` is None while it stands as it was made."""

    destination_url: str
    opens_at: datetime | None
    closes_at: datetime | None
    fallback_url: str
    changed_at: datetime | None
    page: tuple[int, str] | None = None
    """The landing page it opens instead, by id and name."""


@dataclass(frozen=True, slots=True)
class CampaignDetails:
    """What is sent, to whom and how fast. `link`, `offer` and `audience_file` are None where the campaign has none."""

    text: str
    sender: str
    link: LinkFacts | None
    kind: str
    rate_per_s: int
    offer: str | None
    audience_file: str | None
    created_at: datetime
    send_requested_at: datetime | None
    first_submit_after: datetime | None
    segments: tuple[AudienceSegment, ...] = ()
    """Whom it is for, in their order; none: all, or those of the file."""
    parent: tuple[int, str] | None = None
    """The campaign that it follows up, by id and name."""
    leave_out: tuple[str, ...] = ()
    """What nobody is reminded of who has done it with the parent's message."""


def list_campaigns(session: Session, workspace_id: int, older_than: int | None = None, limit: int = 50) -> CampaignList:
    """The workspace's campaigns with their figures, in three statements whatever their number."""
    mine = (Campaign.workspace_id == workspace_id, is_for_messages())
    statement = select(Campaign).where(*mine).order_by(col(Campaign.id).desc())
    if older_than is not None:
        statement = statement.where(col(Campaign.id) < older_than)
    found = session.exec(statement.limit(limit + 1)).all()
    shown = found[:limit]
    counts, money = _read_figures(session, [campaign.id or 0 for campaign in shown])
    linked = with_links(session, [campaign.id or 0 for campaign in shown])
    summaries = tuple(
        CampaignSummary(
            campaign_id=campaign.id or 0,
            name=campaign.name,
            state=status_of(campaign.state, campaign.paused_at, campaign.cancelled_at),
            counts=dict.fromkeys(LIST_STAGES, 0) | counts[campaign.id or 0],
            revenue=tuple(Money(amount, currency) for currency, amount in money[campaign.id or 0].items()),
            has_link=campaign.id in linked,
            has_offer=campaign.offer_id is not None,
        )
        for campaign in shown
    )
    return CampaignList(summaries, shown[-1].id if len(found) > limit else None)


def _read_figures(
    session: Session, campaign_ids: list[int]
) -> tuple[defaultdict[int, dict[str, int]], defaultdict[int, Counter[str]]]:
    """The counts of each campaign, and its net revenue a currency."""
    counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
    money: defaultdict[int, Counter[str]] = defaultdict(Counter)
    found = session.connection().execute(
        sqlalchemy.select(
            col(FunnelCount.campaign_id),
            col(FunnelCount.stage),
            col(FunnelCount.currency),
            func.sum(FunnelCount.count),
            func.sum(FunnelCount.amount_minor),
        )
        .where(
            col(FunnelCount.campaign_id).in_(campaign_ids),
            col(FunnelCount.by) == TOTAL,
            col(FunnelCount.stage).in_(LIST_STAGES),
        )
        .group_by(col(FunnelCount.campaign_id), col(FunnelCount.stage), col(FunnelCount.currency))
        .order_by(col(FunnelCount.currency))
    )
    for campaign_id, stage, currency, count, amount in found:
        counts[campaign_id][stage] = counts[campaign_id].get(stage, 0) + int(count)
        if stage in MONEY:
            money[campaign_id][currency] += int(amount) if stage in BROUGHT else -int(amount)
    return counts, money


def read_details(session: Session, workspace_id: int, campaign_id: int) -> CampaignDetails:
    """What a campaign sends. Raises NotFound for another workspace's too."""
    campaign = find_campaign(session, workspace_id, campaign_id)
    offer = session.exec(select(Offer.name).where(Offer.workspace_id == workspace_id, Offer.id == campaign.offer_id)).first()
    audience_file = session.exec(
        select(ContactImport.file_name).where(
            ContactImport.workspace_id == workspace_id, ContactImport.id == campaign.audience_import_id
        )
    ).first()
    audience = read_audience(session, workspace_id, campaign_id)
    parent = session.get(Campaign, audience.parent_id) if audience.parent_id else None
    return CampaignDetails(
        text=campaign.text,
        sender=campaign.sender,
        link=_read_link(session, campaign_id),
        kind=campaign.kind,
        rate_per_s=campaign.rate_per_s,
        offer=offer,
        audience_file=audience_file,
        created_at=campaign.created_at,
        send_requested_at=campaign.send_requested_at,
        first_submit_after=campaign.first_submit_after,
        segments=audience.segments,
        parent=(parent.id or 0, parent.name) if parent else None,
        leave_out=audience.leave_out,
    )


def _read_link(session: Session, campaign_id: int) -> LinkFacts | None:
    link = session.get(Link, (campaign_id, CAMPAIGN_LINK))
    if link is None:
        return None
    # A link from before links could be changed has the time it was made there.
    changed_at = link.updated_at if link.updated_at and link.updated_at > link.created_at else None
    page = session.get(LandingPage, link.page_id) if link.page_id is not None else None
    shown = (page.id or 0, page.name) if page else None
    return LinkFacts(link.destination_url, link.activates_at, link.expires_at, link.fallback_url, changed_at, shown)
