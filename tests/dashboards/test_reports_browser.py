"""Breakdowns, comparison and trends in a real Chromium: drawn, accessible, on a phone and in French."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.dashboards.chart_scenes import charted_campaign
from tests.dashboards.conftest import WIDE, Served
from tests.dashboards.scenes import eventful_campaign
from tests.factories import contact

PHONE = {"width": 360, "height": 740}
LAPTOP = {"width": 1_280, "height": 800}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_reports_and_their_charts_are_drawn(served: Served, scheme: str) -> None:
    first, second = (
        charted_campaign(served.engine, served.workspace_id),
        eventful_campaign(served.engine, served.workspace_id),
    )
    page = served.open(color_scheme=scheme, viewport=WIDE)
    by, axe = f"/campaigns/cmp_{first}/by", Axe()
    pages = (f"{by}/country", f"{by}/hour", f"{by}/route?from=x", f"/compare?c=cmp_{second}&c=cmp_{first}", "/trends")
    for path in (*pages, "/definitions", "/campaigns"):
        page.goto(path)
        for chart in page.locator(".chart").all():
            chart.scroll_into_view_if_needed()
            expect(chart.locator(".main-svg").first).to_be_attached()
        results = axe.run(page)
        assert results.violations_count == 0, (path, json.dumps(results.response["violations"], indent=1)[:3000])
    assert [one for one in served.complaints if "422" not in one] == []


def test_no_heading_of_a_picture_stands_where_the_picture_does_not(served: Served) -> None:
    campaign_id = charted_campaign(served.engine, served.workspace_id)
    page = served.open(viewport=WIDE)
    for path, parts in (("/trends", 2), (f"/campaigns/cmp_{campaign_id}/by/country", 1)):
        page.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})
        page.goto(path)
        pictures = page.locator(".with-chart:visible")
        expect(pictures).to_have_count(parts)
        page.emulate_media(media="print")
        expect(pictures).to_have_count(0)
        page.emulate_media(media="screen")
        expect(pictures).to_have_count(parts)
        page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        expect(pictures).to_have_count(0)


@pytest.mark.parametrize(("locale", "thousand"), [("en-GB", "1,000"), ("fr-FR", "1\u202f000")])
def test_all_columns_of_the_months_are_seen_on_a_laptop_and_axes_speak_the_readers_language(
    served: Served, locale: str, thousand: str
) -> None:
    eventful_campaign(served.engine, served.workspace_id)
    for i in range(1_100):
        contact(served.engine, served.workspace_id, f"+3363998{i:04d}")
    page = served.open(locale=locale, viewport=LAPTOP)
    page.goto("/trends")
    assert page.locator(".scroll:has(#months)").evaluate("box => box.scrollWidth <= box.clientWidth")
    expect(page.locator(".chart .ytick", has_text=thousand)).to_be_visible()


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
def test_no_report_scrolls_sideways_on_a_phone(served: Served, locale: str) -> None:
    first, second = (
        charted_campaign(served.engine, served.workspace_id),
        eventful_campaign(served.engine, served.workspace_id),
    )
    page = served.open(locale=locale, viewport=PHONE)
    by = f"/campaigns/cmp_{first}/by"
    for path in (
        f"{by}/network",
        f"{by}/hour",
        f"/compare?c=cmp_{second}&c=cmp_{first}",
        "/trends",
        "/definitions",
        "/campaigns",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    assert served.complaints == []


def test_campaigns_are_chosen_in_the_list_without_javascript(served: Served) -> None:
    for name in ("One", "Two"):
        eventful_campaign(served.engine, served.workspace_id, name)
    page = served.open(java_script_enabled=False)
    page.goto("/campaigns")
    page.get_by_role("checkbox", name="Compare One").check()
    page.get_by_role("checkbox", name="Compare Two").check()
    page.get_by_role("button", name="Compare the chosen campaigns").click()
    expect(page.get_by_role("columnheader", name="Two the others are held against it")).to_be_visible()
    expect(page.get_by_role("columnheader", name="One")).to_be_visible()


def test_a_time_is_typed_in_the_workspaces_zone_and_a_mistake_keeps_it(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open()
    page.goto(f"/campaigns/cmp_{campaign_id}/by/country")
    page.get_by_label("From").fill("2026-11-20T10:05")
    page.get_by_role("button", name="Show these messages").click()
    expect(page.get_by_label("From")).to_have_value("2026-11-20T10:05")
    expect(page.get_by_label("From")).to_be_focused()
    expect(page.get_by_label("From")).to_have_accessible_description(re.compile("This is on no quarter of an hour"))
    page.get_by_label("From").fill("2026-11-20T10:15")
    page.get_by_role("button", name="Show these messages").click()
    expect(page.get_by_text("there is nothing to break down")).to_be_visible()
    page.get_by_role("link", name="Show all messages").click()
    expect(page.get_by_role("row", name="France 24")).to_be_visible()
