"""The segment a tracker is writing: created, locked, appended to, synced. Used by the spool, in its thread."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from uuid import UUID, uuid4

from tracker.segments import DRAFT_SUFFIX, HEADER_BYTES, SUFFIX, HitId, sync_directory, try_lock, write_frame, write_header

Sync = Callable[[int], None]
"""Brings a descriptor's data to the disk: os.fdatasync, or what a test puts in its place."""


class SegmentWriter:
    """A segment of this process's own. Any OSError from it means: never write to it again."""

    def __init__(self, directory: Path, sync: Sync) -> None:
        """Creates the segment. It gets its name, by which ingest finds it, only when it is locked and has its header."""
        self.id: UUID = uuid4()
        self.path = directory / f"{self.id}{SUFFIX}"
        self.bytes = 0
        self.frames = 0
        self._sync = sync
        draft = self.path.with_suffix(DRAFT_SUFFIX)
        self._descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            try_lock(self._descriptor)
            self._write(write_header(self.id))
            sync(self._descriptor)
            draft.rename(self.path)
            sync_directory(directory)
        except OSError:
            os.close(self._descriptor)
            draft.unlink(missing_ok=True)
            raise

    def append(self, payloads: Sequence[bytes], origins: Iterable[HitId | None]) -> None:
        """Writes the payloads, each with its first id if it had one elsewhere, and brings them to the disk."""
        self._write(b"".join(map(write_frame, payloads, origins)))
        self._sync(self._descriptor)
        self.frames += len(payloads)

    def next_ids(self, count: int) -> list[HitId]:
        """The ids the next `count` hits get."""
        return [HitId(self.id, self.frames + i) for i in range(count)]

    def close(self) -> None:
        """Gives up the lock, so that ingest may finish the segment; one without any hit is removed."""
        if self.bytes == HEADER_BYTES:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.write(self._descriptor, view)
            self.bytes += written
            view = view[written:]
