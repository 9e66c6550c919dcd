"""A campaign's page in a real Chromium: when its funnel can be seen, and how much jumps. For benchmarks/funnel.py."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import uvicorn
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import Engine

from dashboards.app import create_dashboards
from linksvc import accounts
from linksvc.clock import now
from linksvc.database import writing
from linksvc.keys import open_keyring
from linksvc.public_ids import format_id
from linksvc.settings import Settings

SECRET = "a secret key of the benchmark, forty characters"
CHROMIUM = "/usr/bin/chromium"
LOADS = 7
SETTLED_MS = 2_500
"""Charts come once the first screen stands: what they move counts too."""

WATCH = """
    window.shifts = 0;
    const add = one => { window.shifts += one.hadRecentInput ? 0 : one.value };
    new PerformanceObserver(list => list.getEntries().forEach(add)).observe({type: 'layout-shift', buffered: true});
"""
SEEN = """
    () => {
        const funnel = document.querySelector('.funnel, #funnel');
        const paint = performance.getEntriesByName('first-contentful-paint')[0];
        const box = funnel && funnel.getBoundingClientRect();
        return paint && box && box.height > 0 && box.top < innerHeight ? paint.startTime : null;
    }
"""


@dataclass(frozen=True)
class Load:
    """Medians: milliseconds from the request on until the funnel is painted; the layout shift, as Chromium scores it."""

    seen_ms: float
    shift: float


def load_page(engine: Engine, owner: int, campaign_id: int, folder: Path) -> Load:
    settings = Settings(data_dir=folder, secret_key=SECRET)
    with writing(engine) as session:
        user_id = accounts.create_user(session, "ana@example.com", None, owner, now())
        link = accounts.make_sign_in_link(session, user_id, now())
    app = create_dashboards(settings, engine, open_keyring(settings), now)
    with _serving(app) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.add_init_script(WATCH)
        page.goto(f"{url}/sign-in/link/{link}")
        page.get_by_role("button").last.click()
        page.wait_for_url("**/campaigns")
        loads = [_load(page, f"{url}/campaigns/{format_id('campaign', campaign_id)}") for _ in range(LOADS)]
        browser.close()
    return Load(median(one.seen_ms for one in loads), median(one.shift for one in loads))


def _load(page: Page, address: str) -> Load:
    page.goto(address)
    seen = page.wait_for_function(SEEN).json_value()
    page.wait_for_timeout(SETTLED_MS)
    return Load(float(seen), float(page.evaluate("window.shifts")))


@contextmanager
def _serving(app: object) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=1)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
