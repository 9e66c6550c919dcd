"""Campaigns side by side, and what one is held against: the last campaigns of its workspace. Read by the pages and the "
"API."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from linksvc.costs import Costs, make_costs
from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.funnel import find_campaign, status_of, with_links
from linksvc.models import Campaign, FunnelCount
from linksvc.money import Money
from linksvc.proportions import Difference, difference_of
from linksvc.public_ids import format_id
from linksvc.rates import rate_of
from linksvc.standing_campaigns import is_for_messages
from linksvc.sums import Sums
from linksvc.tallies import TOTAL

MOST_COMPARED = 6
LAST = 5
"""How many campaigns the average is of."""

MOST_LAST = 50


@dataclass(frozen=True, slots=True)
class LastCampaigns:
    """The campaigns that were sent before one, of its kind, newest first, and what they came to together.

    `counts` are sums, so a rate over them weighs every message the same, and has a numerator and a denominator.
    """

    campaign_ids: tuple[int, ...]
    counts: Mapping[str, int]
    net_revenue: tuple[Money, ...]
    costs: Costs | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """A campaign among others."""

    campaign_id: int
    name: str
    kind: str
    status: str
    has_link: bool
    has_offer: bool
    counts: Mapping[str, int]
    net_revenue: tuple[Money, ...]
    costs: Costs


@dataclass(frozen=True, slots=True)
class Comparison:
    """`campaigns` in the order in which they were asked for: the others and the average are held against the first."""

    campaigns: tuple[Compared, ...]
    last: LastCampaigns


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
    return LastCampaigns(ids, sums.counts, sums.net_revenue, _costs(sums))


def compare(session: Session, workspace_id: int, campaign_ids: Sequence[int], last: int = LAST) -> Comparison:
    """The campaigns side by side, with the `last` ones before the first of them, in a few statements. One that is named
    twice stands once. Raises NotFound, InvalidRequest (campaigns_missing, campaigns_too_many)."""
    ids = tuple(dict.fromkeys(campaign_ids))
    if not ids:
        raise _wrong("campaigns_missing", f"Say which campaigns, 1 to {MOST_COMPARED}.")
    if len(ids) > MOST_COMPARED:
        raise _wrong("campaigns_too_many", f"{len(ids)} campaigns are too many: {MOST_COMPARED} stand side by side at most.")
    rows = _find(session, workspace_id, ids)
    sums = _read_sums(session, ids)
    linked = with_links(session, ids)
    compared = tuple(_compared(row, sums[row.id or 0], row.id in linked) for row in rows)
    return Comparison(compared, average_of_last(session, workspace_id, ids[0], last))


def difference(one: Mapping[str, int], other: Mapping[str, int], rate: str) -> Difference | None:
    """How much higher a rate of `linksvc.rates` is in the one than in the other. None where there is no rate."""
    return difference_of(rate_of(one, rate), rate_of(other, rate))


def _find(session: Session, workspace_id: int, ids: Sequence[int]) -> list[Campaign]:
    found = session.exec(
        select(Campaign).where(Campaign.workspace_id == workspace_id, col(Campaign.id).in_(ids), is_for_messages())
    )
    rows = {row.id: row for row in found}
    for campaign_id in ids:
        if campaign_id not in rows:
            message = f"There is no campaign {format_id('campaign', campaign_id)} in this workspace."
            raise NotFound(message, code="campaign_not_found")
    return [rows[campaign_id] for campaign_id in ids]


def _read_sums(session: Session, ids: Iterable[int]) -> dict[int, Sums]:
    sums = {campaign_id: Sums() for campaign_id in ids}
    columns = (
        FunnelCount.campaign_id,
        FunnelCount.stage,
        FunnelCount.currency,
        FunnelCount.count,
        FunnelCount.amount_minor,
    )
    mine = (col(FunnelCount.campaign_id).in_(sums), FunnelCount.by == TOTAL)
    found = session.exec(select(*columns).where(*mine))  # type: ignore[call-overload]
    for campaign_id, stage, currency, count, amount in found:
        sums[campaign_id].add(stage, currency, count, amount)
    return sums


def _compared(row: Campaign, sums: Sums, has_link: bool) -> Compared:
    return Compared(
        campaign_id=row.id or 0,
        name=row.name,
        kind=row.kind,
        status=status_of(row.state, row.paused_at, row.cancelled_at),
        has_link=has_link,
        has_offer=row.offer_id is not None,
        counts=sums.counts,
        net_revenue=sums.net_revenue,
        costs=_costs(sums),
    )


def _costs(sums: Sums) -> Costs:
    return make_costs(sums.revenue, sums.taken_back, sums.cost, sums.counts["submitted"], sums.fragments)


def _wrong(code: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code=code, errors=(FieldError("campaigns", message),))
