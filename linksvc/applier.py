"""The applier: turns a campaign's pending facts into stamps and counters, one batch a transaction, alone by a lease.

Called by the worker process (`ricochet work`). No two writers ever fight over a counter, and whoever records a fact
never waits for a report.
"""

import copy
from collections import defaultdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, Table, bindparam, func
from sqlmodel import Session, col, select, update

from linksvc import counters, leases
from linksvc.clock import Clock
from linksvc.counters import Tally
from linksvc.database import BATCH_ROWS, reading, writing
from linksvc.models import Campaign, Fact, FunnelCount, Lease, Message
from linksvc.stamps import WRITTEN, Stamps, fold

LEASE = timedelta(seconds=5)
"""How long the figures stand still when an applier dies. It may be short: each transaction takes the lease anew, and holds
its row until it ends."""


def lease_name(campaign_id: int) -> str:
    return f"apply:{campaign_id}"


def rebuild_counters(engine: Engine, campaign_id: int) -> None:
    """Replaces the campaign's counters by what its rows add up to, while everything goes on running.

    An applier's transaction holds the lease's row from its start, so touching that row waits for it and keeps the next out.
    """
    with writing(engine) as session:
        session.exec(select(Campaign.id).where(Campaign.id == campaign_id).with_for_update())
        session.exec(update(Lease).where(col(Lease.name) == lease_name(campaign_id)).values(name=lease_name(campaign_id)))
        counters.rebuild(session, campaign_id)


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
        facts = _pending(session, campaign_id)
        if facts:
            _apply(session, campaign_id, facts)
            _mark_applied(session, facts, clock)
            _finish(session, campaign_id, clock)
        return len(facts)


def _pending(session: Session, campaign_id: int) -> list[Fact]:
    statement = (
        select(Fact)
        .where(Fact.campaign_id == campaign_id, col(Fact.applied_at).is_(None))
        .order_by(col(Fact.recorded_at))
        .limit(BATCH_ROWS)
    )
    return list(session.exec(statement))


def _apply(session: Session, campaign_id: int, facts: list[Fact]) -> None:
    by_message: dict[int, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.n is not None:
            by_message[fact.n].append(fact)
    tally = Tally()
    after: dict[int, Stamps] = {}
    for before in counters.read_stamps(session, campaign_id, by_message):
        stamps = after[before.n] = copy.copy(before)
        fold(stamps, by_message[before.n])
        tally.add(before, -1)
        tally.add(stamps)
    for fact in facts:
        tally.add_occurrence(fact, None if fact.n is None else after[fact.n])
    _write_stamps(session, campaign_id, after.values())
    counters.write(session, campaign_id, tally)


def _write_stamps(session: Session, campaign_id: int, stamped: Any) -> None:
    table: Table = Message.__table__  # type: ignore[attr-defined]
    statement = (
        table.update()
        .where(table.c.campaign_id == campaign_id, table.c.n == bindparam("at_n"))
        .values({name: bindparam(f"new_{name}") for name in WRITTEN})
    )
    rows = [{"at_n": s.n} | {f"new_{name}": getattr(s, name) for name in WRITTEN} for s in stamped]
    if rows:
        session.connection().execute(statement, rows)


def _mark_applied(session: Session, facts: list[Fact], clock: Clock) -> None:
    table: Table = Fact.__table__  # type: ignore[attr-defined]
    statement = (
        table.update()
        .where(
            table.c.campaign_id == bindparam("of_campaign"),
            table.c.kind == bindparam("of_kind"),
            table.c.source == bindparam("of_source"),
        )
        .values(applied_at=clock())
    )
    rows = [{"of_campaign": f.campaign_id, "of_kind": f.kind, "of_source": f.source} for f in facts]
    session.connection().execute(statement, rows)


def _finish(session: Session, campaign_id: int, clock: Clock) -> None:
    """A campaign is sent when nothing is queued any more; its receipts and clicks go on coming."""
    queued = session.exec(
        select(func.coalesce(func.sum(FunnelCount.count), 0)).where(
            FunnelCount.campaign_id == campaign_id, FunnelCount.stage == "queued"
        )
    ).one()
    if queued == 0:
        session.exec(
            update(Campaign)
            .where(col(Campaign.id) == campaign_id, col(Campaign.state) == "sending")
            .values(state="sent", finished_at=clock())
        )
