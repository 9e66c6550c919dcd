"""Replay: stores once more what lies in segments that ingest does not read (a restored backup, a copied disk), and what was
set aside because the database refused it then. Run by `ricochet spool replay`.

A hit that is stored already stays as it is, with its verdicts: (segment, index) names it. So does what a page told.
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
from tracker.event_store import ToldRecord, known_events, store_told
from tracker.hit_store import JudgedHit, store
from tracker.ingest import in_halves
from tracker.judged_entries import judge_entry
from tracker.segment_reader import START, Entry, list_segments, open_segment
from tracker.segments import HitId
from tracker.set_aside import Fault, Record, SetAside

Storable = JudgedHit | ToldRecord


@dataclass(slots=True)
class Tally:
    """What became of what was replayed: `new` hits and beacons of pages were stored now, `known` ones were stored already,
    `refused` are counted by reason, `unreadable` by fault: damaged stretches and what is neither."""

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
            left = self._take([Entry(record.id.segment, record.id, record.payload, *START) for record in records])
            if remove:
                set_aside.remove([record for record in records if record.id not in left])

    def _take(self, entries: Sequence[Entry]) -> set[HitId]:
        """Stores what can be stored; returns the ids of what cannot."""
        left: set[HitId] = set()
        sound: list[Storable] = []
        for entry in entries:
            found = judge_entry(entry)
            if isinstance(found, Fault):
                self.tally.unreadable[found] += 1
                left.add(entry.id)
            else:
                sound.append(found)

        def refuse(one: Storable) -> int:
            self.tally.refused[self._reason(one)] += 1
            left.add(one.id)
            return 0

        if sound:
            in_halves(sound, self._store, refuse)
            time.sleep(PAUSE_S)
        return left

    def _store(self, sound: Sequence[Storable]) -> int:
        """Stores those that are not known yet; returns how many that are."""
        hits = [one for one in sound if isinstance(one, JudgedHit)]
        told = [one for one in sound if isinstance(one, ToldRecord)]
        with writing(self._engine) as session:
            known = _known(session, hits) | known_events(session, told)
            # By id, for one segment may hold a record twice.
            new = {one.id: one for one in sound if one.id not in known}
            store(session, [one for one in hits if new.get(one.id) is one], self._clock())
            store_told(session, [one for one in told if new.get(one.id) is one], self._clock())
        self.tally.new += len(new)
        self.tally.known += len(sound) - len(new)
        return len(new)

    def _reason(self, one: Storable) -> str:
        """Why it cannot be stored, for a person."""
        found = one.hit if isinstance(one, JudgedHit) else one.told
        if max(found.campaign_id, found.link_id, found.n or 0) >= 2**63:
            return "a number in it is too large"
        with reading(self._engine) as session:
            if session.get(Campaign, found.campaign_id) is None:
                return f"there is no campaign {found.campaign_id}"
            if found.n is not None and session.get(Message, (found.campaign_id, found.n)) is None:
                return f"campaign {found.campaign_id} has no such message"
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
