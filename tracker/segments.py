"""Spool segments on disk: the format that the spool writes and ingest reads.

A segment is a header (magic, the segment's random UUID, a checksum) and frames. A frame is the length and the CRC-32 of
its body, then the body: a mark, for a hit that was first written to a segment whose disk failed its first id, and the hit
itself. A hit's id is (segment UUID, index of its frame): whoever stores it twice can tell.

A segment is locked (flock) by its writer for as long as it may grow. Whoever gets the lock knows that it never will again.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from zlib import crc32

SUFFIX = ".spool"
DRAFT_SUFFIX = ".new"
"""A segment without its lock or header yet; ingest does not look at it."""

MAX_BODY = 65_536
"""Bytes; a length beyond it is damage, not a length."""

_MAGIC = b"RICOSPL1"
_HEADER = struct.Struct("<8s16sI")
_FRAME = struct.Struct("<II")
_ORIGIN = struct.Struct("<16sI")
_FIRST, _AGAIN = b"\x00", b"\x01"

HEADER_BYTES = _HEADER.size


@dataclass(frozen=True, slots=True)
class HitId:
    """Names a hit for good: the segment it was first written to, and its index there."""

    segment: UUID
    position: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as found: `end` is the offset behind it, `sound` says that its checksum is right."""

    end: int
    body: bytes
    sound: bool


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


def write_frame(payload: bytes, origin: HitId | None = None) -> bytes:
    """A frame around a payload; `origin` is its first id if it was written elsewhere before.

    Raises ValueError for a payload beyond MAX_BODY.
    """
    body = _FIRST + payload if origin is None else _AGAIN + _ORIGIN.pack(origin.segment.bytes, origin.position) + payload
    if len(body) > MAX_BODY:
        raise ValueError(f"a hit of {len(body)} bytes")
    return _FRAME.pack(len(body), crc32(body)) + body


def read_body(body: bytes, here: HitId) -> tuple[HitId, bytes]:
    """The hit's id and payload. `here` is the id it has unless it was written elsewhere before.

    Raises ValueError for a body that says neither.
    """
    if body[:1] == _FIRST:
        return here, body[1:]
    if body[:1] == _AGAIN and len(body) > _ORIGIN.size:
        segment, position = _ORIGIN.unpack_from(body, 1)
        return HitId(UUID(bytes=segment), position), body[1 + _ORIGIN.size :]
    raise ValueError("a frame of unknown kind")


def read_frames(data: bytes, closed: bool) -> Iterator[Frame]:
    """The whole frames at the beginning of `data`.

    In a segment that still grows a wrong checksum may be a frame half written, so reading stops before it; in a closed
    one it is damage, reported as a frame that is not sound, and reading goes on behind it.
    """
    at = 0
    while at + _FRAME.size <= len(data):
        length, checksum = _FRAME.unpack_from(data, at)
        start, at = at + _FRAME.size, at + _FRAME.size + length
        # No frame is empty, so a tail of zeros (a disk that lost its power) is not a frame either.
        if not 0 < length <= MAX_BODY or at > len(data):
            return
        body = data[start:at]
        sound = crc32(body) == checksum
        if not sound and not closed:
            return
        yield Frame(at, body, sound)


def try_lock(descriptor: int) -> bool:
    """Takes the segment's lock if nobody holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync_directory(directory: Path) -> None:
    """Makes names given or taken away in `directory` survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
