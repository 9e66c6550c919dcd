"""What an operator is told of a spool: of segments in use, ended ones, and those of the dead."""

import os
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine

from linksvc.database import reading
from tests.factories import NOW, produced_campaign, workspace
from tests.tracker.test_ingest import flip, hit, write, write_closed
from tracker.frames import HEAD_BYTES
from tracker.ingest import Ingester
from tracker.segment_reader import START, open_segment
from tracker.segments import HEADER_BYTES, SUFFIX, HitId
from tracker.set_aside import FOLDER, Fault, SetAside
from tracker.spool_inspection import (
    SegmentState,
    inspect_segment,
    list_ids,
    read_progress,
    set_aside_by_fault,
)


def test_a_segment_is_told_by_who_has_it_in_hand(tmp_path: Path) -> None:
    writer = write(tmp_path, [hit(1), hit(1)])
    growing = inspect_segment(writer.path, None)
    assert growing
    assert (growing.id, growing.hits, growing.stored, growing.damaged) == (writer.id, 2, None, 0)
    assert (growing.state, growing.oldest_at) == (SegmentState.WRITING, NOW)
    writer.close()
    ended = inspect_segment(writer.path, None)
    assert ended
    assert (ended.state, ended.size_bytes) == (SegmentState.WAITING, growing.size_bytes + HEAD_BYTES)
    data = writer.path.read_bytes()
    writer.path.write_bytes(data[:-HEAD_BYTES])
    left = inspect_segment(writer.path, None)
    assert left
    assert (left.state, left.damaged) == (SegmentState.ORPHAN, 0)
    writer.path.write_bytes(data[: -HEAD_BYTES - 5])
    torn = inspect_segment(writer.path, None)
    assert torn
    assert (torn.state, torn.hits, torn.damaged) == (SegmentState.ORPHAN, 1, 0)


def test_damage_is_counted_and_the_rest_is_told(tmp_path: Path) -> None:
    writer = write_closed(tmp_path, [hit(1, n) for n in range(4)])
    flip(writer.path, HEADER_BYTES + 30)
    flip(writer.path, writer.path.stat().st_size - HEAD_BYTES - 1)
    report = inspect_segment(writer.path, None)
    assert report
    assert (report.hits, report.damaged, report.state) == (2, 2, SegmentState.WAITING)


def test_how_far_a_segment_is_stored_comes_from_the_database(engine: Engine, tmp_path: Path) -> None:
    campaign = produced_campaign(engine, workspace(engine), 5)
    writer = write(tmp_path, [hit(campaign, 0), hit(campaign, 1)])
    Ingester(engine, tmp_path).run_once()
    writer.append([hit(campaign, 2).pack()], [None])
    fresh = write(tmp_path, [hit(campaign, 3)])
    with reading(engine) as session:
        progress = read_progress(session, list(list_ids(tmp_path).values()))
    reports = {id: inspect_segment(path, progress) for path, id in list_ids(tmp_path).items()}
    assert {id: (report.hits, report.stored) for id, report in reports.items() if report} == {
        writer.id: (3, 2),
        fresh.id: (1, 0),
    }


def test_looking_disturbs_neither_a_writer_nor_an_ingester(engine: Engine, tmp_path: Path) -> None:
    campaign = produced_campaign(engine, workspace(engine), 1)
    writer = write(tmp_path, [hit(campaign)])
    assert inspect_segment(writer.path, None)
    writer.append([hit(campaign).pack()], [None])
    writer.close()
    with open_segment(writer.path, adopt=False) as looked, open_segment(writer.path) as adopted:
        assert looked
        assert adopted
        assert adopted.closed, "while somebody looks, an ingester still adopts"
        assert len(looked.read(START, 9)) == 2
    before = os.stat(writer.path)
    assert inspect_segment(writer.path, None)
    after = os.stat(writer.path)
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)


def test_what_is_no_segment_is_left_out(tmp_path: Path) -> None:
    stranger = tmp_path / f"notes{SUFFIX}"
    stranger.write_text("of somebody else")
    (tmp_path / f"{UUID(int=1)}{SUFFIX}").mkdir()
    assert list_ids(tmp_path) == {}
    assert inspect_segment(stranger, None) is None
    assert inspect_segment(tmp_path / f"gone{SUFFIX}", None) is None


def test_the_oldest_hit_is_the_first_that_is_one(tmp_path: Path) -> None:
    writer = write(tmp_path, [])
    writer.append([b"no hit", hit(1).pack()], [None, None])
    report = inspect_segment(writer.path, None)
    assert report
    assert report.oldest_at == NOW


def test_what_was_set_aside_is_counted_once_however_often_it_was_put_there(tmp_path: Path) -> None:
    aside = SetAside(tmp_path)
    segment = write(tmp_path, []).id
    for _ in range(2):
        aside.put(HitId(segment, 3), Fault.DAMAGED, b"\x00\xff")
    aside.put(HitId(segment, 4), Fault.REFUSED, b"{}")
    assert set_aside_by_fault(tmp_path) == {Fault.DAMAGED: 1, Fault.REFUSED: 1}
    path = tmp_path / FOLDER / f"{segment}.jsonl"
    with path.open("ab") as file:
        file.write(b'{"position": 5, "fau')
    aside.put(HitId(segment, 6), Fault.REFUSED, b"{}")
    assert set_aside_by_fault(tmp_path) == {Fault.DAMAGED: 1, Fault.REFUSED: 2}, "a line cut by a crash costs no other"
    aside.remove([record for record in aside.read() if record.fault is Fault.REFUSED])
    assert set_aside_by_fault(tmp_path) == {Fault.DAMAGED: 1}
    aside.remove(list(aside.read()))
    assert not path.exists()
    assert set_aside_by_fault(tmp_path / "none") == {}
