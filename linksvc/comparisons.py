"""What a campaign is held against: the last campaigns of its workspace. Read by the campaign's page."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from linksvc.funnel import find_campaign
from linksvc.models import Campaign, FunnelCount
from linksvc.money import Money
from linksvc.sums import Sums
from linksvc.tallies import TOTAL


@dataclass(frozen=True, slots=True)
class LastCampaigns:
    """The campaigns that were sent before one, of its kind, newest first, and what they came to together.

    `counts` are sums, so a rate over them weighs every message the same, and has a numerator and a denominator.
    """

    campaign_ids: tuple[int, ...]
    counts: Mapping[str, int]
    net_revenue: tuple[Money, ...]


def average_of_last(session: Session, workspace_id: int, campaign_id: int, n: int) -> LastCampaigns:
    """The last `n` campaigns of the workspace that were sent before this one and are of its kind; fewer where there are
    fewer. Raises NotFound."""
    campaign = find_campaign(session, workspace_id, campaign_id)
    before = (
        select(Campaign.id)
        .where(
            Campaign.workspace_id == workspace_id,
            col(Campaign.id) < campaign_id,
            Campaign.kind == campaign.kind,
            Campaign.state == "sent",
        )
        .order_by(col(Campaign.id).desc())
        .limit(n)
    )
    ids = tuple(found for found in session.exec(before) if found is not None)
    sums = Sums()
    for stage, currency, count, amount in session.exec(
        select(FunnelCount.stage, FunnelCount.currency, func.sum(FunnelCount.count), func.sum(FunnelCount.amount_minor))
        .where(col(FunnelCount.campaign_id).in_(ids), FunnelCount.by == TOTAL)
        .group_by(FunnelCount.stage, FunnelCount.currency)
    ):
        sums.add(stage, currency, int(count), int(amount))
    return LastCampaigns(ids, sums.counts, sums.net_revenue)
