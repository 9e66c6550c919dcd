"""The funnel query: a campaign's figures from its counters. Read by the API, the pages and the command line; the rows behind
each: `linksvc.message_list`, `linksvc.occurrence_list`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from linksvc.clock import BUCKET
from linksvc.cohorts import Cohort, of_cohort
from linksvc.errors import NotFound
from linksvc.models import Campaign, Fact, FunnelCount, Link, Payment, TimelineCount
from linksvc.money import Money
from linksvc.stages import SENT, UNSENT
from linksvc.standing_campaigns import is_for_messages
from linksvc.sums import Cost, Sums
from linksvc.tallies import HOUR, TOTAL

MOST_PENDING = 100_000

ABOUT_CLICKS = (
    "seen",
    "clicked",
    "redeemed_unclicked",
    "suspect",
    "machine",
    "hit_human",
    "hit_suspect",
    "hit_machine",
    "hit_unnamed",
    "late_clicked",
    "late_hit",
)
"""Those that say nothing of a campaign without a link."""

ABOUT_CODES = (
    "redeemed",
    "redeemed_unclicked",
    "redemption",
    "return",
    "void",
    "late_redeemed",
    "late_redemption",
    "late_return",
    "late_void",
)
"""Those that say nothing of a campaign without an offer: its messages bear no promo code."""


@dataclass(frozen=True)
class Funnel:
    """A campaign's figures at one moment. `counts` holds every stage and occurrence by name, 0 included.

    `pending_facts` were learnt but are not in the figures yet; 0 means the figures are all that is known. It is not counted
    beyond MOST_PENDING.
    """

    campaign_id: int
    name: str
    kind: str
    state: str
    counts: Mapping[str, int]
    revenue: tuple[Money, ...]
    """What was paid in its redemptions and by link, a sum a currency."""
    pending_facts: int
    created_at: datetime
    send_requested_at: datetime | None
    finished_at: datetime | None
    send_at: datetime | None = None
    """The earliest moment at which any message is due, as `send_local` and `send_timezone` say it."""
    taken_back: tuple[Money, ...] = ()
    """What of that was returned or voided; a currency for each of `revenue`."""
    send_local: str = ""
    send_timezone: str = ""
    expires_at: datetime | None = None
    paused_at: datetime | None = None
    cancelled_at: datetime | None = None
    has_link: bool = True
    """Whether its text has a link: without one nobody can click, and there is no click rate."""
    has_page: bool = False
    """Whether its link leads to a landing page, or to pages that bear the snippet: without, nobody can be seen engaged."""
    has_offer: bool = True
    """Whether its messages bear codes of an offer: without, nothing can be redeemed."""
    has_payments: bool = False
    """Whether any of its messages asks for a payment."""
    late_revenue: tuple[Money, ...] = ()
    """What was paid after the window of its message had closed, less what was taken back then; it is in no other figure."""
    fragments: int = 0
    """How many parts routes took."""
    cost: tuple[Cost, ...] = ()
    """What these parts cost, a sum a currency; nothing where no price is known."""
    attribution_days: int = 7
    window_closes_at: datetime | None = None
    """When nothing more can be told of its messages but as late; None while any may still leave, or none ever did."""

    def __getitem__(self, stage: str) -> int:
        return self.counts[stage]

    def tells(self, stage: str) -> bool:
        """Whether a figure says anything of this campaign: without a page nobody can be engaged, without a link nobody can
        click, without an offer nothing can be redeemed, where nothing is asked for nothing can be paid."""
        if stage in ("engaged", "late_engaged"):
            return self.has_page or self.counts[stage] > 0
        if stage in ("paid", "payment", "late_paid", "late_payment"):
            return self.has_payments or self.counts[stage] > 0
        if stage in ABOUT_CODES and not self.has_offer and not any(self.counts[name] for name in ABOUT_CODES):
            return False
        return self.has_link or stage not in ABOUT_CLICKS

    @property
    def status(self) -> str:
        """The state, or what keeps it from going on: paused, cancelling."""
        return status_of(self.state, self.paused_at, self.cancelled_at)

    @property
    def net_revenue(self) -> tuple[Money, ...]:
        """What was paid and not taken back."""
        back = {money.currency: money.amount_minor for money in self.taken_back}
        return tuple(Money(one.amount_minor - back.get(one.currency, 0), one.currency) for one in self.revenue)

    @property
    def unaccounted(self) -> int:
        """produced minus the sum of its states, plus submitted minus the sum of its: 0, or the figures are wrong."""
        unsent = sum(self.counts[stage] for stage in UNSENT)
        sent = sum(self.counts[stage] for stage in SENT)
        residue = self.counts["produced"] - unsent - self.counts["submitted"]
        return abs(residue) + abs(self.counts["submitted"] - sent)


def status_of(state: str, paused_at: datetime | None, cancelled_at: datetime | None) -> str:
    """A campaign's state, or `paused`, or `cancelling` while what is left is taken back."""
    if state not in ("scheduled", "producing", "sending"):
        return state
    return "cancelling" if cancelled_at else "paused" if paused_at else state


