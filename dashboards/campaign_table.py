"""The list of campaigns, written for its table."""

from dataclasses import dataclass

from dashboards.campaigns import CampaignList, CampaignSummary
from dashboards.figures import money_texts, rows_path
from dashboards.speech import Speech
from linksvc.proportions import Proportion
from linksvc.public_ids import format_id


@dataclass(frozen=True, slots=True)
class ListedCount:
    """A number of the list, its share under it, and the rows behind it; `href` is None for 0."""

    label: str
    text: str
    share: str
    href: str | None


@dataclass(frozen=True, slots=True)
class ListedCampaign:
    public_id: str
    name: str
    path: str
    state: str
    state_words: str
    counts: tuple[ListedCount, ...]
    revenue: tuple[str, ...]


_COLUMNS = (
    ("sent", "submitted", None),
    ("delivered", "delivered", "submitted"),
    ("clicked", "clicked", "seen"),
    ("redeemed", "redeemed", "reached"),
)
"""Column, stage, and the stage it is a share of."""


def campaign_rows(found: CampaignList, speech: Speech, currency: str) -> tuple[ListedCampaign, ...]:
    return tuple(_row(campaign, speech, currency) for campaign in found.campaigns)


def _row(campaign: CampaignSummary, speech: Speech, currency: str) -> ListedCampaign:
    return ListedCampaign(
        public_id=format_id("campaign", campaign.campaign_id),
        name=campaign.name,
        path=f"/campaigns/{format_id('campaign', campaign.campaign_id)}",
        state=campaign.state,
        state_words=speech.say(f"state.{campaign.state}"),
        counts=tuple(_count(campaign, column, stage, whole, speech) for column, stage, whole in _COLUMNS),
        revenue=money_texts(speech, campaign.revenue, currency),
    )


def _count(campaign: CampaignSummary, column: str, stage: str, whole: str | None, speech: Speech) -> ListedCount:
    value = campaign.counts[stage]
    if stage == "clicked" and not campaign.has_link:
        return ListedCount(label=speech.say(f"list.{column}"), text=speech.say("list.no_link"), share="", href=None)
    if stage == "redeemed" and not campaign.has_offer and not value:
        return ListedCount(label=speech.say(f"list.{column}"), text=speech.say("list.no_offer"), share="", href=None)
    share = Proportion(value, campaign.counts[whole]).share if whole else None
    return ListedCount(
        label=speech.say(f"list.{column}"),
        text=speech.number(value),
        share="" if share is None else speech.per_cent(share),
        href=rows_path(campaign.campaign_id, stage) if value else None,
    )
