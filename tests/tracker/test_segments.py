"""A segment's header and its lock."""

import os
from pathlib import Path
from uuid import UUID

from tracker.segments import HEADER_BYTES, is_locked, read_header, try_lock, write_header

SEGMENT = UUID(int=7)


def test_a_header_names_its_segment_and_a_damaged_one_nothing() -> None:
    header = write_header(SEGMENT)
    assert len(header) == HEADER_BYTES
    assert read_header(header + b"more") == SEGMENT
    assert read_header(header[:-1]) is None
    for place in range(HEADER_BYTES):
        assert read_header(header[:place] + bytes([header[place] ^ 1]) + header[place + 1 :]) is None


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
