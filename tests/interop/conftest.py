"""The real sender as a process of its own, for peers that others wrote."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from linksvc.settings import Settings

Sending = Callable[[], AbstractAsyncContextManager[None]]
PARTING_S = 20


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried here is the wire; one database is enough."""
    return sqlite_url


@pytest.fixture
def sending(settings: Settings, database_url: str) -> Sending:
    """`ricochet send` while the block lasts, taken leave of as an operator would."""
    environment = os.environ | {
        "RICOCHET_DATABASE_URL": database_url,
        "RICOCHET_DATA_DIR": str(settings.data_dir),
        "RICOCHET_SECRET_KEY": settings.secret_key.get_secret_value(),
        "RICOCHET_ROUTE_MAIN_PASSWORD": "secret",
    }

    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        command = Path(sys.executable).parent / "ricochet"
        process = await asyncio.create_subprocess_exec(command, "send", env=environment)
        try:
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            status = await asyncio.wait_for(process.wait(), PARTING_S)
        assert status == 0

    return run
