"""The report in one file: opened in a real Chromium without a network, it shows what the page of its campaign does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from sqlmodel import col, update

from dashboards.report_page import write_report
from linksvc import counters
from linksvc.database import open_engine, reading, writing
from linksvc.errors import NotFound
from linksvc.models import Message
from tests import factories
from tests.chromium import open_window
from tests.dashboards.chart_scenes import HOURS, SUBMITTED, charted_campaign
from tests.dashboards.conftest import WIDE
from tests.dashboards.scenes import EXPECTED, eventful_campaign, new_campaign
from tests.dashboards.test_charts_browser import DRAWN
from tests.factories import NOW

INLINED = re.compile(r"<(script|style)>(.*?)</\1>", re.S)


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


class Report:
    """A report as a file in a browser that has no network; `complaints` is what the browser says against it."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser, self._file = browser, folder / "report.html"
        self.complaints: list[str] = []
        self.fetched: list[str] = []

    def open(self, html: str, scheme: str = "light") -> Page:
        self._file.write_text(html)
        options: dict[str, Any] = {"offline": True, "viewport": WIDE, "color_scheme": scheme}
        context = self._browser.new_context(**options)
        page = open_window(context)
        page.on("request", lambda request: self.fetched.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.goto(self._file.as_uri())
        return page

    def check(self) -> None:
        """It asked for nothing but itself, and nothing went wrong in it."""
        assert self.fetched == [self._file.as_uri()]
        assert self.complaints == []


@pytest.fixture
def report(browser: Browser, tmp_path: Path) -> Iterator[Report]:
    before = set(browser.contexts)
    yield Report(browser, tmp_path)
    for context in set(browser.contexts) - before:
        context.close()


def write(engine: Engine, workspace_id: int, campaign_id: int, language: str = "en") -> str:
    with reading(engine) as session:
        return write_report(session, workspace_id, campaign_id, "fr" if language == "fr" else "en", NOW)


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fr", "dark")])
def test_a_report_draws_every_chart_from_its_file_alone(sqlite: Engine, report: Report, language: str, scheme: str) -> None:
    workspace_id = factories.workspace(sqlite)
    page = report.open(write(sqlite, workspace_id, charted_campaign(sqlite, workspace_id), language), scheme)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("h1")).to_contain_text("Nuit blanche")
    for chart in ("#picture", *(f"#chart-{name}" for name in DRAWN)):
        page.locator(f"{chart} .chart").scroll_into_view_if_needed()
        expect(page.locator(f"{chart} .chart .main-svg").first).to_be_attached()
    expect(page.locator("#chart-hours .scatter .point")).to_have_count(len(HOURS))
    expect(page.locator("#chart-proofs .sankey-node")).to_have_count(12)
    for summary in page.locator("summary").all():
        summary.click()
    for name in DRAWN:
        expect(page.locator(f"#rows-{name}-1")).to_be_visible()
    expect(page.locator("#rows-deliveries-1 .sum .count").first).to_have_text(str(SUBMITTED))
    expect(page.locator("#content a, #content nav, [data-charts]")).to_have_count(0)
    results = Axe().run(page)
    assert results.violations_count == 0, json.dumps(results.response["violations"], indent=1)[:3000]
    report.check()


