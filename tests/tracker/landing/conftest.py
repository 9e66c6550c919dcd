"""A tracker on a real socket beside a real Chromium. No asynchronous test may stand in this folder: see `browser`."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright
from sqlalchemy import Engine

from linksvc.database import open_engine
from linksvc.keys import Keyring
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests.chromium import launch, open_window
from tests.factories import NOW
from tests.tracker.conftest import SECRET
from tests.tracker.landing_scenes import PHONE, PageCampaign
from tracker.app import create_tracker
from tracker.server import server_config

# What a page sends as it is left bears the browser's own name, and that of one without a screen is a program's.
NAMED = f"--user-agent={PHONE}"

SMALL = {"width": 360, "height": 640}
WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for this folder. While Playwright's synchronous interface is open its event loop counts as running, and
    no asynchronous test could run its own."""
    with sync_playwright() as playwright:
        browser = launch(playwright, NAMED)
        yield browser
        browser.close()


@dataclass
class Time:
    """The tracker's clock, set by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Window:
    """A browser's window, what it asked for, and what went wrong in it."""

    page: Page
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)


@dataclass
class Phone:
    """Opens links of campaigns as recipients do."""

    url: str
    engine: Engine
    settings: Settings
    time: Time
    codes: ShortCodes
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    def link(self, campaign: PageCampaign, n: int = 0) -> str:
        return f"{self.url}/{self.codes.encode(1000 * campaign.campaign_id + n)}"

    def window(self, **options: Any) -> Window:
        settings = {"locale": "en-GB", "viewport": SMALL, "user_agent": PHONE} | options
        context = self.browser.new_context(**settings)
        self.contexts.append(context)
        page = open_window(context)
        window = Window(page)
        page.on("console", lambda message: window.note(message.type, message.text))
        page.on("pageerror", lambda error: window.complaints.append(str(error)))
        page.on("request", lambda request: window.requests.append(request))
        return window

    def open(self, campaign: PageCampaign, n: int = 0, **options: Any) -> Window:
        """A window that has loaded the link and, with a script, has asked for what is personal."""
        window = self.window(**options)
        window.page.goto(self.link(campaign, n))
        if options.get("java_script_enabled", True):
            expect(window.page.locator("html")).to_have_class("js asked")
        return window


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def phone(browser: Browser, engine: Engine, sqlite_url: str, tmp_path: Path, time: Time) -> Iterator[Phone]:
    """The tracker polls for what a test writes within a second; `learn` in a test asks at once."""
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url, secret_key=SECRET)
    keyring = Keyring.derive(SECRET)
    with served(settings, engine, keyring, time) as url:
        phone = Phone(url, engine, settings, time, ShortCodes.of(keyring), browser)
        yield phone
        for context in phone.contexts:
            context.close()


class served:
    """A tracker in a thread of its own, on a free port."""

    def __init__(self, settings: Settings, engine: Engine, keyring: Keyring, time: Time) -> None:
        tracker = create_tracker(settings, engine, keyring, time)
        self._server = uvicorn.Server(server_config(tracker, host="127.0.0.1", port=0))
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
