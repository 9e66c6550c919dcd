"""Ingest: moves hits from the spool into the database, each once, with its first verdict, and what pages told beside them.
Run by the supervisor.

A batch's hits, facts and progress are one transaction, so a crash repeats nothing; and if it does (a restored spool, two
ingesters at once), (campaign, segment, position) names a hit, with a number an event of its page, and storing it again
changes nothing.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, SQLAlchemyError
from sqlmodel import Session, col, update

from linksvc.clock import Clock, now
from linksvc.database import MOST_COLLISIONS, PAUSE_S, insert_into, is_collision, reading, rows_affected, writing
from linksvc.models import SpoolProgress
from tracker.backlog import Backlog
from tracker.event_store import ToldRecord, store_told
from tracker.hit_store import JudgedHit, UnknownMessage, store
from tracker.judged_entries import judge_entry
from tracker.segment_reader import START, Entry, Position, remove_abandoned_drafts
from tracker.set_aside import Fault, SetAside

log = structlog.get_logger()

T = TypeVar("T")

BATCH_HITS = 4_000
"""Stored in one commit, of hits and what pages told: a commit costs as much as some hundred of them. On SQLite whoever else
writes waits for so many at most, a tenth of a second or two."""

LANES = 2
"""Batches that PostgreSQL stores at once, of different segments: while one waits for it, another computes."""

IDLE_S = 0.2
"""Pause when the spool is nearly empty: how long a click waits for its report at most, and hits gather for one commit."""

UNREACHABLE_S = 2.0
"""Pause while the database is away; the spool holds the hits meanwhile."""


Read = tuple[Entry, JudgedHit | ToldRecord | Fault]
"""What was read from a segment, and what it turned out to be: a hit or what a page told, to store, or something to set
aside."""

Batch = Sequence[Read]


class Ingester:
    """Brings one spool directory's hits to the database.

    What an operator wants to see of it: `stored` hits and `events_stored` since the start, `set_aside.counts` of what could
    not be, whether the database was `reachable` when it was last asked, `last_stored_at`, whether it is `behind` (more
    waits than it took), and `oldest_waiting()`.
    """

    def __init__(self, engine: Engine, spool_dir: Path, clock: Clock = now) -> None:
        self._engine = engine
        self._spool_dir = spool_dir
        self._clock = clock
        self._committed = 0.0
        self.set_aside = SetAside(spool_dir)
        self.stored = 0
        self.events_stored = 0
        self.last_stored_at: datetime | None = None
        self.reachable = True
        self.behind = False
        self._backlog = Backlog(spool_dir, self.set_aside, self._progress)
        # PostgreSQL stores batches in other processes, and the next ones can be read meanwhile. SQLite does it in this one:
        # there the two would take turns, and its lock would be held for longer.
        self._lanes = 1 if engine.dialect.name == "sqlite" else LANES
        self._threads = None if self._lanes == 1 else ThreadPoolExecutor(self._lanes, "ingest")
        self._ahead: Future[tuple[list[Batch], bool]] | None = None
        self._telling = threading.Lock()
        """For whatever says what was done."""

    def run(self, stop: threading.Event) -> None:
        """Ingests until `stop` is set; waits out a database that is away."""
        while not stop.is_set():
            try:
                self.run_once()
                if not self.reachable:
                    log.info("ingest goes on", action="ingest_reachable")
                self.reachable = True
                stop.wait(0 if self.behind else IDLE_S)
            except (SQLAlchemyError, OSError) as error:
                if self.reachable:
                    # The first line says why; those behind it hold parameters.
                    reason = str(error).partition("\n")[0]
                    log.error("ingest waits; the spool holds the hits", action="ingest_unreachable", error=reason)
                self.reachable = False
                stop.wait(UNREACHABLE_S)

    def run_once(self) -> int:
        """Takes at most one batch, on PostgreSQL LANES of them; returns how many hits and beacons of pages it stored. 0:
        there was nothing to store.

        Raises SQLAlchemyError when the database cannot be reached; nothing is lost then.
        """
        remove_abandoned_drafts(self._spool_dir)
        try:
            return self._store_all(self._next_batches())
        except BaseException:
            self._start_anew()
            raise

    def _next_batches(self) -> list[Batch]:
        ahead, self._ahead = self._ahead, None
        batches, self.behind = ahead.result() if ahead else self._read()
        if self.behind and self._threads:
            self._ahead = self._threads.submit(self._read)
        return batches

    def _read(self) -> tuple[list[Batch], bool]:
        """What waited longest, and beside it what did so in other segments, so that no batch waits for another; and
        whether more waits."""
        batches: list[Batch] = []
        segments: set[UUID] = set()
        more = False
        for _ in range(self._lanes):
            entries = self._backlog.read(BATCH_HITS, segments)
            if entries:
                batches.append(list(zip(entries, map(judge_entry, entries), strict=True)))
                segments.update([entry.segment for entry in entries])
            more |= self._backlog.more
            if not self._backlog.more:
                break
        return batches, more

    def _start_anew(self) -> None:
        """Forgets what was read behind a batch that was not stored. When the database is back it may be another one,
        restored to an earlier state."""
        if self._ahead:
            wait([self._ahead])
            self._ahead = None
        self._backlog.forget()

    def drained(self) -> bool:
        """Whether every hit that is in the spool now is stored, by whomever."""
        return self._backlog.drained()

    def oldest_waiting(self) -> datetime | None:
        """When the oldest hit happened that is not stored yet; asks the spool, not the database."""
        return self._backlog.oldest()

    def _progress(self, segment: UUID) -> Position:
        with reading(self._engine) as session:
            row = session.get(SpoolProgress, str(segment))
            return Position(row.offset, row.position) if row else START

    def _store_all(self, batches: Sequence[Batch]) -> int:
        if len(batches) < 2 or not self._threads:
            return sum(map(self._store, batches))
        first, *others = batches
        beside = [self._threads.submit(self._store, batch) for batch in others]
        try:
            stored = self._store(first)
        finally:
            wait(beside)
        return stored + sum(one.result() for one in beside)

    def _store(self, batch: Batch) -> int:
        """Stores what was read, in one transaction; sets aside what the database refuses."""
        return in_halves(batch, self._commit, lambda read: self._commit([(read[0], Fault.REFUSED)]))

    def _commit(self, batch: Batch) -> int:
        """Whom the database turns away for another one tries again at once: it is not away."""
        for _ in range(MOST_COLLISIONS - 1):
            try:
                return self._commit_once(batch)
            except OperationalError as error:
                if not is_collision(error):
                    raise
        return self._commit_once(batch)

    def _commit_once(self, batch: Batch) -> int:
        self._rest()
        recorded_at = self._clock()
        ends = _ends(batch)
        with writing(self._engine) as session:
            starts = {segment: self._backlog.stored(segment) for segment in ends}
            ours = {
                segment
                for segment, end in sorted(ends.items())
                if _advance(session, segment, starts[segment], end, recorded_at)
            }
            # Another ingester is the exception; to look each segment up costs more than to store a fact of it.
            reads = batch if len(ours) == len(ends) else [read for read in batch if read[0].segment in ours]
            hits = [found for _, found in reads if isinstance(found, JudgedHit)]
            told = [found for _, found in reads if isinstance(found, ToldRecord)]
            store(session, hits, recorded_at)
            store_told(session, told, recorded_at)
            # Last before the commit, so that a database that is away does not have them set aside at every attempt.
            for entry, found in reads:
                if isinstance(found, Fault):
                    self.set_aside.put(entry.id, found, entry.payload)
        self._committed = time.monotonic()
        self._backlog.advance({segment: ends[segment] for segment in ours})
        for segment in ends.keys() - ours:
            self._backlog.forget(segment)
        with self._telling:
            if hits:
                self.stored += len(hits)
                self.last_stored_at = recorded_at
            self.events_stored += sum(len(one.told.events) for one in told)
        return len(hits) + len(told)

    def _rest(self) -> None:
        """Leaves SQLite's only writer's place to others between two commits; reading the next batch is such a pause too."""
        time.sleep(max(0.0, self._committed + PAUSE_S - time.monotonic()))


def in_halves(batch: Sequence[T], commit: Callable[[Sequence[T]], int], refuse: Callable[[T], int]) -> int:
    """What `commit` returns for the batch. If the database refuses it, halves it until what is refused stands alone, and
    hands that to `refuse`: it must not hold up the others."""
    try:
        return commit(batch)
    except (UnknownMessage, IntegrityError, DataError, OverflowError):
        if len(batch) == 1:
            return refuse(batch[0])
        half = len(batch) // 2
        return in_halves(batch[:half], commit, refuse) + in_halves(batch[half:], commit, refuse)


def _ends(batch: Batch) -> dict[UUID, Position]:
    """How far each segment is read. Most entries follow one of the same segment."""
    ends: dict[UUID, Position] = {}
    last = None
    for entry, _ in reversed(batch):
        segment = entry.segment
        if segment is not last:
            last = segment
            ends.setdefault(segment, entry.after)
    return ends


def _advance(session: Session, segment: UUID, start: Position | None, after: Position, at: datetime) -> bool:
    """Moves a segment's progress from where these hits begin to behind them; from elsewhere never, so that none is passed
    over. False if it stands elsewhere: another ingester has stored some meanwhile (whoever comes second waits here for the
    first one's commit), or the database is an earlier one by now."""
    values = {"offset": after.offset, "position": after.place, "updated_at": at}
    if start == START:
        new = insert_into(session, SpoolProgress).values(segment=str(segment), **values)
        return rows_affected(session.connection().execute(new.on_conflict_do_nothing())) > 0
    if start is None:
        return False
    stands = (col(SpoolProgress.segment) == str(segment), col(SpoolProgress.offset) == start.offset)
    return rows_affected(session.connection().execute(update(SpoolProgress).where(*stands).values(**values))) > 0
