"""What lies in a spool, for an operator who looks: its segments, how far they are stored, what was set aside. Asked by
`ricochet spool inspect`. Reads only, and stands in nobody's way."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from sqlmodel import Session, col, select

from linksvc.models import SpoolProgress
from tracker.segment_reader import START, Entry, Position, SegmentReader, list_segments, open_segment
from tracker.set_aside import Fault, SetAside
from tracker.spool_records import occurred_at
from tracker.told_events import is_told

BATCH = 10_000
"""Entries read, and segments asked for, at once."""


class SegmentState(StrEnum):
    """Who has a segment in hand."""

    WRITING = "writing"
    """A living process holds it: the tracker that writes it, or for a moment an ingester that takes over an orphan."""
    WAITING = "waiting"
    """Its tracker ended it; it waits to be stored to its end and dropped."""
    ORPHAN = "orphan"
    """Its tracker died, or its disk failed, before it was ended; ingest adopts it."""


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """One segment. `hits` and `beacons` (what pages told) are the sound ones, `stored` of both are behind ingest (None: the
    database does not say), `damaged` are stretches, `oldest_at` is the time of the first."""

    id: UUID
    size_bytes: int
    hits: int
    beacons: int
    stored: int | None
    damaged: int
    state: SegmentState
    oldest_at: datetime | None


def list_ids(directory: Path) -> Mapping[Path, UUID]:
    """The segments of a spool and their ids. A file that is named like one but is none is left out."""
    ids = {}
    for path in list_segments(directory):
        with open_segment(path, adopt=False) as segment:
            if segment:
                ids[path] = segment.id
    return ids


def read_progress(session: Session, segments: Sequence[UUID]) -> Mapping[UUID, Position]:
    """How far each segment is stored; START where nothing is yet."""
    progress = dict.fromkeys(segments, START)
    for first in range(0, len(segments), BATCH):
        names = [str(id) for id in segments[first : first + BATCH]]
        for row in session.exec(select(SpoolProgress).where(col(SpoolProgress.segment).in_(names))):
            progress[UUID(row.segment)] = Position(row.offset, row.position)
    return progress


def inspect_segment(path: Path, progress: Mapping[UUID, Position] | None) -> SegmentReport | None:
    """What a segment holds; None if it is none, or was dropped meanwhile."""
    with open_segment(path, adopt=False) as segment:
        if segment is None:
            return None
        stored_to = None if progress is None else progress.get(segment.id, START)
        hits = beacons = stored = damaged = 0
        oldest_at: datetime | None = None
        end = START
        for batch in segment.batches(BATCH):
            sound = [entry for entry in batch if entry.sound]
            told = sum(is_told(entry.payload) for entry in sound)
            hits, beacons = hits + len(sound) - told, beacons + told
            damaged += len(batch) - len(sound)
            stored += sum(entry.after.offset <= stored_to.offset for entry in sound) if stored_to else 0
            oldest_at = oldest_at or _first_time(sound)
            end = batch[-1].after
        state = _state(segment, end)
        if state is not SegmentState.WRITING and (rest := segment.remainder(end)) and not rest.torn:
            damaged += 1
        known = None if stored_to is None else stored
        return SegmentReport(segment.id, segment.size, hits, beacons, known, damaged, state, oldest_at)


def set_aside_by_fault(directory: Path) -> Mapping[Fault, int]:
    """How much of a spool was set aside and is still there, by fault."""
    return Counter(record.fault for record in SetAside(directory).read())


def _state(segment: SegmentReader, end: Position) -> SegmentState:
    if segment.ended(end):
        return SegmentState.WAITING
    return SegmentState.ORPHAN if segment.closed else SegmentState.WRITING


def _first_time(entries: Sequence[Entry]) -> datetime | None:
    return next(_times(entries), None)


def _times(entries: Sequence[Entry]) -> Iterator[datetime]:
    for entry in entries:
        with suppress(ValueError):
            yield occurred_at(entry.payload)
