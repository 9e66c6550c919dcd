"""The backlog: what lies in a spool and is not stored yet, read a batch at a time over all of its segments, oldest first.
Used by `tracker.ingest`, which says what it has stored."""

import errno
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog

from tracker.segment_reader import CHUNK_BYTES, START, Entry, Position, SegmentReader, list_segments, open_segment
from tracker.segments import HitId
from tracker.set_aside import Fault, SetAside
from tracker.spool_records import occurred_at

log = structlog.get_logger()


class Backlog:
    """`progress` says from the database how far a segment is stored. It is asked once a segment, and again after `forget`:
    looking at a spool in which nothing happens costs no database anything. One thread may read while another tells what
    it has stored."""

    def __init__(self, spool_dir: Path, set_aside: SetAside, progress: Callable[[UUID], Position]) -> None:
        self._spool_dir = spool_dir
        self._set_aside = set_aside
        self._progress = progress
        self._stored: dict[UUID, Position] = {}
        self._read_to: dict[UUID, Position] = {}
        self._unreadable: set[Path] = set()
        self._first: dict[UUID, tuple[Position, datetime]] = {}
        self.more = False

    def read(self, most: int, but_of: Collection[UUID] = ()) -> list[Entry]:
        """Up to `most` entries behind those that were read before, of other segments than these; `more` says afterwards
        whether more wait. Drops the segments that are stored to their end and will not grow any more. Raises
        SQLAlchemyError."""
        batch: list[Entry] = []
        self.more = False
        for path in self._oldest_first():
            if len(batch) == most:
                break
            batch += self._read_if_readable(path, most - len(batch), but_of)
        return batch

    def drained(self) -> bool:
        """Whether every hit that is in the spool now is stored, by whomever. Raises SQLAlchemyError."""
        return not any(self._has_more(path) for path in list_segments(self._spool_dir))

    def advance(self, stored: Mapping[UUID, Position]) -> None:
        """These segments are stored up to there."""
        self._stored.update(stored)

    def forget(self, segment: UUID | None = None) -> None:
        """Has the database asked again how far the segment, or every segment, is stored, and reads on from there."""
        for positions in (self._stored, self._read_to):
            if segment:
                positions.pop(segment, None)
            else:
                positions.clear()

    def oldest(self) -> datetime | None:
        """When the oldest hit happened that is known not to be stored. Asks no database: as long as that has not answered
        since the start, hits count that were stored before."""
        return min(filter(None, map(self._first_waiting, list_segments(self._spool_dir))), default=None)

    def _oldest_first(self) -> list[Path]:
        """A segment that grows is younger than those left behind, however busy it is: so none waits for ever."""
        return sorted(list_segments(self._spool_dir), key=_changed_at)

    def stored(self, segment: UUID) -> Position | None:
        """How far it is stored, as far as is known."""
        return self._stored.get(segment)

    def _read_if_readable(self, path: Path, most: int, but_of: Collection[UUID]) -> list[Entry]:
        """A segment on a bad part of the disk holds up no other; it stays where it is, and is told once."""
        try:
            with open_segment(path) as segment:
                # By its own name: a file may have another one, given by hand.
                entries = self._read(segment, most) if segment and segment.id not in but_of else []
        except OSError as error:
            if path not in self._unreadable:
                reason = errno.errorcode.get(error.errno or 0)
                log.error("a segment cannot be read", action="segment_unreadable", segment=path.stem, error=reason)
            self._unreadable.add(path)
            return []
        self._unreadable.discard(path)
        return entries

    def _read(self, segment: SegmentReader, most: int) -> list[Entry]:
        start = self._read_to.get(segment.id)
        if start is None:
            start = self._stored[segment.id] = self._read_to[segment.id] = self._progress(segment.id)
        entries = segment.read(start, most) if segment.size > start.offset else []
        if entries:
            self._read_to[segment.id] = entries[-1].after
            self.more |= len(entries) == most or segment.size - start.offset > CHUNK_BYTES
        elif segment.closed and self._stored.get(segment.id) == start:
            self._finish(segment, start)
        return entries

    def _finish(self, segment: SegmentReader, end: Position) -> None:
        if rest := segment.remainder(end):
            fault = Fault.TORN_TAIL if rest.torn else Fault.DAMAGED
            self._set_aside.put(HitId(segment.id, end.place), fault, rest.payload)
        segment.path.unlink(missing_ok=True)
        self.forget(segment.id)
        self._first.pop(segment.id, None)

    def _has_more(self, path: Path) -> bool:
        with open_segment(path) as segment:
            return segment is not None and bool(segment.read(self._progress(segment.id), 1))

    def _first_waiting(self, path: Path) -> datetime | None:
        with suppress(OSError), open_segment(path, adopt=False) as segment:
            if segment is None:
                return None
            stored = self._stored.get(segment.id, START)
            if segment.size <= stored.offset:
                return None
            # The first that waits stays the first until it is stored, so it is read once.
            place, first_at = self._first.get(segment.id, (None, None))
            if place != stored:
                first_at = _first_time(segment.read(stored, 1))
                if first_at:
                    self._first[segment.id] = (stored, first_at)
            return first_at
        return None


def _first_time(entries: Iterable[Entry]) -> datetime | None:
    for entry in entries:
        with suppress(ValueError):
            return occurred_at(entry.payload)
    return None


def _changed_at(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0
