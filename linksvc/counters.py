"""The counters: what messages and occurrences add to `funnel_count`, and the check that the sum is right."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlmodel import Session, col, delete, select

from linksvc.bulk import read_rows
from linksvc.clock import bucket_of
from linksvc.database import insert_into
from linksvc.facts import AnyFact
from linksvc.hit_verdicts import COUNTED
from linksvc.models import Fact, FunnelCount, Hit, Message
from linksvc.stages import stages_of
from linksvc.stamps import COLUMNS, Stamps

KEY = ("campaign_id", "variant", "route_id", "network", "country", "bucket", "stage", "currency")

ABOUT_MONEY = {"redeemed": "redemption", "returned": "return", "voided": "void", "paid": "payment"}
"""Facts that come with an amount, each with the occurrence that it is counted as."""

_BEFORE_A_ROUTE = {"produced", "queued", "held", "stopped", "cancelled", "expired_unsent", "refused", "outcome_unknown"}


class Cell(NamedTuple):
    """One counter of a campaign."""

    variant: str
    route_id: int
    network: str
    country: str
    bucket: datetime
    stage: str
    currency: str


_Alike = tuple[Any, ...]
"""All that the cells of a message depend on, its moments as their buckets: of a batch's messages most are alike."""

_WHAT = ("country", "variant", "network", "tracked", "state", "route_id", "parts_accepted")
_WHEN = tuple(name for name in COLUMNS if name.endswith("_at"))
_told = attrgetter(*_WHAT, *_WHEN)


class Tally:
    """Changes to one campaign's counters, summed before they are written."""

    def __init__(self) -> None:
        self.counts: Counter[Cell] = Counter()
        self.amounts: Counter[Cell] = Counter()
        self._messages: Counter[_Alike] = Counter()

    def add(self, stamps: Stamps, sign: int = 1) -> None:
        """Counts the message under every stage it stands at (or takes it away with sign -1)."""
        self._messages[_alike(stamps)] += sign

    def exchange(self, before: Stamps, after: Stamps) -> None:
        """Counts the message as it is now instead of as it was."""
        self.add(before, -1)
        self.add(after)

    def add_hit(self, verdict: str, occurred_at: datetime, stamps: Stamps | None, sign: int = 1) -> None:
        """Counts a hit by the verdict that holds for it (or takes it away). `stamps` None: it names nobody."""
        for stage in (f"hit_{verdict}",) if stamps else (f"hit_{verdict}", "hit_unnamed"):
            self.counts[_occurrence(stage, occurred_at, stamps)] += sign

    def add_money(self, fact: AnyFact, stamps: Stamps | None) -> None:
        """Counts a redemption or a payment and what was paid, or a return or a void and what it took back."""
        cell = _occurrence(ABOUT_MONEY[fact.kind], fact.occurred_at, stamps, fact.currency)
        self.counts[cell] += 1
        self.amounts[cell] += fact.amount_minor

    def cells(self) -> dict[Cell, tuple[int, int]]:
        """(count, amount) of every cell that changed."""
        counts = self.counts.copy()
        for alike, messages in self._messages.items():
            for cell in _cells_of(alike) if messages else ():
                counts[cell] += messages
        touched = set(counts) | set(self.amounts)
        pairs = {cell: (counts[cell], self.amounts[cell]) for cell in sorted(touched)}
        return {cell: pair for cell, pair in pairs.items() if pair != (0, 0)}


def _alike(stamps: Stamps) -> _Alike:
    told = _told(stamps)
    return *told[: len(_WHAT)], *[moment and bucket_of(moment) for moment in told[len(_WHAT) :]]


