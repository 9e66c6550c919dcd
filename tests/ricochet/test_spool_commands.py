"""`ricochet spool` as an operator types it."""

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import func, select

from linksvc.database import reading
from linksvc.models import Hit
from tests.factories import produced_campaign, workspace
from tests.ricochet.conftest import Terminal
from tests.tracker import test_told_events as pages
from tests.tracker.test_ingest import flip, hit, write, write_closed
from tracker.ingest import Ingester
from tracker.segments import HEADER_BYTES, SUFFIX, HitId
from tracker.set_aside import Fault, SetAside


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    return sqlite_engine


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    path = tmp_path / "spool"
    path.mkdir()
    return path


def test_the_segments_are_shown_with_what_is_stored_of_them(terminal: Terminal, engine: Engine, spool_dir: Path) -> None:
    campaign = produced_campaign(engine, workspace(engine), 5)
    growing = write(spool_dir, [hit(campaign, 0), hit(campaign, 1)])
    growing.append([pages.told(campaign).pack()], [None])
    Ingester(engine, spool_dir).run_once()
    ended = write_closed(spool_dir, [hit(campaign, n % 5) for n in range(1_500)])
    flip(ended.path, HEADER_BYTES + 30)
    SetAside(spool_dir).put(HitId(ended.id, 0), Fault.REFUSED, b"{}")
    lines = {line.split("│")[1].strip(): line for line in terminal.done("spool", "inspect").splitlines() if "│" in line}
    assert [cell.strip() for cell in lines[str(growing.id)].split("│")[3:-1]] == [
        "2",
        "1",
        "3",
        "0",
        "writing",
        "2026-11-20 09:00:00",
    ]
    assert [cell.strip() for cell in lines[str(ended.id)].split("│")[3:8]] == ["1,499", "0", "0", "1", "waiting"]
    assert [cell.strip() for cell in lines["2 segments"].split("│")[3:7]] == ["1,501", "1", "3", "1"]
    assert "Set aside: 1 refused." in terminal.done("spool", "inspect")

    told = json.loads(terminal.done("spool", "inspect", "--json"))
    assert told["total"] | {"bytes": 0} == {
        "segments": 2,
        "bytes": 0,
        "hits": 1_501,
        "beacons": 1,
        "stored": 3,
        "damaged": 1,
        "oldest_at": "2026-11-20T09:00:00+00:00",
    }
    assert {one["id"]: one["state"] for one in told["segments"]} == {str(growing.id): "writing", str(ended.id): "waiting"}
    assert told["set_aside"] == {"damaged": 0, "malformed": 0, "refused": 1, "torn_tail": 0}
    assert (told["database"], told["directory"]) == (None, str(spool_dir))
    growing.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:///{tmp}/none.db", "there is none yet"),
        ("sqlite:///{tmp}/empty.db", "no such table"),
        ("postgresql://127.0.0.1:1/none", "Connection refused"),
    ],
)
def test_without_a_database_the_rest_is_shown(
    terminal: Terminal, spool_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    (tmp_path / "empty.db").touch()
    monkeypatch.setenv("RICOCHET_DATABASE_URL", url.format(tmp=tmp_path))
    write_closed(spool_dir, [hit(1)])
    assert reason in terminal.done("spool", "inspect")
    told = json.loads(terminal.done("spool", "inspect", "--json"))
    assert reason in told["database"]
    assert (told["total"]["hits"], told["total"]["stored"], told["segments"][0]["stored"]) == (1, None, None)
    assert not (tmp_path / "none.db").exists(), "to look makes nothing"


def test_a_spool_that_is_not_there_is_a_clear_error(terminal: Terminal, tmp_path: Path) -> None:
    assert f"There is no spool at {tmp_path / 'spool'}" in terminal.refused("spool", "inspect")


def test_an_empty_spool_is_shown_as_one(terminal: Terminal, spool_dir: Path) -> None:
    assert spool_dir.is_dir()
    assert "0 segments" in terminal.done("spool", "inspect")


def test_a_backup_is_replayed_and_told(terminal: Terminal, engine: Engine, spool_dir: Path, tmp_path: Path) -> None:
    campaign = produced_campaign(engine, workspace(engine), 5)
    backup = tmp_path / "backup"
    write_closed(spool_dir, [hit(campaign, 0), hit(campaign, 1)])
    shutil.copytree(spool_dir, backup)
    Ingester(engine, spool_dir).run_once()
    write_closed(backup, [hit(campaign, 2), hit(campaign + 9, 0)])
    SetAside(backup).put(HitId(write(backup, []).id, 3), Fault.REFUSED, hit(campaign, 4).pack())
    said = terminal.done("spool", "replay", "--from", str(backup))
    assert said.splitlines()[-3:] == [
        f"Segments in {backup}: 3",
        "Hits and beacons: 2 new, 2 known, 1 still refused.",
        f"  1: there is no campaign {campaign + 9}",
    ]
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Hit)).one() == 4
    assert "Hits and beacons: 0 new, 4 known, 1 still refused." in terminal.done("spool", "replay", "--from", str(backup))


def test_what_was_refused_is_replayed_without_a_folder(terminal: Terminal, engine: Engine, spool_dir: Path) -> None:
    campaign = produced_campaign(engine, workspace(engine), 1)
    SetAside(spool_dir).put(HitId(write(spool_dir, []).id, 3), Fault.REFUSED, hit(campaign).pack())
    assert terminal.done("spool", "replay").endswith("Hits and beacons: 1 new, 0 known, 0 still refused.\n")
    assert terminal.done("spool", "replay") == "Hits and beacons: 0 new, 0 known, 0 still refused.\n"


def test_a_folder_that_holds_nothing_to_replay_is_a_clear_error(terminal: Terminal, tmp_path: Path) -> None:
    assert "There is no folder" in terminal.refused("spool", "replay", "--from", str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    assert "There is no segment (*.spool) in" in terminal.refused("spool", "replay", "--from", str(tmp_path / "empty"))


def test_a_spool_that_cannot_be_read_is_a_clear_error(terminal: Terminal, spool_dir: Path) -> None:
    loop = spool_dir / f"loop{SUFFIX}"
    loop.symlink_to(loop)
    assert f"{loop} cannot be read" in terminal.refused("spool", "inspect", status=1)
    assert f"{loop} cannot be read" in terminal.refused("spool", "replay", "--from", str(spool_dir), status=1)


def test_settings_that_leave_a_spool_no_room_are_refused(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RICOCHET_SPOOL_MAX_BYTES", "20000000")
    assert "It is at least twice RICOCHET_SPOOL_SEGMENT_BYTES, 33554432." in terminal.refused("spool", "inspect", status=1)
