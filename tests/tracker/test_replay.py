"""Replay on both databases: what comes back is stored once, whatever was stored before."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, func, select, update

from linksvc.database import reading, writing
from linksvc.models import Fact, Hit, Message
from tests.factories import NOW, produced_campaign, workspace
from tests.tracker.test_ingest import flip, hit, write, write_closed
from tracker.ingest import Ingester
from tracker.replay import Replay
from tracker.segments import HEADER_BYTES
from tracker.set_aside import Fault, SetAside


@pytest.fixture
def campaign(engine: Engine) -> int:
    return produced_campaign(engine, workspace(engine), 5)


def stored(engine: Engine) -> tuple[int, int]:
    """How many hits and facts there are."""
    with reading(engine) as session:
        return (
            session.exec(select(func.count()).select_from(Hit)).one(),
            session.exec(select(func.count()).select_from(Fact)).one(),
        )


def drain(ingester: Ingester) -> None:
    while ingester.run_once():
        pass


def test_a_restored_backup_is_stored_once_and_left_as_it_is(engine: Engine, campaign: int, tmp_path: Path) -> None:
    spool, backup = tmp_path / "spool", tmp_path / "backup"
    spool.mkdir()
    write_closed(spool, [hit(campaign, n % 5) for n in range(2_500)])
    shutil.copytree(spool, backup)
    drain(Ingester(engine, spool))
    lost = write_closed(backup, [hit(campaign, n) for n in range(3)])
    before = {path: path.read_bytes() for path in backup.iterdir()}
    run = Replay(engine, lambda: NOW)
    assert run.segments(backup) == 2
    assert (run.tally.new, run.tally.known, run.tally.refused.total()) == (3, 2_500, 0)
    assert stored(engine) == (2_503, 2_503)
    again = Replay(engine, lambda: NOW)
    again.segments(backup)
    assert (again.tally.new, again.tally.known) == (0, 2_503)
    assert {path: path.read_bytes() for path in backup.iterdir()} == before
    assert lost.path.exists()


def test_a_hit_that_is_known_gets_no_second_verdict(
    engine: Engine, campaign: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_closed(tmp_path, [hit(campaign)])
    Replay(engine).segments(tmp_path)
    monkeypatch.setattr("tracker.hit_store.RULES_VERSION", 99)
    Replay(engine).segments(tmp_path)
    assert stored(engine) == (1, 1)


def test_what_cannot_be_read_is_told_and_costs_nothing_else(engine: Engine, campaign: int, tmp_path: Path) -> None:
    writer = write(tmp_path, [hit(campaign, n) for n in range(4)])
    writer.append([b"no hit"], [None])
    writer.close()
    flip(writer.path, HEADER_BYTES + 30)
    with writer.path.open("ab") as file:
        file.write(b"rubbish")
    run = Replay(engine)
    run.segments(tmp_path)
    assert (run.tally.new, run.tally.unreadable) == (3, {Fault.DAMAGED: 2, Fault.MALFORMED: 1})


def test_a_segment_that_a_tracker_is_writing_can_be_replayed_and_stays_its_own(
    engine: Engine, campaign: int, tmp_path: Path
) -> None:
    writer = write(tmp_path, [hit(campaign, 0)])
    run = Replay(engine)
    assert run.segments(tmp_path) == 1
    writer.append([hit(campaign, 1).pack()], [None])
    writer.close()
    drain(Ingester(engine, tmp_path))
    assert (run.tally.new, stored(engine)) == (1, (2, 2))


def test_a_refused_hit_is_stored_once_its_message_is_back(engine: Engine, campaign: int, tmp_path: Path) -> None:
    """Also one that was first written to another segment: it is set aside under its own id."""
    first = write(tmp_path, [])
    origin = first.next_ids(1)[0]
    writer = write(tmp_path, [hit(campaign, 9)], [origin])
    other = write(tmp_path, [hit(campaign, 12), hit(campaign + 99, 0), hit(campaign, 0), hit(2**63 + 1, None)])
    for one in (first, writer, other):
        one.close()
    ingester = Ingester(engine, tmp_path)
    drain(ingester)
    assert ingester.set_aside.counts == {Fault.REFUSED: 4}
    ingester.set_aside.put(other.next_ids(1)[0], Fault.DAMAGED, b"rubbish")

    run = Replay(engine)
    run.refused(ingester.set_aside, remove=True)
    assert (run.tally.new, run.tally.known) == (0, 0)
    assert run.tally.refused == {
        f"campaign {campaign} has no such message": 2,
        f"there is no campaign {campaign + 99}": 1,
        "a number in it is too large": 1,
    }

    with writing(engine) as session:
        session.exec(update(Message).where(col(Message.n) == 4).values(n=9))
    back = Replay(engine)
    back.refused(SetAside(tmp_path), remove=True)
    assert (back.tally.new, back.tally.refused.total()) == (1, 3)
    with reading(engine) as session:
        row = session.exec(select(Hit).where(col(Hit.n) == 9)).one()
        assert (row.segment, row.position) == (str(origin.segment), origin.position)
    left = [(record.fault, record.id) for record in SetAside(tmp_path).read()]
    assert len(left) == 4, "three that are refused still, and what is damaged"
    assert (Fault.REFUSED, origin) not in left


def test_another_folders_set_aside_is_stored_but_kept(engine: Engine, campaign: int, tmp_path: Path) -> None:
    aside = SetAside(tmp_path)
    aside.put(write(tmp_path, []).next_ids(1)[0], Fault.REFUSED, hit(campaign).pack())
    before = list(aside.read())
    run = Replay(engine)
    run.refused(aside, remove=False)
    assert (run.tally.new, list(aside.read())) == (1, before)
