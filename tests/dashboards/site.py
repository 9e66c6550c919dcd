"""The pages as a test reads them without a browser: forms filled in by their hidden fields, rows counted."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pwdlib import PasswordHash
from sqlalchemy import Engine
from sqlmodel import Session, col, update
from starlette.testclient import TestClient

from dashboards.app import create_dashboards
from linksvc import accounts
from linksvc.clock import now
from linksvc.database import writing
from linksvc.keys import open_keyring
from linksvc.models import User
from linksvc.settings import Settings

EMAIL, PASSWORD = "ana@example.com", "correct horse battery"


@dataclass
class HandClock:
    """A clock that a test moves."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Site:
    """A workspace with one user, and a client of its pages."""

    engine: Engine
    client: TestClient
    clock: HandClock
    workspace_id: int
    user_id: int

    def token(self, path: str = "/sign-in") -> str:
        """The CSRF token of the form at `path`."""
        return read_token(self.client.get(path).text)

    def enter(self) -> None:
        """Signs in by a link, which costs no time."""
        path = sign_in_path(self.engine, self.user_id)
        assert self.client.post(path, data={"csrf_token": self.token(path)}).status_code == 303

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> Any:
        form = {"csrf_token": self.token(), "email": email, "password": password, **fields}
        return self.client.post("/sign-in", data=form)


def read_token(page: str) -> str:
    """The CSRF token of a page's forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


@cache
def _password_hash() -> str:
    # Slow on purpose, so once a run.
    return PasswordHash.recommended().hash(PASSWORD)


def add_user(session: Session, workspace_id: int) -> int:
    """The user whose password is PASSWORD."""
    user_id = accounts.create_user(session, EMAIL, None, workspace_id, now())
    session.exec(update(User).where(col(User.id) == user_id).values(password_hash=_password_hash()))
    return user_id


def sign_in_path(engine: Engine, user_id: int) -> str:
    """A one-time link."""
    with writing(engine) as session:
        return f"/sign-in/link/{accounts.make_sign_in_link(session, user_id, now())}"


@contextmanager
def open_site(settings: Settings, engine: Engine) -> Iterator[Site]:
    """A workspace, a user and a client, closed afterwards."""
    clock = HandClock(datetime.now(UTC))
    with writing(engine) as session:
        workspace_id = accounts.ensure_workspace(session, "Boutique Lumen", now())
        user_id = add_user(session, workspace_id)
    app = create_dashboards(settings, engine, open_keyring(settings), clock)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield Site(engine, client, clock, workspace_id, user_id)


def all_rows(get: Callable[[str], str], path: str) -> int:
    """How many rows a listing has, over all of its pages."""
    rows = 0
    while path:
        page = get(path)
        rows += page.count("<tr><td")
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    return rows
