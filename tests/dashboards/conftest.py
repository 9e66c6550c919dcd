"""A real Chromium and the pages served on a real socket, beside a client without a browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import Engine

from dashboards.app import create_dashboards
from linksvc import accounts
from linksvc.clock import now
from linksvc.database import open_engine, writing
from linksvc.keys import open_keyring
from linksvc.settings import Settings
from tests.chromium import launch, open_window
from tests.dashboards.serving import serving
from tests.dashboards.site import Site, add_user, open_site, read_token, sign_in_path

NARROW = {"width": 620, "height": 900}
"""Too narrow for the chart, whose script of 4.8 MB takes a second: only the tests that look at it open a wide window."""

WIDE = {"width": 1280, "height": 900}

SECRET = "a secret key for the tests, of 42 characters"


@pytest.fixture
def site_on_both(settings: Settings, engine: Engine) -> Iterator[Site]:
    """The pages in process, on SQLite and on PostgreSQL: for what asks the database in its own words."""
    with open_site(settings, engine) as site:
        yield site


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """The pages in process, on SQLite alone: for what only `linksvc` asks of the database, and is tested there on both."""
    engine = open_engine(sqlite_url)
    with open_site(Settings(data_dir=tmp_path, database_url=sqlite_url, secret_key=SECRET), engine) as site:
        yield site
    engine.dispose()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for this folder.

    Not for the whole run: while Playwright's synchronous interface is open, its event loop counts as running, and no
    asynchronous test could run its own.
    """
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@dataclass
class Served:
    """The pages on a socket of their own, on SQLite; `open` gives a browser window that reports what goes wrong in it."""

    url: str
    engine: Engine
    workspace_id: int
    user_id: int
    browser: Browser
    contexts: list[BrowserContext]
    complaints: list[str]

    def open(self, *, signed_in: bool = True, **options: Any) -> Page:
        settings = {"locale": "en-GB", "viewport": NARROW, "base_url": self.url} | options
        context = self.browser.new_context(**settings)
        self.contexts.append(context)
        page = open_window(context)
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if signed_in:
            self.sign_in(page)
        return page

    def sign_in(self, page: Page) -> None:
        """By a link and without drawing a page; the browser keeps the cookie."""
        path = sign_in_path(self.engine, self.user_id)
        form = page.request.get(path).text()
        page.request.post(path, form={"csrf_token": read_token(form)})

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)


@pytest.fixture
def served(browser: Browser, sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url, secret_key=SECRET)
    engine = open_engine(sqlite_url)
    with writing(engine) as session:
        workspace_id = accounts.ensure_workspace(session, "Boutique Lumen", now())
        user_id = add_user(session, workspace_id)
    with serving(create_dashboards(settings, engine, open_keyring(settings))) as url:
        served = Served(url, engine, workspace_id, user_id, browser, contexts=[], complaints=[])
        yield served
        for context in served.contexts:
            context.close()
    engine.dispose()
