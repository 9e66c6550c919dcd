"""Ingest: moves hits from the spool into the database, each once, with its first verdict. Run by the supervisor.

A batch's hits, facts and the segment's progress are one transaction, so a crash repeats nothing; and if it does (a restored
spool, two ingesters at once), (campaign, segment, position) names a hit and storing it again changes nothing.
"""

import errno
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlmodel import Session, col

from linksvc.clock import Clock, now
from linksvc.database import BATCH_ROWS, PAUSE_S, insert_into, insert_new, reading, writing
from linksvc.facts import NewFact, record
from linksvc.models import Hit, SpoolProgress
from linksvc.settings import Settings
from tracker.agents import device_of
from tracker.hits import SpooledHit, unpack
from tracker.segment_reader import (
    START,
    Entry,
    Position,
    SegmentReader,
    list_segments,
    open_segment,
    remove_abandoned_drafts,
)
from tracker.segments import HitId
from tracker.set_aside import Fault, SetAside
from tracker.verdicts import RULES_VERSION, Judgement, judge

log = structlog.get_logger()

T = TypeVar("T")

IDLE_S = 0.2
"""Pause when the spool is empty: how long a click waits for its report at most."""

UNREACHABLE_S = 2.0
"""Pause while the database is away; the spool holds the hits meanwhile."""


@dataclass(frozen=True, slots=True)
class JudgedHit:
    id: HitId
    hit: SpooledHit
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Read:
    """What an entry of a segment turned out to be: a hit to store, or something to set aside."""

    entry: Entry
    found: JudgedHit | Fault


class Ingester:
    """Reads one spool directory. `set_aside.counts` tells what could not be stored."""

    def __init__(self, engine: Engine, spool_dir: Path, clock: Clock = now) -> None:
        self._engine = engine
        self._spool_dir = spool_dir
        self._clock = clock
        self.set_aside = SetAside(spool_dir)
        self._unreadable: set[Path] = set()

    def run_once(self) -> int:
        """Takes at most one batch from each segment; returns how many hits it stored. 0: there was nothing to store.

        Raises SQLAlchemyError when the database cannot be reached; nothing is lost then.
        """
        remove_abandoned_drafts(self._spool_dir)
        return sum(self._ingest_if_readable(path) for path in list_segments(self._spool_dir))

    def drained(self) -> bool:
        """Whether every hit that is in the spool now is stored."""
        return not any(self._has_more(path) for path in list_segments(self._spool_dir))

    def _has_more(self, path: Path) -> bool:
        with open_segment(path) as segment:
            return segment is not None and bool(segment.read(self._progress(segment), 1))

    def _ingest_if_readable(self, path: Path) -> int:
        """A segment on a bad part of the disk holds up no other; it stays where it is, and is told once."""
        try:
            stored = self._ingest(path)
        except OSError as error:
            if path not in self._unreadable:
                reason = errno.errorcode.get(error.errno or 0)
                log.error("a segment cannot be read", action="segment_unreadable", segment=path.stem, error=reason)
            self._unreadable.add(path)
            return 0
        self._unreadable.discard(path)
        return stored

    def _ingest(self, path: Path) -> int:
        with open_segment(path) as segment:
            if segment is None:
                return 0
            start = self._progress(segment)
            entries = segment.read(start, BATCH_ROWS)
            if not entries:
                self._finish(segment, start)
                return 0
            stored = self._store(segment, [Read(entry, judge_entry(entry)) for entry in entries])
        time.sleep(PAUSE_S)
        return stored

    def _progress(self, segment: SegmentReader) -> Position:
        with reading(self._engine) as session:
            row = session.get(SpoolProgress, str(segment.id))
            return Position(row.offset, row.position) if row else START

    def _store(self, segment: SegmentReader, batch: Sequence[Read]) -> int:
        """Stores what was read, in one transaction; sets aside what the database refuses."""
        return in_halves(
            batch,
            lambda reads: self._commit(segment, reads),
            lambda read: self._commit(segment, [Read(read.entry, Fault.REFUSED)]),
        )

    def _commit(self, segment: SegmentReader, batch: Sequence[Read]) -> int:
        recorded_at = self._clock()
        hits = [read.found for read in batch if isinstance(read.found, JudgedHit)]
        with writing(self._engine) as session:
            store(session, hits, recorded_at)
            _advance(session, segment, batch[-1].entry.after, recorded_at)
            # Last before the commit, so that a database that is away does not have them set aside at every attempt.
            for read in batch:
                if isinstance(read.found, Fault):
                    self.set_aside.put(read.entry.id, read.found, read.entry.payload)
        return len(hits)

    def _finish(self, segment: SegmentReader, end: Position) -> None:
        """Drops a segment that is stored to its end and will not grow any more."""
        if segment.closed:
            if rest := segment.remainder(end):
                fault = Fault.TORN_TAIL if rest.torn else Fault.DAMAGED
                self.set_aside.put(HitId(segment.id, end.index), fault, rest.payload)
            segment.path.unlink(missing_ok=True)


