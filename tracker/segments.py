"""Spool segments on disk: their names, their header and their lock. `tracker.frames` is what is in them.

A segment is a header (magic, the segment's random UUID, a checksum) and frames. A hit's id is (segment UUID, index of its
frame): whoever stores it twice can tell.

A segment is locked (flock) by its writer for as long as it may grow. Whoever gets the lock knows that it never will again.
"""

import fcntl
import os
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

SUFFIX = ".spool"
DRAFT_SUFFIX = ".new"
"""A segment without its lock or header yet; ingest does not look at it."""

_MAGIC = b"RICOSPL2"
_HEADER = struct.Struct("<8s16sI")

HEADER_BYTES = _HEADER.size


class HitId(NamedTuple):
    """Names a hit for good: the segment it was first written to, and its index there. A tuple, as is all that is made once
    a hit: it costs a third of a frozen dataclass."""

    segment: UUID
    position: int


new_id: Callable[[tuple[UUID, int]], HitId] = partial(tuple.__new__, HitId)
"""As `HitId` makes them, without a call of Python's for each."""


def write_header(segment: UUID) -> bytes:
    named = _MAGIC + segment.bytes
    return named + crc32(named).to_bytes(4, "little")


def read_header(data: bytes) -> UUID | None:
    """The segment's UUID; None if this is no whole header of ours."""
    if len(data) < HEADER_BYTES:
        return None
    magic, segment, checksum = _HEADER.unpack_from(data)
    if magic != _MAGIC or crc32(data[: HEADER_BYTES - 4]) != checksum:
        return None
    return UUID(bytes=segment)


def try_lock(descriptor: int) -> bool:
    """Takes the segment's lock if nobody holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(descriptor: int) -> bool:
    """Whether somebody holds the segment's lock. Never in the way of anybody: an ingester that asks for the lock at this
    very moment takes the segment for a growing one, until its next round."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def sync_directory(directory: Path) -> None:
    """Makes names given or taken away in `directory` survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