def test_a_report_tells_the_figures_of_its_campaign_on_paper_too(sqlite: Engine, report: Report) -> None:
    workspace_id = factories.workspace(sqlite)
    page = report.open(write(sqlite, workspace_id, eventful_campaign(sqlite, workspace_id)))
    counts = page.locator("#picture tbody td:nth-of-type(1)")
    steps = ("produced", "submitted", "delivered", "reached", "clicked", "engaged", "redeemed", "redeemed_unclicked", "paid")
    expect(counts).to_have_text([str(EXPECTED[step]) for step in steps])
    page.emulate_media(media="print")
    expect(page.locator("#picture table")).to_be_visible()
    expect(page.locator("#rows-deliveries-1")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(media="screen")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    report.check()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_report_tells_what_the_page_tells_and_what_its_names_mean(sqlite: Engine, report: Report, language: str) -> None:
    workspace_id = factories.workspace(sqlite)
    page = report.open(write(sqlite, workspace_id, eventful_campaign(sqlite, workspace_id), language))
    expect(page.locator("#tile-clicked .interval")).to_have_text(re.compile(r"^\(13[.,]7–69[.,]4\)$"))
    for stage in ("failed", "expired", "opted_out"):
        expect(page.locator(f"#exit-{stage} .count").first).to_have_text(str(EXPECTED[stage]))
    expect(page.locator("#unseen .count").first).to_have_text(str(EXPECTED["reached"] - EXPECTED["seen"]))
    for total in ("produced", "submitted"):
        parts = page.locator(f"#ledger-{total} [id^=part-{total}] .count").all_inner_texts()
        assert sum(map(int, parts)) == EXPECTED[total] == int(page.locator(f"#total-{total}").inner_text())
    places = {(round(box["x"]), round(box["y"])) for tile in page.locator(".tile").all() if (box := tile.bounding_box())}
    assert len({x for x, _ in places}) > 1, "tiles stand side by side"
    assert len({y for _, y in places}) > 1
    for name in ("produced", "delivered", "clicked", "late_clicked"):
        expect(page.locator(f".meanings #{name} dd")).to_be_visible()
    page.locator("#tile-clicked").locator("..").locator("button").hover()
    expect(page.locator("#means-tile-clicked")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#means-tile-clicked")).to_be_hidden()
    report.check()


def test_a_report_tells_variants_where_there_are_several_and_nothing_of_a_single_one(sqlite: Engine, report: Report) -> None:
    workspace_id = factories.workspace(sqlite)
    campaign_id = new_campaign(sqlite, workspace_id, 5)
    page = report.open(write(sqlite, workspace_id, campaign_id))
    expect(page.locator("#chart-deliveries")).to_be_visible()
    expect(page.locator("#by-1")).to_have_count(0)
    with writing(sqlite) as session:
        session.exec(update(Message).where(col(Message.campaign_id) == campaign_id, col(Message.n) < 2).values(variant="A"))
        session.exec(update(Message).where(col(Message.campaign_id) == campaign_id, col(Message.n) >= 2).values(variant="B"))
        counters.rebuild(session, campaign_id)
    page.goto("about:blank")
    page = report.open(write(sqlite, workspace_id, campaign_id))
    expect(page.locator("#by-1 h2")).to_have_text("By variant")
    expect(page.locator("#rows-by-1 tbody th")).to_have_text(["B", "A", "Total"])
    expect(page.locator("#rows-by-1 tbody td:nth-of-type(1)")).to_have_text(["3", "2", "5"])
    expect(page.locator("#by-2")).to_have_count(0)
    assert report.complaints == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_report_of_a_campaign_that_was_not_sent_says_so(sqlite: Engine, report: Report, language: str) -> None:
    workspace_id = factories.workspace(sqlite)
    campaigns = factories.campaign(sqlite, workspace_id), new_campaign(sqlite, workspace_id, 3)
    for campaign_id in campaigns:
        page = report.open(write(sqlite, workspace_id, campaign_id, language))
        expect(page.locator(".empty").first).to_be_visible()
        assert not re.search(r"above|ci-dessus", page.locator(".empty").first.inner_text())
        assert report.complaints == []


def test_nothing_inlined_ends_its_element_early(sqlite: Engine) -> None:
    workspace_id = factories.workspace(sqlite)
    html = write(sqlite, workspace_id, charted_campaign(sqlite, workspace_id))
    inlined = INLINED.findall(html)
    assert [kind for kind, _ in inlined] == ["style", "style", "script", "script", "script"]
    assert (html.lower().count("</script"), html.lower().count("</style")) == (3, 2)
    # What an old comment opens lets a script swallow its own end.
    assert not any("<!--" in content for kind, content in inlined if kind == "script")


def test_a_report_holds_a_hostile_name_as_text_and_nobody(sqlite: Engine, report: Report) -> None:
    workspace_id = factories.workspace(sqlite)
    name = "</main></script><script>alert(1)</script><a href=x>"
    html = write(sqlite, workspace_id, eventful_campaign(sqlite, workspace_id, name))
    page = report.open(html)
    expect(page.locator("h1")).to_contain_text(name)
    expect(page.locator("a[href]")).to_have_count(0)
    content = html.partition("</main>")[0]
    assert not re.search(r"\+33\d", content)
    report.check()


def test_a_report_is_the_same_whatever_the_database(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    elsewhere = factories.workspace(engine, "Elsewhere")
    campaign_id = eventful_campaign(engine, workspace_id)
    assert f">{EXPECTED['delivered']}<" in write(engine, workspace_id, campaign_id)
    with pytest.raises(NotFound):
        write(engine, elsewhere, campaign_id)
