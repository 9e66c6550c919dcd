"""Replay: stores once more what lies in segments that ingest does not read (a restored backup, a copied disk), and what was
set aside because the database refused it then. Run by `ricochet spool replay`.

A hit that is stored already stays as it is, with its verdicts: (segment, index) names it.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from linksvc.clock import Clock, now
from linksvc.database import BATCH_ROWS, PAUSE_S, reading, writing
from linksvc.models import Campaign, Hit, Message
from tracker.hit_store import JudgedHit, judge_entry, store
from tracker.hits import SpooledHit
from tracker.ingest import in_halves
from tracker.segment_reader import START, Entry, list_segments, open_segment
from tracker.segments import HitId
from tracker.set_aside import Fault, Record, SetAside


@dataclass(slots=True)
class Tally:
    """What became of what was replayed: `new` hits were stored now, `known` ones were stored already, `refused` are
    counted by reason, `unreadable` by fault: damaged stretches and what is no hit."""

    new: int = 0
    known: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[Fault] = field(default_factory=Counter)


class Replay:
    """Collects in `tally` what became of everything it is given."""

    def __init__(self, engine: Engine, clock: Clock = now) -> None:
        self._engine = engine
        self._clock = clock
        self.tally = Tally()

    def segments(self, directory: Path) -> int:
        """Stores what lies in the segments of a directory, from their beginning; returns how many segments there are.
        Changes nothing in the directory. Raises SQLAlchemyError when the database cannot be reached."""
        count = 0
        for path in list_segments(directory):
            with open_segment(path, adopt=False) as segment:
                if segment is None:
                    continue
                count += 1
                end = START
                for batch in segment.batches(BATCH_ROWS):
                    self._take(batch)
                    end = batch[-1].after
                if segment.closed and (rest := segment.remainder(end)):
                    self.tally.unreadable[Fault.TORN_TAIL if rest.torn else Fault.DAMAGED] += 1
        return count

    def refused(self, set_aside: SetAside, *, remove: bool) -> None:
        """Stores what was set aside as refused; with `remove` takes out of there what is stored now. Raises
        SQLAlchemyError."""
        for records in _batches(set_aside):
            left = self._take([Entry(record.id, record.payload, START) for record in records])
            if remove:
                set_aside.remove([record for record in records if record.id not in left])

    def _take(self, entries: Sequence[Entry]) -> set[HitId]:
        """Stores what can be stored; returns the ids of what cannot."""
        left: set[HitId] = set()
        hits: list[JudgedHit] = []
        for entry in entries:
            found = judge_entry(entry)
            if isinstance(found, JudgedHit):
                hits.append(found)
            else:
                self.tally.unreadable[found] += 1
                left.add(entry.id)

        def refuse(judged: JudgedHit) -> int:
            self.tally.refused[self._reason(judged.hit)] += 1
            left.add(judged.id)
            return 0

        if hits:
            in_halves(hits, self._store, refuse)
            time.sleep(PAUSE_S)
        return left

    def _store(self, hits: Sequence[JudgedHit]) -> int:
        """Stores those that are not known yet; returns how many that are."""
        with writing(self._engine) as session:
            known = _known(session, hits)
            # By id, for one segment may hold a hit twice.
            new = {judged.id: judged for judged in hits if judged.id not in known}
            store(session, list(new.values()), self._clock())
        self.tally.new += len(new)
        self.tally.known += len(hits) - len(new)
        return len(new)

    def _reason(self, hit: SpooledHit) -> str:
        """Why a hit cannot be stored, for a person."""
        if max(hit.campaign_id, hit.link_id, hit.n or 0) >= 2**63:
            return "a number in it is too large"
        with reading(self._engine) as session:
            if session.get(Campaign, hit.campaign_id) is None:
                return f"there is no campaign {hit.campaign_id}"
            if hit.n is not None and session.get(Message, (hit.campaign_id, hit.n)) is None:
                return f"campaign {hit.campaign_id} has no such message"
        return "the database does not take its content"


def _batches(set_aside: SetAside) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for record in set_aside.read():
        if record.fault is Fault.REFUSED:
            batch.append(record)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _known(session: Session, hits: Sequence[JudgedHit]) -> set[HitId]:
    """Those of the hits that are stored already."""
    statement = select(Hit.segment, Hit.position).where(
        col(Hit.campaign_id).in_({judged.hit.campaign_id for judged in hits}),
        col(Hit.segment).in_({str(judged.id.segment) for judged in hits}),
        col(Hit.position).in_({judged.id.position for judged in hits}),
    )
    wanted = {(str(judged.id.segment), judged.id.position): judged.id for judged in hits}
    return {wanted[key] for key in map(tuple, session.exec(statement)) if key in wanted}
