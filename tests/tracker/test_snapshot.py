from pathlib import Path

import pytest

from tracker.blocks import Block
from tracker.snapshot import Snapshot

KEY = b"a key of the tests, of 32 bytes."
BLOCKS = (Block(0, 5, 1, 0, 1, True, "https://shop.example/é"), Block(5, 2, 1, 5, 1, False, "https://shop.example/"))


def test_a_snapshot_is_read_as_it_was_written(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path, KEY)
    snapshot.write(BLOCKS)
    snapshot.write(BLOCKS)
    read = Snapshot(tmp_path, KEY).read()
    assert read is not None
    assert read.all() == BLOCKS
    assert [path.name for path in tmp_path.iterdir()] == ["blocks.snapshot"]


def test_without_a_snapshot_there_are_no_blocks(tmp_path: Path) -> None:
    assert Snapshot(tmp_path / "missing", KEY).read() is None


@pytest.mark.parametrize("place", [0, 20, 40, 60, 100, -1])
def test_a_damaged_snapshot_is_refused(tmp_path: Path, place: int) -> None:
    snapshot = Snapshot(tmp_path, KEY)
    snapshot.write(BLOCKS)
    data = bytearray(snapshot.path.read_bytes())
    data[place] ^= 1
    snapshot.path.write_bytes(data)
    assert snapshot.read() is None


def test_a_snapshot_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path, KEY)
    snapshot.write(BLOCKS)
    snapshot.path.write_bytes(snapshot.path.read_bytes()[:-10])
    assert snapshot.read() is None


def test_a_snapshot_of_another_installation_is_refused(tmp_path: Path) -> None:
    Snapshot(tmp_path, KEY).write(BLOCKS)
    assert Snapshot(tmp_path, KEY[::-1]).read() is None
