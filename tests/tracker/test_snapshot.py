import os
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from tests.factories import NOW
from tests.linksvc.landing.documents_by_example import parsed, without
from tracker.blocks import Block
from tracker.destinations import Destination
from tracker.hosts import Domain
from tracker.known import News
from tracker.landing.known_pages import KnownPage, Size
from tracker.snapshot import Snapshot

KEY = b"a key of the tests, of 32 bytes."
NEWS = News(
    (Block(0, 5, 1, 0, 1, True), Block(5, 2, 1, 5, 1, False, 1)),
    (
        Destination(1, 1, 7, 1, "Lumen", "https://shop.example/é", NOW, None, "https://shop.example/", ("ref", "gclid")),
        Destination(1, 2, 8, 1, "Lumen", "https://shop.example/", expires_at=NOW),
        Destination(1, 3, 12, 1, "Lumen", "", page_id=4, snippet_origins=("https://shop.example",)),
    ),
    (Domain("go.example", 1, 9, False), Domain("old.example", 1, 10, True)),
    (KnownPage(4, 1, 11, 2, parsed(without("picture")).dump(), (Size("ab", 800, 500),)),),
    13,
)


def test_a_snapshot_is_read_as_it_was_written(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path, KEY)
    _ = NEWS.destinations[0].location, NEWS.destinations[0].is_plain
    snapshot.write(NEWS)
    snapshot.write(NEWS)
    assert Snapshot(tmp_path, KEY).read() == NEWS
    assert [path.name for path in tmp_path.iterdir()] == ["blocks.snapshot"]


def test_the_draft_of_a_process_that_died_over_it_is_removed_and_no_other(tmp_path: Path) -> None:
    dead, busy = tmp_path / "blocks.1.new", tmp_path / "blocks.2.new"
    dead.touch()
    busy.touch()
    os.utime(dead, (0, 0))
    Snapshot(tmp_path, KEY).write(NEWS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blocks.2.new", "blocks.snapshot"]


def test_a_snapshot_of_the_version_without_pages_is_still_read(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path, KEY)
    snapshot.write(NEWS)
    _, _, body = snapshot.path.read_bytes().partition(b"\n")
    rows = orjson.loads(body)
    del rows["pages"], rows["revision"]
    rows["destinations"] = [
        {name: value for name, value in row.items() if name not in ("page_id", "snippet_origins", "closed")}
        for row in rows["destinations"][:2]
    ]
    former = orjson.dumps(rows)
    snapshot.path.write_bytes(b"ricochet blocks 2 " + snapshot._checksum(former) + b"\n" + former)
    assert Snapshot(tmp_path, KEY).read() == News(NEWS.blocks, NEWS.destinations[:2], NEWS.domains)


def test_a_snapshot_of_the_version_without_the_greatest_revision_is_still_read(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path, KEY)
    snapshot.write(NEWS)
    head, _, body = snapshot.path.read_bytes().partition(b"\n")
    rows = orjson.loads(body)
    del rows["revision"]
    former = orjson.dumps(rows)
    snapshot.path.write_bytes(head.rpartition(b" ")[0] + b" " + snapshot._checksum(former) + b"\n" + former)
    assert Snapshot(tmp_path, KEY).read() == replace(NEWS, revision=0)


def test_a_page_that_this_version_cannot_read_costs_nothing_else(tmp_path: Path) -> None:
    strange = KnownPage(5, 1, 13, 1, '{"title": {}, "blocks": [{"id": "x", "type": "hologram"}]}')
    Snapshot(tmp_path, KEY).write(replace(NEWS, pages=(strange, *NEWS.pages)))
    assert Snapshot(tmp_path, KEY).read() == NEWS


def test_without_a_snapshot_nothing_is_known(tmp_path: Path) -> None:
    assert Snapshot(tmp_path / "missing", KEY).read() is None


@pytest.mark.parametrize("place", [0, 20, 40, 60, 100, -1])
def test_a_damaged_snapshot_is_refused(tmp_path: Path, place: int) -> None:
    snapshot = Snapshot(tmp_path, KEY)
    snapshot.write(NEWS)
    data = bytearray(snapshot.path.read_bytes())
    data[place] ^= 1
    snapshot.path.write_bytes(data)
    assert snapshot.read() is None


def test_a_snapshot_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path, KEY)
    snapshot.write(NEWS)
    snapshot.path.write_bytes(snapshot.path.read_bytes()[:-10])
    assert snapshot.read() is None


def test_a_snapshot_of_another_installation_is_refused(tmp_path: Path) -> None:
    Snapshot(tmp_path, KEY).write(NEWS)
    assert Snapshot(tmp_path, KEY[::-1]).read() is None
