"""What pages tell, in a real Chromium: a landing page of ours, and a shop's page that bears the snippet of the docs."""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from linksvc.applier import apply_batch, rebuild_counters
from linksvc.database import reading
from linksvc.funnel import read_funnel
from tests.chromium import PATIENCE_MS
from tests.factories import NOW, produced_campaign, workspace
from tests.tracker.event_scenes import DOCUMENT, name_origins, spooled_events
from tests.tracker.landing.conftest import Phone
from tests.tracker.landing_scenes import PageCampaign, page_campaign
from tracker.ingest import Ingester
from tracker.told_events import ToldEvent

DOCS = (Path(__file__).parents[3] / "docs" / "page-events.md").read_text()
LONG = DOCUMENT | {
    "blocks": [
        *DOCUMENT["blocks"],
        *({"id": f"more-{i}", "type": "text", "text": {"en": "More of it. " * 200}} for i in range(3)),
    ]
}
STORED = "[Object.keys(localStorage).length, Object.keys(sessionStorage).length, document.cookie]"


def wait_for(page: Page, phone: Phone, *wanted: tuple[str, str]) -> list[ToldEvent]:
    """The events on disk, once all of these (name and block) are among them."""
    deadline = time.monotonic() + PATIENCE_MS / 1_000
    while True:
        events = [event for told in spooled_events(phone.settings) for event in told.events]
        if set(wanted) <= {(event.name, event.block) for event in events}:
            return events
        assert time.monotonic() < deadline, events
        page.wait_for_timeout(50)


def depth_of(events: list[ToldEvent]) -> int:
    return max((event.value for event in events if event.name == "depth"), default=0)


def figures(engine: Engine, phone: Phone, workspace_id: int, campaign_id: int, *names: str) -> tuple[int, ...]:
    ingester = Ingester(engine, phone.settings.spool_dir, lambda: NOW)
    while ingester.run_once():
        pass
    while apply_batch(engine, campaign_id, "test", lambda: NOW):
        pass
    with reading(engine) as session:
        funnel = read_funnel(session, workspace_id, campaign_id)
        return tuple(funnel[name] for name in names)


def test_a_landing_page_tells_what_somebody_does_on_it(phone: Phone) -> None:
    campaign = page_campaign(phone.engine, LONG)
    rebuild_counters(phone.engine, campaign.campaign_id)
    window = phone.open(campaign, permissions=["clipboard-read", "clipboard-write"])
    page = window.page
    assert depth_of(wait_for(page, phone, ("view", ""))) < 100
    page.get_by_role("button", name="Copy").click()
    wait_for(page, phone, ("copied", "code"))
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    # A press leaves the page, and takes along what waits.
    page.route("https://shop.example/**", lambda route: route.fulfill(body="bought", content_type="text/plain"))
    page.get_by_role("link", name="To the shop").click()
    events = wait_for(page, phone, ("button", "shop"), ("depth", ""))
    numbers = [event.number for event in events]
    assert sorted(numbers) == list(range(len(numbers)))
    assert depth_of(events) == 100
    assert {cookie["name"] for cookie in page.context.cookies()} == set()
    assert window.complaints == []
    shown = figures(phone.engine, phone, campaign.workspace_id, campaign.campaign_id, "engaged", "hit_human", "hit_machine")
    assert shown == (1, 1, 0)


def test_a_page_tells_for_how_long_it_was_seen_when_it_is_left(phone: Phone) -> None:
    campaign = page_campaign(phone.engine, DOCUMENT)
    window = phone.open(campaign)
    window.page.evaluate("window.__now = performance.now.bind(performance)")
    wait_for(window.page, phone, ("view", ""))
    # A minute later by the page's clock.
    window.page.evaluate("performance.now = () => window.__now() + 60_000")
    window.page.goto("about:blank")
    events = wait_for(window.page, phone, ("visible", ""))
    (visible,) = (event for event in events if event.name == "visible")
    assert 60 <= visible.value < 600


