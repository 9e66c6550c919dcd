"""The counters: written as what moved adds up (`linksvc.tallies`), and the check that they are right."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlmodel import Session, col, delete, select

from linksvc.bulk import add_to_rows, read_rows
from linksvc.hit_verdicts import COUNTED
from linksvc.models import Campaign, Fact, FunnelCount, Hit, Message, TimelineCount
from linksvc.stamps import COLUMNS, Stamps
from linksvc.tallies import ABOUT_MONEY, Cell, Counted, Tally, TimeCell

TABLES: Mapping[type[Cell] | type[TimeCell], type[FunnelCount] | type[TimelineCount]] = {
    Cell: FunnelCount,
    TimeCell: TimelineCount,
}
_SUMS = ("count", "amount_minor")


def write(session: Session, campaign_id: int, tally: Tally) -> None:
    """Adds the tally to the campaign's counters, in the caller's transaction, in one order for all writers."""
    counted = tally.counted()
    for kind, table in TABLES.items():
        rows = [(campaign_id, *cell, *pair) for cell, pair in counted.items() if isinstance(cell, kind)]
        add_to_rows(session, table, ("campaign_id", *kind._fields), _SUMS, rows)


def brute_force(session: Session, campaign_id: int) -> Counted:
    """The counters computed anew from every message and applied hit, redemption and payment; reads each as a stream."""
    return _tally_anew(session, campaign_id).counted()


def _tally_anew(session: Session, campaign_id: int) -> Tally:
    tally = Tally()
    by_n: dict[int, Stamps] = {}
    for message in read_stamps(session, campaign_id):
        tally.add(message)
        if message.has_occurrences:
            by_n[message.n] = message
    for n, verdict, reason, occurred_at in _counted_hits(session, campaign_id):
        tally.add_hit(verdict, reason, occurred_at, None if n is None else by_n[n])
    about_money = select(Fact).where(
        Fact.campaign_id == campaign_id, col(Fact.kind).in_(ABOUT_MONEY), col(Fact.applied_at).is_not(None)
    )
    for fact in session.exec(about_money.execution_options(yield_per=10_000)):
        stamps = None if fact.n is None else by_n[fact.n]
        tally.add_money(fact.kind, fact.occurred_at, fact.amount_minor, fact.currency, stamps)
        session.expunge(fact)
    return tally


def _counted_hits(session: Session, campaign_id: int) -> Iterable[Any]:
    statement = select(Hit.n, Hit.verdict, Hit.reason, Hit.occurred_at).where(Hit.campaign_id == campaign_id, COUNTED)
    return session.connection().execute(statement, execution_options={"yield_per": 10_000})


def stored(session: Session, campaign_id: int) -> Counted:
    """The counters as they stand, without those that came back to zero."""
    found: Counted = {}
    for kind, table in TABLES.items():
        columns = [getattr(table, name) for name in (*kind._fields, *_SUMS)]
        rows = session.connection().execute(select(*columns).where(table.campaign_id == campaign_id))
        pairs = {kind(*row[:-2]): (row[-2], row[-1]) for row in rows}
        found |= {cell: pair for cell, pair in sorted(pairs.items()) if pair != (0, 0)}
    return found


def rebuild(session: Session, campaign_id: int) -> None:
    """Replaces the campaign's counters by the brute-force ones. The caller holds the campaign's applier lease."""
    tally = _tally_anew(session, campaign_id)
    for table in TABLES.values():
        session.exec(delete(table).where(col(table.campaign_id) == campaign_id))
    write(session, campaign_id, tally)


def uncounted_campaigns(session: Session) -> list[int]:
    """Those that have messages and no counter."""
    any_counter = select(FunnelCount.campaign_id).where(FunnelCount.campaign_id == Campaign.id).limit(1).scalar_subquery()
    found = select(Campaign.id).where(Campaign.produced > 0, any_counter.is_(None))
    return [campaign_id for campaign_id in session.exec(found) if campaign_id]


def read_stamps(session: Session, campaign_id: int, ns: Iterable[int] | None = None) -> Iterator[Stamps]:
    """The stamps of a campaign's messages, or of the given ones, as a stream."""
    if ns is not None:
        for row in read_rows(session, Message, COLUMNS, ("campaign_id", campaign_id), "n", list(ns)):
            yield Stamps(*row)
        return
    columns = [getattr(Message, name) for name in COLUMNS]
    statement = select(*columns).where(Message.campaign_id == campaign_id)
    rows: Any = session.connection().execute(statement, execution_options={"yield_per": 10_000})
    for row in rows:
        yield Stamps(*row)
