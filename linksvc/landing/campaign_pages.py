"""The page of a campaign as it is published now, for whoever reads what recipients did on it."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from linksvc.funnel import find_campaign
from linksvc.landing.documents import Document, parse_document
from linksvc.models import LandingPage, Link


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """`document` is None for a campaign without a page, and for one whose page was never published."""

    campaign_id: int
    campaign: str
    page_id: int | None
    document: Document | None


def read_campaign_page(session: Session, workspace_id: int, campaign_id: int) -> CampaignPage:
    """Raises NotFound (campaign_not_found), for another workspace's too."""
    campaign = find_campaign(session, workspace_id, campaign_id)
    row = session.exec(
        select(LandingPage.id, LandingPage.published)
        .join(Link, col(Link.page_id) == col(LandingPage.id))
        .where(Link.campaign_id == campaign_id, LandingPage.workspace_id == workspace_id)
        # Single messages have a link each, which may show different pages: the latest speaks for all.
        .order_by(col(Link.id).desc())
        .limit(1)
    ).first()
    page_id, published = row or (None, "")
    return CampaignPage(campaign_id, campaign.name, page_id, parse_document(published) if published else None)
