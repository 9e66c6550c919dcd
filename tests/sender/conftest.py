"""A sender over a scripted SMSC, and the answers that tests ask of its database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, func, select

from linksvc.applier import apply_batch
from linksvc.clock import now
from linksvc.database import reading
from linksvc.keys import Keyring
from linksvc.models import Fact, Message, Route
from linksvc.settings import Settings
from sender.session import Timers
from sender.timing import Backoff, Timing
from sender.worker import run_sender
from tests import factories
from tests.sender.scripted_smsc import ScriptedSmsc

FAST = Timing(
    timers=Timers(connect_s=2.0, response_s=5.0, enquire_s=30.0),
    poll_s=0.03,
    reconnect=Backoff(0.05, 0.2),
    retry=Backoff(0.05, 0.2),
    probe_s=0.5,
    drain_s=2.0,
)


@dataclass
class Books:
    """What the database says."""

    engine: Engine

    def facts(self, kind: str) -> list[tuple[int | None, str]]:
        with reading(self.engine) as session:
            statement = select(Fact.n, Fact.value).where(Fact.kind == kind).order_by(col(Fact.n), col(Fact.source))
            return [(n, value) for n, value in session.exec(statement)]

    def route(self) -> Route:
        with reading(self.engine) as session:
            return session.exec(select(Route)).one()

    def rows(self, table: type) -> list[object]:
        with reading(self.engine) as session:
            rows = list(session.exec(select(table)))
            session.expunge_all()
            return rows

    def states(self, campaign_id: int) -> dict[str, int]:
        """The campaign's messages by state, once every fact was applied."""
        while apply_batch(self.engine, campaign_id, "test", now):
            pass
        with reading(self.engine) as session:
            statement = select(Message.state, func.count()).where(Message.campaign_id == campaign_id)
            return dict(session.exec(statement.group_by(Message.state)).all())


@pytest.fixture
def books(engine: Engine) -> Books:
    return Books(engine)


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def route_settings(settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "main.password").write_text("secret\n")
    return settings.model_copy(update={"route_secrets_dir": tmp_path})


Sending = Callable[..., AbstractAsyncContextManager[asyncio.Event]]


@pytest.fixture
def sending(engine: Engine, route_settings: Settings, keyring: Keyring) -> Sending:
    """Runs a sender with one route to an SMSC while the block lasts."""

    @asynccontextmanager
    async def run(smsc: ScriptedSmsc, timing: Timing = FAST, **route: object) -> AsyncIterator[asyncio.Event]:
        with reading(engine) as session:
            known = session.exec(select(Route.id)).first()
        if known is None:
            factories.route(engine, port=smsc.port, **route)
        stop = asyncio.Event()
        task = asyncio.create_task(run_sender(route_settings, engine, keyring, stop, timing=timing))
        try:
            yield stop
        finally:
            stop.set()
            await asyncio.wait_for(task, 60)

    return run
