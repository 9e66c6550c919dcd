"""The charts in a real Chromium: drawn under the strict policy, by keyboard, on a phone, on paper."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.dashboards.chart_scenes import CLICKS, HOURS, SUBMITTED, charted_campaign
from tests.dashboards.conftest import WIDE, Served
from tests.dashboards.scenes import new_campaign

TABLET = {"width": 700, "height": 900}
"""Wide enough for folded tables."""

DRAWN = ("deliveries", "proofs", "latency", "clicks", "hours", "verdicts", "redeeming")


def charts_of(page: Page, campaign_id: int, count: int = 12) -> None:
    page.goto(f"/campaigns/cmp_{campaign_id}")
    expect(page.locator("#charts > section")).to_have_count(count)


def draw_all(page: Page) -> None:
    """Looks at each picture, which draws it."""
    for name in DRAWN:
        page.locator(f"#chart-{name} .chart").scroll_into_view_if_needed()
        expect(page.locator(f"#chart-{name} .chart .main-svg").first).to_be_attached()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_chart_is_drawn_under_the_strict_policy_and_axe_finds_nothing(served: Served, scheme: str) -> None:
    campaign_id = charted_campaign(served.engine, served.workspace_id)
    page = served.open(viewport=WIDE, color_scheme=scheme)
    charts_of(page, campaign_id)
    draw_all(page)
    expect(page.locator("#chart-proofs .sankey-node")).to_have_count(12)
    expect(page.locator("#chart-hours .scatter .point")).to_have_count(len(HOURS))
    for summary in page.locator("#charts summary").all():
        summary.click()
    results = Axe().run(page)
    assert results.violations_count == 0, json.dumps(results.response["violations"], indent=1)[:3000]
    assert served.complaints == []


def test_a_table_opens_by_the_keyboard_and_its_numbers_lead_to_their_rows(served: Served) -> None:
    campaign_id = charted_campaign(served.engine, served.workspace_id)
    page = served.open(viewport=TABLET)
    charts_of(page, campaign_id)
    page.locator("#fold-proofs-1 summary").focus()
    page.keyboard.press("Enter")
    contradicted = page.locator("#rows-proofs-1 td", has_text="Contradicts the receipt").first
    expect(contradicted).to_be_visible()
    count = contradicted.locator("a").get_attribute("data-count")
    contradicted.locator("a").click()
    expect(page.locator("tbody tr")).to_have_count(int(count or 0))
    page.go_back()
    submitted = page.locator("#rows-deliveries-1 .sum a").first
    expect(submitted).to_have_attribute("data-count", str(SUBMITTED))


def test_the_map_is_told_in_the_hours_of_the_recipients_without_a_reload(served: Served) -> None:
    campaign_id = charted_campaign(served.engine, served.workspace_id)
    page = served.open(viewport=TABLET)
    charts_of(page, campaign_id)
    page.locator("#fold-hours-1 summary").click()
    expect(page.locator("#notes-hours")).to_contain_text("On 25 October 2026 the clocks of Europe/Paris went back")
    page.get_by_role("link", name="Recipients’ hours").click()
    expect(page.locator("#lead-hours")).to_contain_text("where each of them is")
    expect(page.locator("#rows-hours-1 .sum a").last).to_have_attribute("href", re.compile("by=click_hour"))
    expect(page.locator("#rows-hours-1 .sum a").last).to_have_text(str(len(CLICKS)))
    page.get_by_role("link", name="Hours of Europe/Paris").click()
    expect(page.locator("#rows-hours-1 .sum a").last).to_have_attribute("href", re.compile("by=zone_hour"))


def test_on_a_phone_the_tables_stand_open_and_nothing_scrolls_sideways(served: Served) -> None:
    campaign_id = charted_campaign(served.engine, served.workspace_id)
    fetched: list[str] = []
    page = served.open(viewport={"width": 360, "height": 740}, locale="fr-FR")
    page.on("request", lambda request: fetched.append(request.url))
    charts_of(page, campaign_id)
    for name in DRAWN:
        page.locator(f"#chart-{name}").scroll_into_view_if_needed()
        expect(page.locator(f"#rows-{name}-1")).to_be_visible()
        expect(page.locator(f"#chart-{name} .chart")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not [url for url in fetched if "plotly" in url]


def test_on_paper_stand_the_tables(served: Served) -> None:
    campaign_id = charted_campaign(served.engine, served.workspace_id)
    page = served.open(viewport=TABLET)
    charts_of(page, campaign_id)
    expect(page.locator("#rows-clicks-1")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator("#rows-clicks-1")).to_be_visible()
    expect(page.locator("#chart-clicks .chart")).to_be_hidden()


def test_without_javascript_a_link_leads_to_the_charts(served: Served) -> None:
    campaign_id = charted_campaign(served.engine, served.workspace_id)
    page = served.open(java_script_enabled=False, viewport=TABLET)
    page.goto(f"/campaigns/cmp_{campaign_id}")
    page.get_by_role("link", name="In detail").click()
    expect(page.locator("#rows-clicks-1")).to_be_visible()
    expect(page.locator("#chart-clicks .chart")).to_be_hidden()
    page.get_by_role("link", name="Recipients’ hours").click()
    expect(page.locator("#lead-hours")).to_contain_text("where each of them is")


def test_a_campaign_of_which_nothing_left_says_it_in_words_and_draws_no_axes(served: Served) -> None:
    campaign_id = new_campaign(served.engine, served.workspace_id, 3)
    page = served.open(viewport=WIDE)
    # It has no offer: nothing is said of the time to redeem.
    charts_of(page, campaign_id, 11)
    expect(page.locator("#charts .empty")).to_have_count(11)
    expect(page.locator("#charts .chart")).to_have_count(0)
    assert served.complaints == []