def _cells_of(alike: _Alike) -> Iterator[Cell]:
    """The cells of a message. What a stage asks for that is not told here is as if it had not happened. Of two moments the
    earlier one's bucket is the earlier bucket, so a stage may choose among buckets as among moments."""
    stamps = Stamps(n=0, **dict(zip((*_WHAT, *_WHEN), alike, strict=True)))
    for stage, at in stages_of(stamps):
        route_id = 0 if stage in _BEFORE_A_ROUTE else stamps.route_id
        yield Cell(stamps.variant, route_id, stamps.network, stamps.country, at, stage, "")


def _occurrence(stage: str, occurred_at: datetime, stamps: Stamps | None, currency: str = "") -> Cell:
    """The cell of something that is counted each time, under the dimensions it will keep: those that facts never change."""
    variant, network, country = (stamps.variant, stamps.network, stamps.country) if stamps else ("", "", "")
    return Cell(variant, 0, network, country, bucket_of(occurred_at), stage, currency)


def write(session: Session, campaign_id: int, tally: Tally) -> None:
    """Adds the tally to the campaign's counters, in the caller's transaction, in one order for all writers."""
    rows = [
        {"campaign_id": campaign_id, "count": count, "amount_minor": amount}
        | {name: getattr(cell, name) for name in KEY[1:]}
        for cell, (count, amount) in tally.cells().items()
    ]
    if not rows:
        return
    statement = insert_into(session, FunnelCount)
    statement = statement.on_conflict_do_update(
        index_elements=KEY,
        set_={
            "count": col(FunnelCount.count) + statement.excluded["count"],
            "amount_minor": col(FunnelCount.amount_minor) + statement.excluded.amount_minor,
        },
    )
    session.connection().execute(statement, rows)


def brute_force(session: Session, campaign_id: int) -> dict[Cell, tuple[int, int]]:
    """The counters computed anew from every message and applied hit, redemption and payment; reads each as a stream."""
    tally = Tally()
    by_n: dict[int, Stamps] = {}
    about_money = (
        Fact.campaign_id == campaign_id,
        col(Fact.kind).in_(ABOUT_MONEY),
        col(Fact.applied_at).is_not(None),
    )
    # A message whose redemption was voided bears no trace of it.
    ns = set(session.exec(select(Fact.n).where(*about_money)))
    for stamps in read_stamps(session, campaign_id):
        tally.add(stamps)
        if stamps.clicked_at or stamps.suspect_at or stamps.machine_at or stamps.n in ns:
            by_n[stamps.n] = stamps
    for n, verdict, occurred_at in _counted_hits(session, campaign_id):
        tally.add_hit(verdict, occurred_at, None if n is None else by_n[n])
    for fact in session.exec(select(Fact).where(*about_money).execution_options(yield_per=10_000)):
        tally.add_money(fact, None if fact.n is None else by_n[fact.n])
        session.expunge(fact)
    return tally.cells()


def _counted_hits(session: Session, campaign_id: int) -> Iterable[Any]:
    statement = select(Hit.n, Hit.verdict, Hit.occurred_at).where(Hit.campaign_id == campaign_id, COUNTED)
    return session.connection().execute(statement, execution_options={"yield_per": 10_000})


def stored(session: Session, campaign_id: int) -> dict[Cell, tuple[int, int]]:
    """The counters as they stand, without those that came back to zero."""
    rows = session.exec(select(FunnelCount).where(FunnelCount.campaign_id == campaign_id))
    pairs = {Cell(*(getattr(row, name) for name in KEY[1:])): (row.count, row.amount_minor) for row in rows}
    return {cell: pair for cell, pair in sorted(pairs.items()) if pair != (0, 0)}


def rebuild(session: Session, campaign_id: int) -> None:
    """Replaces the campaign's counters by the brute-force ones. The caller holds the campaign's applier lease."""
    tally = Tally()
    for cell, (count, amount) in brute_force(session, campaign_id).items():
        tally.counts[cell], tally.amounts[cell] = count, amount
    session.exec(delete(FunnelCount).where(col(FunnelCount.campaign_id) == campaign_id))
    write(session, campaign_id, tally)


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
