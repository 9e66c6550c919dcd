"""A segment as its readers meet it: still growing, or left for good. Used by ingest, by replay and by the inspection."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from tracker.frames import HEAD_BYTES, MAX_FRAME, Damage, Frame, Frames, Piece
from tracker.segments import DRAFT_SUFFIX, HEADER_BYTES, SUFFIX, HitId, is_locked, read_header, try_lock

CHUNK_BYTES = 2_097_152
"""Read at once; far more than the largest frame, so a frame cut by the chunk's end is whole in the next."""

STRETCH_BYTES = 16_777_216
"""As much is searched for a sound frame at once; more rubbish than that is set aside in pieces."""

ABANDONED_DRAFT_S = 60.0
"""A draft is renamed within milliseconds; one this old is of a process that died over it."""


class Position(NamedTuple):
    """How far a segment was read: the offset in bytes and the index of the next frame."""

    offset: int
    place: int


START = Position(HEADER_BYTES, 0)


class Entry(NamedTuple):
    """A hit of a segment, its id (which may name another one, where it was written first) and its payload; or, unless
    `sound`, a damaged stretch and the id of the hit expected there."""

    segment: UUID
    id: HitId
    payload: bytes
    end: int
    next_place: int
    sound: bool = True

    @property
    def after(self) -> Position:
        """Where to read on."""
        return Position(self.end, self.next_place)


_new_entry: Callable[[tuple[Any, ...]], Entry] = partial(tuple.__new__, Entry)


@dataclass(frozen=True, slots=True)
class Remainder:
    """What stands behind the last hit of a segment that grows no more, without zeros at its end: the writer puts them ahead.
    `torn`: it ends within a frame, so it was being written when the machine stopped, and no answer had left for it."""

    payload: bytes
    torn: bool


class SegmentReader:
    """An open segment. `closed` says that nobody will ever append to it again."""

    def __init__(self, path: Path, descriptor: int, segment: UUID, closed: bool) -> None:
        self.path = path
        self.id = segment
        self.closed = closed
        self._descriptor = descriptor
        self._frames = Frames(segment)

    @property
    def size(self) -> int:
        """In bytes, at this moment."""
        return os.fstat(self._descriptor).st_size

    def read(self, start: Position, most: int) -> list[Entry]:
        """At most `most` entries from `start` on; none at the end, or before something that is not readable yet."""
        data, found = self._look(start, CHUNK_BYTES, most)
        if not found and len(data) == CHUNK_BYTES:
            data, found = self._look_behind_rubbish(start, most)
        entries = list(self._entries(start, data, found))
        if entries or not found:
            return entries
        # Nothing but the end frame; if something does stand behind it, that is read all the same.
        return self.read(Position(start.offset + found[-1].end, start.place), most)

    def batches(self, most: int) -> Iterator[list[Entry]]:
        """All that can be read now, from the beginning, at most `most` entries at a time."""
        at = START
        while batch := self.read(at, most):
            yield batch
            at = batch[-1].after

    def ended(self, end: Position) -> bool:
        """Whether the segment's writer ended it at `end`, where `read` found nothing more."""
        return self._end_of(os.pread(self._descriptor, HEAD_BYTES, end.offset)) > 0

    def remainder(self, end: Position) -> Remainder | None:
        """What stands behind the last hit, where `read` found nothing more; None if nothing does but its proper end."""
        data = os.pread(self._descriptor, self.size, end.offset)
        ended = self._end_of(data)
        left = data[ended:].rstrip(b"\0")
        return Remainder(left, torn=not ended and self._frames.cut_off(left)) if left else None

    def _end_of(self, data: bytes) -> int:
        """How long the end frame is that `data` begins with; 0 if it does not."""
        piece = next(self._frames.read(data), None)
        return piece.end if isinstance(piece, Frame) and piece.hit is None else 0

    def _look(self, start: Position, size: int, most: int) -> tuple[bytes, list[Piece]]:
        data, found = self._look_once(start, size, most)
        if not self.closed and any(isinstance(piece, Damage) for piece in found):
            # A look takes pages one after the other while the writer fills them: what seems damaged may be zeros still, with
            # what was written behind them since. All before the last sound frame of this look is written by the next one, so
            # only what then is not whole is damaged; what lies behind it waits.
            written = found[-1].end
            data, found = self._look_once(start, size, most)
            found = list(takewhile(lambda piece: isinstance(piece, Frame) or piece.end <= written, found))
        return data, found

    def _look_once(self, start: Position, size: int, most: int) -> tuple[bytes, list[Piece]]:
        data = os.pread(self._descriptor, size, start.offset)
        return data, list(islice(self._frames.read(data), most))

    def _look_behind_rubbish(self, start: Position, most: int) -> tuple[bytes, list[Piece]]:
        """Looks farther where a whole chunk holds no sound frame."""
        data, found = self._look(start, STRETCH_BYTES, most)
        if not found and self.closed and len(data) == STRETCH_BYTES:
            # A sound frame may begin just before the end of what was read.
            found = [Damage(0, STRETCH_BYTES - MAX_FRAME)]
        return data, found

    def _entries(self, start: Position, data: bytes, found: list[Piece]) -> Iterator[Entry]:
        segment, (offset, index) = self.id, start
        for piece in found:
            if isinstance(piece, Damage):
                damaged = data[piece.start : piece.end]
                yield Entry(segment, HitId(segment, index), damaged, offset + piece.end, index, sound=False)
                continue
            _, end, place, hit, payload = piece
            if hit:
                index = place + 1
                # As `Entry` makes them, without a call of Python's for each.
                yield _new_entry((segment, hit, payload, offset + end, index, True))


@contextmanager
def open_segment(path: Path, *, adopt: bool = True) -> Iterator[SegmentReader | None]:
    """Opens a segment, and adopts it if its writer is gone; with `adopt` False only looks, and stands in nobody's way.
    None if it is no segment, or was finished meanwhile.

    Its name says its id too, so a damaged header costs nothing: each frame has checksums of its own.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        closed = try_lock(descriptor) if adopt else not is_locked(descriptor)
        status = os.fstat(descriptor)
        there = stat.S_ISREG(status.st_mode) and status.st_nlink > 0
        segment = read_header(os.pread(descriptor, HEADER_BYTES, 0)) or _named(path) if there else None
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
