"""A segment as ingest meets it: still growing, or left to us for good. Used by `tracker.ingest`."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from tracker.segments import DRAFT_SUFFIX, HEADER_BYTES, SUFFIX, Frame, HitId, read_body, read_frames, read_header, try_lock

CHUNK_BYTES = 2_097_152
"""Read at once; far more than the largest frame, so a frame cut by the chunk's end is whole in the next."""

ABANDONED_DRAFT_S = 60.0
"""A draft is renamed within milliseconds; one this old is of a process that died over it."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a segment was read: the offset in bytes and the index of the next frame."""

    offset: int
    index: int


START = Position(HEADER_BYTES, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A frame's content: the hit's id and payload, and where the next frame is. Unless `sound`, the payload is all we
    have of a damaged frame."""

    id: HitId
    payload: bytes
    after: Position
    sound: bool = True


class SegmentReader:
    """An open segment. `closed` says that we hold its lock: nobody will ever append to it again."""

    def __init__(self, path: Path, descriptor: int, segment: UUID, closed: bool) -> None:
        self.path = path
        self.id = segment
        self.closed = closed
        self._descriptor = descriptor

    def read(self, start: Position, most: int) -> list[Entry]:
        """At most `most` entries from `start` on; none at the end, or before something that is not readable yet."""
        data = os.pread(self._descriptor, CHUNK_BYTES, start.offset)
        frames = islice(read_frames(data, self.closed), most)
        return [
            _entry(HitId(self.id, index), frame, Position(start.offset + frame.end, index + 1))
            for index, frame in enumerate(frames, start.index)
        ]

    def tail(self, end: Position) -> bytes:
        """All that stands behind the last readable frame."""
        return os.pread(self._descriptor, os.fstat(self._descriptor).st_size, end.offset)


def _entry(here: HitId, frame: Frame, after: Position) -> Entry:
    if frame.sound:
        with suppress(ValueError):
            return Entry(*read_body(frame.body, here), after)
    return Entry(here, frame.body, after, sound=False)


@contextmanager
def open_segment(path: Path) -> Iterator[SegmentReader | None]:
    """Opens a segment, and adopts it if its writer is gone. None if it is no segment, or was finished meanwhile.

    Its name says its id too, so a damaged header costs nothing: each frame has a checksum of its own.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        closed = try_lock(descriptor)
        segment = read_header(os.pread(descriptor, HEADER_BYTES, 0)) or _named(path)
        yield SegmentReader(path, descriptor, segment, closed) if segment else None
    finally:
        os.close(descriptor)


def _named(path: Path) -> UUID | None:
    try:
        return UUID(path.stem)
    except ValueError:
        return None


def list_segments(directory: Path) -> list[Path]:
    """The segments there are, in a stable order."""
    return sorted(directory.glob(f"*{SUFFIX}"))


def remove_abandoned_drafts(directory: Path) -> None:
    """Removes what a process left that died while it opened a segment; no hit is in there."""
    for draft in directory.glob(f"*{DRAFT_SUFFIX}"):
        with suppress(FileNotFoundError):
            if time.time() - draft.stat().st_mtime > ABANDONED_DRAFT_S:
                draft.unlink()