def in_halves(batch: Sequence[T], commit: Callable[[Sequence[T]], int], refuse: Callable[[T], int]) -> int:
    """What `commit` returns for the batch. If the database refuses it, halves it until what is refused stands alone, and
    hands that to `refuse`: it must not hold up the others."""
    try:
        return commit(batch)
    except (IntegrityError, DataError, OverflowError):
        if len(batch) == 1:
            return refuse(batch[0])
        half = len(batch) // 2
        return in_halves(batch[:half], commit, refuse) + in_halves(batch[half:], commit, refuse)


def store(session: Session, hits: Sequence[JudgedHit], recorded_at: datetime) -> None:
    """Stores hits and their facts, in the caller's transaction; those that are stored already stay as they are."""
    insert_new(session, Hit, [_row(judged) | {"recorded_at": recorded_at} for judged in hits])
    record(session, list(map(_fact, hits)), recorded_at)


def judge_entry(entry: Entry) -> JudgedHit | Fault:
    if not entry.sound:
        return Fault.DAMAGED
    try:
        hit = unpack(entry.payload)
        return JudgedHit(entry.id, hit, judge(hit))
    except ValueError:
        return Fault.MALFORMED


def _row(judged: JudgedHit) -> dict[str, Any]:
    hit, device = judged.hit, device_of(judged.hit.user_agent)
    return {
        "campaign_id": hit.campaign_id,
        "segment": str(judged.id.segment),
        "position": judged.id.position,
        "n": hit.n,
        "link_id": hit.link_id,
        "method": hit.method,
        "network": hit.network,
        "user_agent": hit.user_agent,
        "referrer": hit.referrer,
        "language": hit.language,
        "headers": orjson.dumps(hit.headers).decode(),
        "device": device.kind,
        "os": device.os,
        "occurred_at": hit.occurred_at,
    }


def _fact(judged: JudgedHit) -> NewFact:
    return NewFact(
        campaign_id=judged.hit.campaign_id,
        kind="hit",
        source=f"{judged.id.segment}:{judged.id.position}:{RULES_VERSION}",
        n=judged.hit.n,
        occurred_at=judged.hit.occurred_at,
        value=judged.judgement.verdict,
        detail=judged.judgement.reason,
    )


def _advance(session: Session, segment: SegmentReader, after: Position, at: datetime) -> None:
    """Moves a segment's progress forward; never back, should two ingesters read it at once."""
    values = {"segment": str(segment.id), "offset": after.offset, "position": after.index, "updated_at": at}
    statement = insert_into(session, SpoolProgress).values(**values)
    forward = statement.on_conflict_do_update(
        index_elements=["segment"], set_=values, where=col(SpoolProgress.offset) < after.offset
    )
    session.connection().execute(forward)


def run_ingest(settings: Settings, engine: Engine, stop: threading.Event, clock: Clock = now) -> None:
    """Ingests until `stop` is set; waits out a database that is away."""
    ingester = Ingester(engine, settings.spool_dir, clock)
    reachable = True
    while not stop.is_set():
        try:
            stored = ingester.run_once()
            if not reachable:
                log.info("ingest goes on", action="ingest_reachable")
            reachable = True
            stop.wait(0 if stored else IDLE_S)
        except (SQLAlchemyError, OSError) as error:
            if reachable:
                # The first line says why; those behind it hold parameters.
                reason = str(error).partition("\n")[0]
                log.error("ingest waits; the spool holds the hits", action="ingest_unreachable", error=reason)
            reachable = False
            stop.wait(UNREACHABLE_S)
