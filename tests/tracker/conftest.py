"""A tracker on a real socket, in the test's own event loop; `tests/tracker/runner.py` is one in a process of its own."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
import uvicorn
import uvloop
from sqlalchemy import Engine

from linksvc.clock import Clock
from linksvc.database import open_engine
from linksvc.keys import Keyring
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests.factories import NOW
from tests.tracker.http import Answer, ask
from tracker.app import Tracker, create_tracker
from tracker.hits import SpooledHit, unpack
from tracker.segment_reader import START, list_segments, open_segment
from tracker.segment_writer import Sync
from tracker.server import server_config
from tracker.told_events import is_told


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The tests of this room run on what a tracker runs on."""
    return {"uvloop": uvloop.new_event_loop}


@dataclass(frozen=True)
class Served:
    port: int
    tracker: Tracker
    settings: Settings
    server: uvicorn.Server

    async def ask(self, target: str, method: str = "GET", **headers: str) -> Answer:
        return await ask(self.port, target, method, **headers)

    def spooled(self) -> list[SpooledHit]:
        """The hits that are on disk at this moment."""
        hits = []
        for path in list_segments(self.settings.spool_dir):
            with open_segment(path) as segment:
                assert segment
                hits += [unpack(entry.payload) for entry in segment.read(START, 10_000) if not is_told(entry.payload)]
        return hits


class Serve(Protocol):
    def __call__(self, settings: Settings, engine: Engine, clock: Clock = ...) -> AbstractAsyncContextManager[Served]: ...


SECRET = "a secret key for the tests, of 42 characters"


@pytest.fixture
def keyring() -> Keyring:
    return Keyring.derive(SECRET)


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    """For what is the same on every database."""
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=sqlite_url, secret_key=SECRET)


@asynccontextmanager
async def serving(
    settings: Settings,
    engine: Engine,
    keyring: Keyring,
    clock: Clock = lambda: NOW,
    sync: Sync = os.fdatasync,
    **configured: Any,
) -> AsyncIterator[Served]:
    """A tracker on a free port, in this event loop; `configured` is told uvicorn otherwise than `server_config` does."""
    tracker = create_tracker(settings, engine, keyring, clock, sync)
    config = server_config(tracker)
    for name, value in configured.items():
        setattr(config, name, value)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not running.done():
            await asyncio.sleep(0.005)
        try:
            yield Served(listening.getsockname()[1], tracker, settings, server)
        finally:
            server.should_exit = True
            await running


@pytest.fixture
def serve(keyring: Keyring) -> Serve:
    def serve(settings: Settings, engine: Engine, clock: Clock = lambda: NOW) -> AbstractAsyncContextManager[Served]:
        return serving(settings, engine, keyring, clock)

    return serve


@pytest.fixture
def codes(keyring: Keyring) -> ShortCodes:
    return ShortCodes.of(keyring)