def find_campaign(session: Session, workspace_id: int, campaign_id: int) -> Campaign:
    """The campaign row. Raises NotFound for another workspace's too."""
    campaign = session.exec(
        select(Campaign).where(Campaign.id == campaign_id, Campaign.workspace_id == workspace_id, is_for_messages())
    ).first()
    if campaign is None:
        raise NotFound("There is no such campaign in this workspace.", code="campaign_not_found")
    return campaign


def read_funnel(session: Session, workspace_id: int, campaign_id: int, cohort: Cohort | None = None) -> Funnel:
    """The campaign's figures, from a few counter rows whatever its size; of a cohort's messages alone where one is given,
    and then without the visits that name nobody. Raises NotFound."""
    campaign = find_campaign(session, workspace_id, campaign_id)
    sums = _read_sums(session, campaign_id, cohort)
    link = _first_link(session, campaign_id)
    return Funnel(
        campaign_id=campaign_id,
        name=campaign.name,
        kind=campaign.kind,
        state=campaign.state,
        counts=sums.counts,
        revenue=sums.revenue,
        taken_back=sums.taken_back,
        late_revenue=sums.late_revenue,
        fragments=sums.fragments,
        cost=sums.cost,
        pending_facts=session.exec(_count_pending(campaign_id)).one(),
        created_at=campaign.created_at,
        send_requested_at=campaign.send_requested_at,
        finished_at=campaign.finished_at,
        send_at=campaign.send_at,
        send_local=campaign.send_local,
        send_timezone=campaign.send_timezone,
        expires_at=campaign.expires_at,
        paused_at=campaign.paused_at,
        cancelled_at=campaign.cancelled_at,
        has_link=link is not None,
        has_page=link is not None and (link.page_id is not None or link.snippet_origins != ""),
        has_offer=campaign.offer_id is not None,
        has_payments=_has_payments(session, campaign_id),
        attribution_days=campaign.attribution_days,
        window_closes_at=_window_closes_at(session, campaign),
    )


def _read_sums(session: Session, campaign_id: int, cohort: Cohort | None) -> Sums:
    statement = select(
        FunnelCount.stage, FunnelCount.currency, func.sum(FunnelCount.count), func.sum(FunnelCount.amount_minor)
    ).where(FunnelCount.campaign_id == campaign_id, FunnelCount.by == (HOUR if cohort else TOTAL), *of_cohort(cohort))
    sums = Sums()
    for stage, currency, count, amount in session.exec(statement.group_by(FunnelCount.stage, FunnelCount.currency)):
        sums.add(stage, currency, int(count), int(amount))
    return sums


def _window_closes_at(session: Session, campaign: Campaign) -> datetime | None:
    """When the last window closes: so many days after the end of the quarter of an hour of the last submission."""
    if campaign.state not in ("sent", "cancelled"):
        return None
    last = session.exec(
        select(func.max(TimelineCount.bucket)).where(
            TimelineCount.campaign_id == campaign.id, TimelineCount.stage == "submitted", col(TimelineCount.count) > 0
        )
    ).one()
    return last and last + BUCKET + timedelta(days=campaign.attribution_days)


def with_links(session: Session, campaign_ids: Collection[int]) -> frozenset[int]:
    """Those of the campaigns whose text has a link: each of them has its link from its draft on."""
    # One look a campaign: one that holds single messages has a link for each of them.
    any_link = select(Link.id).where(Link.campaign_id == Campaign.id).limit(1).scalar_subquery()
    found = session.exec(select(Campaign.id).where(col(Campaign.id).in_(campaign_ids), any_link.is_not(None)))
    return frozenset(campaign_id for campaign_id in found if campaign_id is not None)


def _first_link(session: Session, campaign_id: int) -> Link | None:
    """The one that all of a campaign's messages lead to, where they share one."""
    return session.exec(select(Link).where(Link.campaign_id == campaign_id).order_by(col(Link.id)).limit(1)).first()


def _has_payments(session: Session, campaign_id: int) -> bool:
    return session.exec(select(Payment.id).where(Payment.campaign_id == campaign_id).limit(1)).first() is not None


def _count_pending(campaign_id: int) -> SelectOfScalar[int]:
    # Ordered as the index on pending facts is: SQLite's planner takes it then, and else walks all facts of the campaign.
    pending = (
        select(Fact.recorded_at)
        .where(Fact.campaign_id == campaign_id, col(Fact.applied_at).is_(None))
        .order_by(col(Fact.recorded_at))
        .limit(MOST_PENDING)
    )
    return select(func.count()).select_from(pending.subquery())
