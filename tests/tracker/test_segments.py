"""A segment's header and its lock."""

import os
from pathlib import Path
from uuid import UUID

import pytest

from tests.tracker.disks import disk_of
from tracker.frames import HEAD_BYTES
from tracker.segment_reader import START, open_segment
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


def test_hits_take_the_place_of_zeros_that_stand_ahead_and_none_are_left_at_the_end(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, os.fdatasync, ahead=1_000)
    sizes = {writer.path.stat().st_size}
    for i in range(100):
        writer.append([b"hit %03d" % i])
        sizes.add(writer.path.stat().st_size)
        with open_segment(writer.path) as growing:
            assert growing
            assert growing.read(START, 200)[-1].id == HitId(writer.id, i), "told as soon as it is written"
    assert len(sizes) < 10, "the file grows once in many commits"
    assert writer.path.read_bytes()[writer.bytes :].strip(b"\0") == b""
    writer.close()
    assert writer.path.stat().st_size == writer.bytes
    with open_segment(writer.path) as ended:
        assert ended
        assert [entry.payload for entry in ended.read(START, 200)] == [b"hit %03d" % i for i in range(100)]
        assert ended.ended(ended.read(START, 200)[-1].after)


def test_a_disk_without_room_for_zeros_takes_hits_up_to_its_end(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, os.fdatasync, ahead=3_000)
    kept = []
    with disk_of(10_000):
        with pytest.raises(OSError, match="too large"):
            while True:
                writer.append([b"%0500d" % len(kept)])
                kept.append(b"%0500d" % len(kept))
        assert writer.path.stat().st_size == writer.bytes, "what it took of the last one is given back"
    assert len(kept) == (10_000 - HEADER_BYTES) // (500 + HEAD_BYTES)
    writer.close()
    with open_segment(writer.path) as left:
        assert left
        assert [entry.payload for entry in left.read(START, 100)] == kept


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
