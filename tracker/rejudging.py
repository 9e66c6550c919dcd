"""Rejudging: a campaign's whole history judged by the present rules, with the difference that it makes.

For `ricochet clicks rejudge`, while everything goes on running. Verdicts are exchanged batch by batch, messages in order,
with their counters; whoever interrupts it leaves figures that are right, and may begin again.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy import Engine

from linksvc.applier import change_verdicts
from linksvc.clock import Clock
from linksvc.database import PAUSE_S, reading
from linksvc.hit_verdicts import Ruling
from tracker.context import PRESENT, Rules, find_bursts, rulings
from tracker.judging import batches
from tracker.stored_hits import StoredHit, by_message, in_order_of_time
from tracker.verdicts import Verdict

STAGE_OF = {Verdict.HUMAN: "clicked", Verdict.SUSPECT: "suspect", Verdict.MACHINE: "machine"}
"""What a message stands at by the best of its hits, the best first."""

Ruled = tuple[StoredHit, Ruling | None]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One way in which verdicts changed: from, to, and why."""

    was: str
    became: str
    reason: str


@dataclass(frozen=True)
class Difference:
    """What judging anew does to a campaign's figures, of messages and of visits: those before and those after.

    `waiting`: hits whose verdict could not be exchanged, because somebody else had just done so.
    """

    hits: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    exchanges: Mapping[Exchange, int]
    waiting: int


@dataclass(slots=True)
class _Sums:
    """What is seen while the hits go by."""

    hits: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    exchanges: Counter[Exchange] = field(default_factory=Counter)

    def rulings(self, ruled: Iterator[Ruled]) -> Iterator[Ruling]:
        """Passes on the rulings, and counts; the hits of a message come behind each other."""
        for n, hits in groupby(ruled, key=lambda pair: pair[0].hit.n):
            before: set[str] = set()
            after: set[str] = set()
            for stored, ruling in hits:
                self._count(stored, ruling)
                if not stored.late:
                    before.add(stored.verdict)
                    after.add(ruling.verdict if ruling else stored.verdict)
                if ruling:
                    yield ruling
            if n is not None and before:
                self.before[_stage(before)] += 1
                self.after[_stage(after)] += 1

    def _count(self, stored: StoredHit, ruling: Ruling | None) -> None:
        became = ruling.verdict if ruling else stored.verdict
        self.hits += 1
        self.before["late_hit" if stored.late else f"hit_{stored.verdict}"] += 1
        self.after["late_hit" if stored.late else f"hit_{became}"] += 1
        if ruling:
            self.exchanges[Exchange(stored.verdict, ruling.verdict, ruling.reason)] += 1


def _stage(verdicts: set[str]) -> str:
    return next(stage for verdict, stage in STAGE_OF.items() if verdict in verdicts)


def rejudge(engine: Engine, campaign_id: int, clock: Clock, *, dry_run: bool = False, rules: Rules = PRESENT) -> Difference:
    """Judges every counted hit of the campaign by `rules`; with `dry_run` only tells the difference. Hits that are not
    counted yet are judged by the worker, like any new one."""
    sums, waiting = _Sums(), 0
    with reading(engine) as session:
        with closing(in_order_of_time(session, campaign_id)) as hits:
            bursts = find_bursts(hits, rules)
        with closing(by_message(session, campaign_id)) as hits:
            counted = (stored for stored in hits if stored.counted)
            for batch in batches(sums.rulings(rulings(counted, bursts, rules))):
                if not dry_run:
                    waiting += change_verdicts(engine, campaign_id, batch, clock).waiting
                    time.sleep(PAUSE_S)
    return Difference(sums.hits, sums.before, sums.after, sums.exchanges, waiting)