def test_a_recipient_who_did_not_consent_sees_the_same_page_and_tells_nothing(phone: Phone) -> None:
    campaign = page_campaign(phone.engine, DOCUMENT, size=2, tracked=1)
    window = phone.open(campaign, 1)
    expect(window.page.get_by_role("heading", name="Sale")).to_be_visible()
    window.page.route("https://shop.example/**", lambda route: route.fulfill(body="bought", content_type="text/plain"))
    window.page.get_by_role("link", name="To the shop").click()
    window.page.wait_for_url("https://shop.example/")
    assert not [request for request in window.requests if request.url.endswith("/events")]
    assert spooled_events(phone.settings) == []


@dataclass
class Shop:
    """A page of a marketer's own on another origin, exactly as the docs show it, under the docs' policy."""

    url: str


def block_of(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```\w*\n(.*?)```", DOCS, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def shop(phone: Phone) -> Iterator[Shop]:
    def localised(name: str) -> bytes:
        return block_of(name).replace("https://go.shop.example", phone.url).encode()

    files = {
        "/sale": ("text/html", localised("page")),
        "/shop.js": ("text/javascript", localised("script")),
        "/favicon.ico": ("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    }
    policy = localised("policy").decode().strip()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = files.get(self.path.partition("?")[0], ("text/plain", b""))
            self.send_response(200 if body else 404)
            self.send_header("content-type", kind)
            self.send_header("content-security-policy", f"{policy}; img-src 'self'")
            self.send_header("referrer-policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Shop(f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_the_snippet_of_the_docs_tells_what_a_visitor_does_on_a_page_of_another_origin(phone: Phone, shop: Shop) -> None:
    workspace_id = workspace(phone.engine)
    campaign_id = produced_campaign(phone.engine, workspace_id, 1)
    rebuild_counters(phone.engine, campaign_id)
    name_origins(phone.engine, campaign_id, shop.url, url=f"{shop.url}/sale#top")
    window = phone.window()
    page = window.page
    page.goto(phone.link(PageCampaign(workspace_id, campaign_id, 0)))
    assert page.url == f"{shop.url}/sale#top", "the token is gone, a fragment of the page's own is left"
    wait_for(page, phone, ("view", ""), ("depth", ""))
    page.get_by_role("link", name="Which size?").click()
    page.get_by_label("Your e-mail").fill("zoe@example.com")
    page.get_by_role("button", name="Order").click()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))")
    page.keyboard.press("Control+c")
    assert page.evaluate(STORED) == [0, 0, ""]
    page.get_by_role("button", name="Subscribe").click()
    wanted = [
        ("button", "sizes"),
        ("form_started", "newsletter"),
        ("form_sent", "newsletter"),
        ("copied", ""),
        ("video", "tour"),
    ]
    events = wait_for(page, phone, *wanted, ("conversion", ""))
    (bought,) = (event for event in events if event.name == "conversion")
    assert (bought.order_ref, bought.amount_minor, bought.currency) == ("A-1001", 4_990, "EUR")
    assert "zoe" not in repr(events), "what was typed is nobody's business"
    assert page.context.cookies() == []
    assert window.complaints == []
    shown = figures(phone.engine, phone, workspace_id, campaign_id, "engaged", "clicked", "redeemed", "hit_human")
    assert shown == (1, 1, 0, 1)


def test_a_page_that_nobody_was_sent_to_or_whose_origin_is_not_named_tells_nothing(phone: Phone, shop: Shop) -> None:
    window = phone.window()
    window.page.goto(f"{shop.url}/sale")
    window.page.get_by_role("button", name="Order").click()
    assert not [request for request in window.requests if request.url.endswith("/e")]
    workspace_id = workspace(phone.engine)
    campaign_id = produced_campaign(phone.engine, workspace_id, 1)
    name_origins(phone.engine, campaign_id, "https://other.example", url=f"{shop.url}/sale")
    with window.page.expect_request(lambda request: request.url.endswith("/e")):
        window.page.goto(phone.link(PageCampaign(workspace_id, campaign_id, 0)))
        window.page.get_by_role("button", name="Order").click()
    assert spooled_events(phone.settings) == []
