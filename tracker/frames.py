"""The frames of a spool segment: how a hit is laid out on disk, and how sound ones are found again among damage.

A frame is a head and a body. The head: the mark, the frame's kind, the body's length, the frame's index in the segment, a
checksum of all that, and a checksum of the body that goes on from the head's. Both begin with the segment's UUID. So a
frame proves where it belongs: behind a damaged stretch the reader looks for the next mark and knows for certain which hit
it found, and no frame of another segment (a disk's stale blocks) passes for one of this.

Why nobody can forge a frame from within a hit, by a user agent for example: the mark is four control characters, and a
hit is JSON, which writes a control character as an escape (RFC 8259, section 7). Nor is a length that passes made of
printable characters: its upper bytes are NUL. `check_payload` refuses whatever holds the mark all the same, so it does not
rest on the format of hits.

Written by `tracker.segment_writer`, read by `tracker.segment_reader`.
"""

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID
from zlib import crc32

from tracker.segments import HitId, new_id

MARK = b"\x01\x1e\x00\x02"
"""Begins every frame. No two of its bytes are equal, so it cannot overlap itself, and read as a length it is too much."""

MAX_BODY = 65_536
"""Bytes; a length beyond it is damage, not a length."""

_HEAD = struct.Struct("<4sBIIII")
_NAMED = struct.Struct("<4sBII")
_SUMS = struct.Struct("<II")
_ORIGIN = struct.Struct("<16sI")
_FIRST, _AGAIN, _END = range(3)

_RARE = MARK[1:2]
"""Hardly stands anywhere else: hits are JSON, which escapes it. A single byte is looked for at the speed of memory."""

_HEAD_START = re.compile(re.escape(MARK) + rb"[\x00-\x02]..[\x00\x01]\x00", re.DOTALL)
"""A mark, a kind there is, and a length that may be. No further mark begins within what this matches, so none is skipped."""

HEAD_BYTES = _HEAD.size
MAX_FRAME = HEAD_BYTES + MAX_BODY
MAX_PAYLOAD = MAX_BODY - _ORIGIN.size


class Frame(NamedTuple):
    """A sound frame, from offset `start` to before `end` of what was read. `hit` is None in the frame that says that its
    writer ended the segment."""

    start: int
    end: int
    place: int
    hit: HitId | None
    payload: bytes


class Damage(NamedTuple):
    """A stretch that holds no sound frame, with one right behind it."""

    start: int
    end: int


Piece = Frame | Damage

_new_frame: Callable[[tuple[Any, ...]], Frame] = partial(tuple.__new__, Frame)


def check_payload(payload: bytes) -> None:
    """Raises ValueError for what no reader would take for a hit."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a hit of {len(payload)} bytes")
    # To look for one byte takes a tenth as long.
    if _RARE in payload and MARK in payload:
        raise ValueError("a hit that holds the mark of a frame")


class Frames:
    """The frames of one segment."""

    def __init__(self, segment: UUID) -> None:
        self._segment = segment
        self._seed = crc32(segment.bytes)

    def write(self, index: int, payload: bytes, origin: HitId | None = None) -> bytes:
        """A frame around a hit; `origin` is its first id if it was written elsewhere before."""
        if origin is None:
            return self._frame(_FIRST, index, payload)
        return self._frame(_AGAIN, index, _ORIGIN.pack(origin.segment.bytes, origin.position) + payload)

    def write_all(self, first: int, payloads: Sequence[bytes]) -> bytes:
        """The frames of hits that were written nowhere before, one behind the other: as `write` makes each, in less time."""
        parts: list[bytes] = []
        seed, pack_named, pack_sums = self._seed, _NAMED.pack, _SUMS.pack
        for index, payload in enumerate(payloads, first):
            named = pack_named(MARK, _FIRST, len(payload), index)
            head_sum = crc32(named, seed)
            parts += (named, pack_sums(head_sum, crc32(payload, head_sum)), payload)
        return b"".join(parts)

    def write_end(self, hits: int) -> bytes:
        """The frame that says that the segment was ended by its writer, after so many hits."""
        return self._frame(_END, hits, b"")

    def _frame(self, kind: int, index: int, body: bytes) -> bytes:
        named = _NAMED.pack(MARK, kind, len(body), index)
        head_sum = crc32(named, self._seed)
        return named + _SUMS.pack(head_sum, crc32(body, head_sum)) + body

    def read(self, data: bytes) -> Iterator[Piece]:
        """What `data` holds from its beginning on. Stops before what cannot be told yet: a frame that the end of `data`
        cuts off, or a stretch without a sound frame behind it."""
        at = 0
        while at < len(data):
            frame = self._frame_at(data, at)
            if frame is None:
                frame = self._find(data, at + 1)
                if frame is None:
                    return
                yield Damage(at, frame.start)
            yield frame
            at = frame.end

    def cut_off(self, data: bytes) -> bool:
        """Whether `data` is the beginning of a frame and ends too early, perhaps in zeros: what a writer leaves that
        dies, or whose disk loses its power."""
        left = data.rstrip(b"\0")
        if len(left) < HEAD_BYTES:
            return left == (MARK + left[len(MARK) :])[: len(left)]
        head = self._head(left, 0)
        return head is not None and HEAD_BYTES + head[1] > len(left)

    def _find(self, data: bytes, at: int) -> Frame | None:
        """The next sound frame. Looks only where a head could be, and at a body only behind a sound head: rubbish costs no
        more than its length, and the zeros ahead of a writer far less."""
        if data.find(_RARE, at) < 0:
            return None
        for found in _HEAD_START.finditer(data, at):
            if frame := self._frame_at(data, found.start()):
                return frame
        return None

    def _frame_at(self, data: bytes, at: int) -> Frame | None:
        head = self._head(data, at)
        if head is None:
            return None
        kind, length, index, head_sum, body_sum = head
        start = at + HEAD_BYTES
        body = data[start : start + length]
        if len(body) < length or crc32(body, head_sum) != body_sum:
            return None
        if kind == _FIRST:
            # As `Frame` makes them, without a call of Python's for each.
            return _new_frame((at, start + length, index, new_id((self._segment, index)), body))
        if kind == _AGAIN:
            if length < _ORIGIN.size:
                return None
            segment, position = _ORIGIN.unpack_from(body)
            return Frame(at, start + length, index, HitId(UUID(bytes=segment), position), body[_ORIGIN.size :])
        return Frame(at, start + length, index, None, b"") if kind == _END else None

    def _head(self, data: bytes, at: int) -> tuple[int, int, int, int, int] | None:
        """Kind, length, index and both checksums of a sound head."""
        if len(data) - at < HEAD_BYTES:
            return None
        mark, kind, length, index, head_sum, body_sum = _HEAD.unpack_from(data, at)
        if mark != MARK or length > MAX_BODY or crc32(data[at : at + _NAMED.size], self._seed) != head_sum:
            return None
        return kind, length, index, head_sum, body_sum
