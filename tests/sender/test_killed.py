"""A sender killed with -9 in the middle of a window: nothing is submitted twice, and at most one window is unknown."""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path

from sqlalchemy import Engine

from linksvc.models import SendBatch
from linksvc.settings import Settings
from sender.pdus import Pdu
from tests import factories
from tests.sender.conftest import Books
from tests.sender.scripted_smsc import Line, scripted_smsc, until

ROOT = Path(__file__).parents[2]
SIZE, WINDOW = 90, 8


async def start(settings: Settings, database_url: str) -> asyncio.subprocess.Process:
    environment = os.environ | {
        "RICOCHET_DATABASE_URL": database_url,
        "RICOCHET_DATA_DIR": str(settings.data_dir),
        "RICOCHET_SECRET_KEY": settings.secret_key.get_secret_value(),
        "RICOCHET_ROUTE_MAIN_PASSWORD": "secret",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.sender.sender_process", cwd=ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL
    )


async def test_a_killed_sender_submits_nothing_twice_and_leaves_at_most_a_window_unknown(
    engine: Engine, workspace_id: int, books: Books, settings: Settings, database_url: str
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, SIZE, rate_per_s=1_000)

    async def after_a_moment(line: Line, pdu: Pdu) -> None:
        asyncio.get_running_loop().call_later(0.03, smsc.accept, line, pdu)

    async with scripted_smsc(submitted=after_a_moment) as smsc:
        factories.route(engine, port=smsc.port, window_size=WINDOW, rate_per_s=1_000)
        first = await start(settings, database_url)
        await until(lambda: len(smsc.submissions) >= SIZE // 3)
        first.kill()
        await first.wait()
        left_over = len(smsc.submissions) - len(books.facts("accepted"))
        assert 0 < left_over <= WINDOW
        second = await start(settings, database_url)
        try:
            await until(lambda: len(books.facts("accepted")) + len(books.facts("outcome_unknown")) == SIZE)
        finally:
            second.kill()
            await second.wait()
    submitted = Counter(pdu.text("destination_addr") for pdu in smsc.submissions)
    assert set(submitted.values()) == {1}
    unknown = len(books.facts("outcome_unknown"))
    assert left_over <= unknown <= WINDOW
    assert books.states(campaign_id) == {"outcome_unknown": unknown, "submitted": SIZE - unknown}
    assert books.rows(SendBatch) == []
