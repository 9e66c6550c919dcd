"""A segment's header and its lock."""

import os
from pathlib import Path
from uuid import UUID

from tracker.segment_writer import SegmentWriter
from tracker.segments import HEADER_BYTES, HitId, is_locked, read_header, try_lock, write_header

SEGMENT = UUID(int=7)


def test_a_header_names_its_segment_and_a_damaged_one_nothing() -> None:
    header = write_header(SEGMENT)
    assert len(header) == HEADER_BYTES
    assert read_header(header + b"more") == SEGMENT
    assert read_header(header[:-1]) is None
    for place in range(HEADER_BYTES):
        assert read_header(header[:place] + bytes([header[place] ^ 1]) + header[place + 1 :]) is None


def test_a_writer_tells_the_ids_that_its_next_hits_get(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, os.fdatasync)
    writer.append([b"one", b"two"])
    ids = writer.next_ids(2)
    assert ids == [HitId(writer.id, 2), HitId(writer.id, 3)]
    assert {type(hit) for hit in ids} == {HitId}
    writer.close()


def test_whoever_only_looks_leaves_the_lock_to_others(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    path.touch()
    ours, theirs = (os.open(path, os.O_RDONLY) for _ in range(2))
    assert not is_locked(ours)
    assert try_lock(theirs)
    assert is_locked(ours)
    assert not try_lock(ours)
    os.close(theirs)
    assert not is_locked(ours)
    assert try_lock(ours)
    os.close(ours)
