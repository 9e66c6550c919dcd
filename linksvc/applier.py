"""The applier: turns a campaign's pending facts into stamps and counters, one batch a transaction, alone by a lease.

Called by the worker process (`ricochet work`). No two writers ever fight over a counter, and whoever records a fact
never waits for a report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, bindparam, case, func
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select, update

from linksvc import counters, facts, leases
from linksvc.clock import Clock
from linksvc.database import BATCH_ROWS, reading, writing
from linksvc.facts import NewFact
from linksvc.hit_verdicts import (
    INTERACTION,
    Change,
    HeldHit,
    Ruling,
    applied_sources,
    exchanged,
    find_counted,
    raised,
    write_rows,
)
from linksvc.models import Campaign, Fact, FunnelCount, SendBatch
from linksvc.movements import move
from linksvc.standing_campaigns import GOES_ON
from linksvc.statements import Statement
from linksvc.tallies import TOTAL
from linksvc.webhooks import news

LEASE = timedelta(seconds=5)
"""How long the figures stand still when an applier dies. It may be short: each transaction takes the lease anew, and holds
its row until it ends."""


def lease_name(campaign_id: int) -> str:
    return f"apply:{campaign_id}"


def rebuild_counters(engine: Engine, campaign_id: int) -> None:
    """Replaces the campaign's counters by what its rows add up to, while everything goes on running."""
    with writing(engine) as session:
        leases.hold_off(session, lease_name(campaign_id))
        # Production counts too, under the campaign's row; after the lease, as an applier takes them.
        session.exec(select(Campaign.id).where(Campaign.id == campaign_id).with_for_update())
        counters.rebuild(session, campaign_id)


@dataclass(frozen=True, slots=True)
class Settled:
    """How many verdicts were exchanged, and how many could not be yet: their hit is not counted so far, or was judged by
    somebody else meanwhile."""

    changed: int
    waiting: int


def change_verdicts(engine: Engine, campaign_id: int, rulings: Sequence[Ruling], clock: Clock) -> Settled:
    """Lets other verdicts hold for up to BATCH_ROWS hits, with a `verdict` fact each; stamps and counters move in the same
    transaction. What somebody did on its page keeps a hit human whatever is ruled. Called by `tracker.judging`."""
    ruled = {ruling.source: ruling for ruling in rulings}
    with writing(engine) as session:
        leases.hold_off(session, lease_name(campaign_id))
        counted = find_counted(session, campaign_id, ruled.keys())
        changes = [change for hit in counted if (change := exchanged(hit, ruled[hit.source]))]
        now = clock()
        facts.record(session, [_fact(campaign_id, change) for change in changes], now, applied_at=now)
        news.tell_movement(session, campaign_id, move(session, campaign_id, (), changes, now), now)
    settled = sum(hit.reason == INTERACTION for hit in counted)
    return Settled(len(changes), len(ruled) - len(changes) - settled)


def _fact(campaign_id: int, change: Change) -> NewFact:
    return NewFact(
        campaign_id=campaign_id,
        kind="verdict",
        source=f"{change.hit.source}:{change.judged}",
        n=change.hit.n,
        occurred_at=change.hit.occurred_at,
        value=change.verdict,
        detail=change.reason,
        rules=change.rules,
    )


def campaigns_with_pending_facts(engine: Engine) -> list[int]:
    """The campaigns that have something to apply."""
    # One look at the index on pending facts for each campaign, however long the backlog is.
    first_pending = (
        select(Fact.recorded_at)
        .where(Fact.campaign_id == Campaign.id, col(Fact.applied_at).is_(None))
        .order_by(col(Fact.recorded_at))
        .limit(1)
    )
    with reading(engine) as session:
        found = session.exec(select(Campaign.id).where(first_pending.scalar_subquery().is_not(None)))
        return [campaign_id for campaign_id in found if campaign_id]


def apply_batch(engine: Engine, campaign_id: int, holder: str, clock: Clock) -> int:
    """Applies up to BATCH_ROWS pending facts of the campaign; returns how many. 0 also while another holds the lease."""
    with writing(engine) as session:
        if not leases.take(session, lease_name(campaign_id), holder, clock(), LEASE):
            return 0
        pending = _pending(session, campaign_id)
        if pending:
            _apply(session, campaign_id, pending, clock)
            _finish(session, campaign_id, clock)
        return len(pending)


def _pending(session: Session, campaign_id: int) -> list[NewFact]:
    return [NewFact(*row) for row in _PENDING.rows(session, {"of_campaign": campaign_id})]


_FACT = Fact.__table__.c  # type: ignore[attr-defined]
_PENDING = Statement(
    lambda _: (
        core_select(*(_FACT[name] for name in NewFact._fields))
        .where(_FACT.campaign_id == bindparam("of_campaign"), _FACT.applied_at.is_(None))
        .order_by(_FACT.recorded_at)
        .limit(BATCH_ROWS)
    )
)


def _apply(session: Session, campaign_id: int, pending: Sequence[NewFact], clock: Clock) -> None:
    hits = {fact.source: fact for fact in pending if fact.kind == "hit"}
    told = {fact.source for fact in pending if fact.kind == "interaction"}
    # An interaction may come before its hit, from another tracker's spool: then it waits here, applied already.
    human = (told & hits.keys()) | applied_sources(session, campaign_id, "interaction", hits.keys())
    write_rows(session, campaign_id, [raised(_as_told(hits[source])) for source in sorted(human)])
    counted = find_counted(session, campaign_id, told - hits.keys())
    changes, now = [raised(hit) for hit in counted if hit.reason != INTERACTION], clock()
    news.tell_movement(session, campaign_id, move(session, campaign_id, pending, changes, now, human), now)


def _as_told(fact: NewFact) -> HeldHit:
    """The hit of a `hit` fact, before anything else was learnt of it."""
    segment, _, position = fact.source.rpartition(":")
    return HeldHit(segment, int(position), fact.n, fact.occurred_at, fact.value, fact.detail, 0)


def _finish(session: Session, campaign_id: int, clock: Clock) -> None:
    """A campaign is sent, or cancelled, when nothing may leave any more; its receipts and clicks go on coming."""
    goes_on = col(Campaign.kind).in_(GOES_ON) & col(Campaign.cancelled_at).is_(None)
    finish(session, campaign_id, ~goes_on, clock())


def finish(session: Session, campaign_id: int, condition: ColumnElement[bool], now: datetime) -> None:
    """Ends a campaign for which the condition holds, if nothing of it may leave any more."""
    waiting = session.exec(
        select(func.coalesce(func.sum(FunnelCount.count), 0)).where(
            FunnelCount.campaign_id == campaign_id,
            FunnelCount.by == TOTAL,
            col(FunnelCount.stage).in_(("queued", "held")),
        )
    ).one()
    queued_again = session.exec(select(SendBatch.first_n).where(SendBatch.campaign_id == campaign_id).limit(1)).first()
    if waiting == 0 and queued_again is None:
        cancelled = col(Campaign.cancelled_at).is_not(None)
        session.exec(
            update(Campaign)
            .where(col(Campaign.id) == campaign_id, col(Campaign.state) == "sending", condition)
            .values(state=case((cancelled, "cancelled"), else_="sent"), finished_at=now)
        )
