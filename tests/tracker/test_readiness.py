"""What an operator is told of a tracker whose database, disk or spool is not as it should be."""

import asyncio
import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine

from linksvc.database import open_engine
from linksvc.readiness import Condition
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests.factories import produced_campaign, workspace
from tests.tracker.conftest import Serve, Served
from tracker.readiness import TrackerReadiness
from tracker.spool import Spool


async def unmet(served: Served) -> Mapping[str, Condition]:
    """What is not as it should be."""
    return {one.name: one for one in await TrackerReadiness(served.tracker)() if not one.met}


async def test_a_database_that_is_moved_away_is_told_and_does_no_harm(
    serve: Serve, sqlite_settings: Settings, sqlite_url: str, tmp_path: Path
) -> None:
    here, away = tmp_path / "here", tmp_path / "away"
    engine = open_engine(f"sqlite:///{here / 'ricochet.db'}")
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), here / "ricochet.db")
    async with serve(sqlite_settings, engine) as served:
        assert not await unmet(served)
        here.rename(away)
        engine.dispose()
        while served.tracker.watch.reachable:
            await asyncio.sleep(0.02)
        (database,) = (await unmet(served)).values()
        assert (database.name, database.needed) == ("database", False)
    engine.dispose()


async def test_a_full_spool_is_told_and_does_not_take_a_tracker_out_of_rotation(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes
) -> None:
    campaign = produced_campaign(sqlite_engine, workspace(sqlite_engine), 1)
    small = sqlite_settings.model_copy(update={"spool_max_bytes": 1_000})
    async with serve(small, sqlite_engine) as served:
        for _ in range(10):
            assert (await served.ask(f"/{codes.encode(1000 * campaign)}")).status == 302
        (room,) = (await unmet(served)).values()
        assert (room.name, room.needed) == ("room", False)
        assert served.tracker.losses.counts["spool_full"] > 0


async def test_a_spool_that_cannot_be_written_takes_a_tracker_out_of_rotation_until_it_can(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.spool.REOPEN_AFTER_S", 0.0)
    sqlite_settings.spool_dir.write_text("a file where the folder should be")
    async with serve(sqlite_settings, sqlite_engine) as served:
        (spool,) = (await unmet(served)).values()
        assert (spool.name, spool.needed) == ("spool", True)
        sqlite_settings.spool_dir.unlink()
        assert not await unmet(served), "asked, it tries again"


async def test_a_disk_that_hangs_is_told_in_time(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.readiness.DISK_WITHIN_S", 0.05)
    goes_on = threading.Event()
    goes_on.set()

    def sync(descriptor: int) -> None:
        goes_on.wait()
        os.fdatasync(descriptor)

    async with serve(sqlite_settings, sqlite_engine) as served:
        served.tracker.spool = Spool(tmp_path / "slow", 1_000_000, 2**40, sync)
        readiness = TrackerReadiness(served.tracker)
        assert all(one.met for one in await readiness())
        goes_on.clear()
        for _ in range(3):
            (spool,) = [one for one in await readiness() if not one.met]
            assert (spool.name, spool.needed, spool.detail) == ("spool", True, "The disk does not answer.")
        goes_on.set()
        while not all(one.met for one in await readiness()):
            pass
        await served.tracker.spool.close()
