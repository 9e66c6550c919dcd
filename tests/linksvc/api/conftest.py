"""The API behind a real socket: uvicorn in a thread, on the database of the test."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
import uvicorn
from sqlalchemy import Engine
from starlette.types import ASGIApp

from linksvc.api.app import create_api
from linksvc.api.limits import Limits
from linksvc.api_keys import SCOPES, create_key
from linksvc.database import open_engine, writing
from linksvc.keys import open_keyring
from linksvc.settings import Settings
from tests import factories
from tests.factories import NOW


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The address at which the app answers while the block runs."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", proxy_headers=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def plain_client(url: str) -> httpx2.Client:
    """A client without certificate authorities: there is no TLS here, and to load them takes 70 ms each time."""
    return httpx2.Client(base_url=url, timeout=60, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


_NUMBERS = count()
"""No two keys of one name are made."""


@dataclass(frozen=True)
class Api:
    """A workspace with a shop, and a client that holds a key of that shop with every scope."""

    client: httpx2.Client
    engine: Engine
    workspace_id: int
    shop_id: int
    key: str

    def make_key(self, *scopes: str, shop_id: int | None = None, workspace_id: int | None = None) -> str:
        with writing(self.engine) as session:
            name = f"another {next(_NUMBERS)}"
            return create_key(session, workspace_id or self.workspace_id, name, scopes or SCOPES, shop_id, NOW)

    def get(self, path: str, *, key: str | None = None, **options: Any) -> httpx2.Response:
        return self.request("GET", path, key=key, **options)

    def post(self, path: str, *, key: str | None = None, **options: Any) -> httpx2.Response:
        return self.request("POST", path, key=key, **options)

    def request(self, method: str, path: str, *, key: str | None = None, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {key or self.key}"} | options.pop("headers", {})
        return self.client.request(method, path, headers=headers, **options)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The server's thread must not write to a stdout that pytest is just exchanging, nor draw a traceback for people: that
    takes it seconds, in which it answers nobody."""
    plain: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    structlog.configure(plain, logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()


@contextmanager
def opened(engine: Engine, settings: Settings, limits: Limits | None = None) -> Iterator[Api]:
    workspace_id = factories.workspace(engine)
    shop_id = factories.shop(engine, workspace_id)
    with writing(engine) as session:
        key = create_key(session, workspace_id, "till", SCOPES, shop_id, NOW)
    with (
        served(create_api(settings, engine, open_keyring(settings), lambda: NOW, limits)) as url,
        plain_client(url) as client,
    ):
        yield Api(client, engine, workspace_id, shop_id, key)


@pytest.fixture
def api(engine: Engine, settings: Settings) -> Iterator[Api]:
    """The test runs once on SQLite and once on PostgreSQL."""
    with opened(engine, settings) as api:
        yield api


@pytest.fixture
def sqlite_settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=sqlite_url, secret_key="a secret key for the tests, of 42 characters")


@pytest.fixture
def sqlite_api(sqlite_url: str, sqlite_settings: Settings) -> Iterator[Api]:
    """For what is decided before any database is asked."""
    engine = open_engine(sqlite_url)
    with opened(engine, sqlite_settings) as api:
        yield api
    engine.dispose()


def check_problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem, after it was checked to be one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code, problem
    assert problem["type"] == f"urn:ricochet:problem:{code}"
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["request-id"]
    assert problem["title"]
    assert problem["detail"]
    return problem
