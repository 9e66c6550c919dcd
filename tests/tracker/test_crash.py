"""A tracker in a process of its own, killed and stopped: what it answered is stored, once."""

import asyncio
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Engine
from sqlmodel import select

from linksvc.database import reading
from linksvc.keys import Keyring
from linksvc.models import Fact, Hit
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests.factories import produced_campaign, workspace
from tests.tracker.http import ask, read_answer, request
from tracker.ingest import Ingester
from tracker.segments import SUFFIX
from tracker.snapshot import Snapshot

CLIENTS = 20
RECIPIENTS = 10


@asynccontextmanager
async def process(settings: Settings) -> AsyncIterator[tuple[int, asyncio.subprocess.Process]]:
    """A tracker's port and its process, which is ended with the block if it still runs."""
    environment = os.environ | {
        "RICOCHET_DATA_DIR": str(settings.data_dir),
        "RICOCHET_DATABASE_URL": settings.database_url,
        "RICOCHET_SECRET_KEY": settings.secret_key.get_secret_value(),
        "RICOCHET_SPOOL_SEGMENT_BYTES": str(settings.spool_segment_bytes),
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.tracker.runner", stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert running.stdout
    try:
        yield int(await running.stdout.readline()), running
    finally:
        if running.returncode is None:
            running.terminate()
        await running.wait()


async def click(port: int, codes: list[str], name: str, answered: set[str], enough: asyncio.Event, at: int) -> None:
    """Clicks on one connection until the tracker dies; each click is known by its referrer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for i in range(10_000):
            click_id = f"https://clicks.example/{name}/{i}"
            writer.write(request(f"/{codes[i % len(codes)]}", referer=click_id))
            answer = await read_answer(reader)
            assert answer.status == 302
            answered.add(click_id)
            if len(answered) >= at:
                enough.set()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def clicks_until_killed(settings: Settings, codes: list[str]) -> set[str]:
    """The clicks that were answered before the tracker was killed with -9, under 20 clients."""
    answered: set[str] = set()
    enough = asyncio.Event()
    async with process(settings) as (port, running):
        clients = [asyncio.create_task(click(port, codes, str(c), answered, enough, at=500)) for c in range(CLIENTS)]
        await asyncio.wait_for(enough.wait(), 30)
        running.send_signal(signal.SIGKILL)
        await asyncio.gather(*clients)
    return answered


async def test_every_answered_click_is_stored_once_though_the_tracker_is_killed(
    settings: Settings, engine: Engine, codes: ShortCodes
) -> None:
    campaign = produced_campaign(engine, workspace(engine), RECIPIENTS)
    links = [codes.encode(1000 * campaign + n) for n in range(RECIPIENTS)]
    small = settings.model_copy(update={"spool_segment_bytes": 20_000})
    stop = threading.Event()
    ingesting = threading.Thread(target=Ingester(engine, small.spool_dir).run, args=(stop,), daemon=True)
    ingesting.start()
    answered = await clicks_until_killed(small, links)
    stop.set()
    await asyncio.to_thread(ingesting.join)

    ingester = Ingester(engine, small.spool_dir)
    while ingester.run_once() or not ingester.drained():
        pass
    with reading(engine) as session:
        stored = Counter(session.exec(select(Hit.referrer)).all())
        facts = len(session.exec(select(Fact.source)).all())
    assert len(answered) >= 500
    assert set(stored.values()) == {1}, "nothing twice"
    assert not answered - set(stored), "nothing lost"
    assert len(set(stored) - answered) <= CLIENTS, "at most what was under way at the kill"
    assert facts == len(stored)
    ingester.run_once()
    assert not list(small.spool_dir.glob(f"*{SUFFIX}")), "the segments of the dead were adopted and dropped"


async def test_a_tracker_that_is_stopped_leaves_a_closed_spool_and_a_snapshot(
    sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, keyring: Keyring
) -> None:
    campaign = produced_campaign(sqlite_engine, workspace(sqlite_engine), 1)
    async with process(sqlite_settings) as (port, running):
        assert (await ask(port, f"/{codes.encode(1000 * campaign)}")).status == 302
        running.terminate()
        assert await asyncio.wait_for(running.wait(), 60) in (0, -signal.SIGTERM)
    ingester = Ingester(sqlite_engine, sqlite_settings.spool_dir)
    assert [ingester.run_once(), ingester.run_once()] == [1, 0]
    assert not list(sqlite_settings.spool_dir.iterdir())
    known = Snapshot(sqlite_settings.data_dir, keyring.links[0]).read()
    assert known is not None
    assert len(known.blocks) == 1
