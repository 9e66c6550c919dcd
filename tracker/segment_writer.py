"""The segment a tracker is writing: created, locked, appended to, synced. Used by the spool, in its thread.

Zeros stand ahead of what is written: the hits of a commit take their place, so that the file neither grows nor gets new
blocks, and a sync has nothing to write but the hits. To a reader zeros are what is not written yet.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count as count_from
from itertools import repeat
from pathlib import Path
from uuid import UUID, uuid4

from tracker.frames import Frames
from tracker.segments import DRAFT_SUFFIX, HEADER_BYTES, SUFFIX, HitId, new_id, sync_directory, try_lock, write_header

Sync = Callable[[int], None]
"""Brings a descriptor's data to the disk: os.fdatasync, or what a test puts in its place."""


class SegmentWriter:
    """A segment of this process's own. Any error from it means: close it and never write to it again."""

    def __init__(self, directory: Path, sync: Sync, ahead: int = 0) -> None:
        """Creates the segment. It gets its name, by which ingest finds it, only when it is locked and has its header. So
        many zeros are written `ahead` at a time."""
        self.id: UUID = uuid4()
        self.path = directory / f"{self.id}{SUFFIX}"
        self.bytes = 0
        """Written, the zeros ahead not counted."""
        self.hits = 0
        self._ahead = ahead
        self._zeroed = 0
        """Where the zeros end."""
        self._frames = Frames(self.id)
        self._sync = sync
        self._sound = True
        draft = self.path.with_suffix(DRAFT_SUFFIX)
        self._descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            try_lock(self._descriptor)
            self._append(write_header(self.id))
            sync(self._descriptor)
            draft.rename(self.path)
            sync_directory(directory)
        except OSError:
            os.close(self._descriptor)
            for path in (draft, self.path):
                path.unlink(missing_ok=True)
            raise

    def append(self, payloads: Sequence[bytes], origins: Iterable[HitId | None] | None = None) -> None:
        """Writes the payloads, each with its first id if it had one elsewhere, and brings them to the disk."""
        if origins is None:
            data = self._frames.write_all(self.hits, payloads)
        else:
            data = b"".join(map(self._frames.write, count_from(self.hits), payloads, origins))
        self._sound = False
        self._append(data)
        self._sync(self._descriptor)
        self._sound = True
        self.hits += len(payloads)

    def next_ids(self, count: int) -> list[HitId]:
        """The ids the next `count` hits get."""
        return list(map(new_id, zip(repeat(self.id), range(self.hits, self.hits + count), strict=False)))

    def close(self) -> None:
        """Says in the segment that it ends here, unless it failed, and gives up the lock, so that ingest may finish it;
        one without any hit is removed. Raises no error: whatever is missing, the hits are there."""
        try:
            with suppress(OSError):
                # A segment that failed gets no end: whoever looks sees that it was left.
                if self.bytes == HEADER_BYTES:
                    self.path.unlink(missing_ok=True)
                elif self._sound:
                    self._ahead = 0
                    self._append(self._frames.write_end(self.hits))
                    self._give_back()
        finally:
            os.close(self._descriptor)

    def _append(self, data: bytes) -> None:
        """Writes all of it, or, where the disk has no room for all, nothing: what a full disk took of it is given back."""
        end = self.bytes + len(data)
        try:
            self._write(data, self.bytes)
        except OSError:
            self._give_back()
            raise
        self.bytes = end
        if end > self._zeroed:
            self._put_zeros()

    def _put_zeros(self) -> None:
        """A disk that has no room for zeros may have some for hits, which go without them."""
        try:
            self._write(bytes(self._ahead), self.bytes)
            self._zeroed = self.bytes + self._ahead
        except OSError:
            self._give_back()

    def _give_back(self) -> None:
        """Cuts off what stands behind the hits; half a hit that stays is found to be torn."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, self.bytes)
        self._zeroed = self.bytes

    def _write(self, data: bytes, offset: int) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, offset)
            offset += written
            view = view[written:]
