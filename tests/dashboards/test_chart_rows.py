"""Every number of the charts opens exactly so many rows, on both databases, in both zones."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from dashboards.charts.page import Material, make_charts, read_material
from dashboards.charts.shape import Cell, Chart
from dashboards.charts.weeks import CLICKED
from dashboards.speech import Speech
from linksvc.accounts import SignedIn
from linksvc.database import reading
from linksvc.message_filters import MessageFilter
from linksvc.message_totals import count_messages
from linksvc.stages import OCCURRENCES
from linksvc.week_hours import count_hours
from tests import factories
from tests.dashboards.chart_scenes import CLICKS, HOURS, REDEEMED, charted_campaign
from tests.dashboards.scenes import eventful_campaign, new_campaign
from tests.dashboards.site import Site, all_rows

WHO = SignedIn(1, "ana@example.com", "en", 1, "Boutique Lumen", "Europe/Paris", "EUR")
NAMES = (
    *("deliveries", "proofs", "latency", "clicks", "hours", "devices", "verdicts"),
    *("redeeming", "costs", "network", "country", "route"),
)


def numbers_of(charts: tuple[Chart, ...]) -> Iterator[Cell]:
    for chart in charts:
        for cell in (cell for table in chart.tables for row in table.rows for cell in row.cells):
            yield from (cell, *(cell.parts or ()))
        yield from (note.cell for note in chart.notes if note.cell)


def read(engine: Engine, campaign_id: int) -> Material:
    with reading(engine) as session:
        return read_material(session, WHO.workspace_id, campaign_id)


@pytest.mark.parametrize("of_recipients", [False, True])
def test_every_number_of_messages_is_as_many_as_its_filter_finds(engine: Engine, of_recipients: bool) -> None:
    campaign_id = charted_campaign(engine, factories.workspace(engine))
    page = make_charts(read(engine, campaign_id), WHO, Speech("en", WHO.timezone), of_recipients=of_recipients)
    assert tuple(chart.name for chart in page.charts) == NAMES
    assert not [chart.name for chart in page.charts if chart.empty]
    found = {cell.href: cell.value for cell in numbers_of(page.charts) if cell.href}
    assert len(found) > 90
    with reading(engine) as session:
        for href, value in found.items():
            told = dict(parse_qsl(urlsplit(href).query, keep_blank_values=True))
            if told["stage"] not in OCCURRENCES:
                assert count_messages(session, campaign_id, MessageFilter.parse(told)) == value, href


def test_the_counters_tell_what_was_done_hour_by_hour_on_the_night_the_clocks_went_back(engine: Engine) -> None:
    campaign_id = charted_campaign(engine, factories.workspace(engine))
    material = read(engine, campaign_id)
    assert count_hours(material.clicks, ZoneInfo(WHO.timezone)) == HOURS
    assert material.funnel[CLICKED] == len(CLICKS) == sum(HOURS.values())
    assert sum(material.spreads["redeem_delay"].values()) == len(REDEEMED)
    # French and Belgian numbers both live by the clocks of Paris.
    by_recipient = {int(hour): count for (_, hour), count in material.spreads["click_hour"].items()}
    assert by_recipient == HOURS


def test_what_was_sent_costs_what_its_parts_cost(engine: Engine) -> None:
    campaign_id = charted_campaign(engine, factories.workspace(engine))
    page = make_charts(read(engine, campaign_id), WHO, Speech("en", WHO.timezone))
    (costs,) = (chart for chart in page.charts if chart.name == "costs")
    lines = {row.head: row.cells[0].text for row in costs.tables[0].rows}
    assert lines["Net revenue"] == "EUR 70.00"
    assert lines["Cost of sending"] == "EUR 1.18"
    assert lines["Cost a part"] == "EUR 0.0452"
    # 70 less 26 parts at 4.52 cents, over these.
    assert costs.notes[0].words.startswith(
        "Return on investment: 5,856.4\u202f%, that is EUR 68.82 gained on EUR 1.18 spent"
    )


def test_every_number_opens_a_list_of_exactly_that_length(site: Site) -> None:
    campaign_id = charted_campaign(site.engine, site.workspace_id)
    site.enter()
    path = f"/campaigns/cmp_{campaign_id}/charts"
    links = {link for zone in ("", "?zone=recipients") for link in links_of(site.client.get(path + zone).text)}
    assert len(links) > 100
    for href, count in sorted(links):
        assert all_rows(lambda one: site.client.get(one).text, href) == count, href


def links_of(page: str) -> set[tuple[str, int]]:
    found = re.findall(r'<a class="count" href="([^"]+)" data-count="(\d+)"', page)
    return {(html.unescape(href), int(count)) for href, count in found}


def test_a_campaign_of_which_nothing_left_yet_says_so_in_each_chart(engine: Engine) -> None:
    nothing = read(engine, new_campaign(engine, factories.workspace(engine), 3))
    offered = replace(nothing, funnel=replace(nothing.funnel, has_offer=True))
    for material, named in ((nothing, set(NAMES) - {"redeeming"}), (offered, set(NAMES))):
        page = make_charts(material, WHO, Speech("fr", WHO.timezone))
        assert {chart.name for chart in page.charts if chart.empty} == named


def test_a_draft_has_no_charts_at_all(engine: Engine) -> None:
    draft = read(engine, factories.campaign(engine, factories.workspace(engine)))
    assert make_charts(draft, WHO, Speech("en", WHO.timezone)).charts == ()


def test_a_campaign_without_a_link_has_no_charts_of_clicks(engine: Engine) -> None:
    material = read(engine, new_campaign(engine, factories.workspace(engine), 2))
    bare = replace(material, funnel=replace(material.funnel, has_link=False, has_offer=True))
    names = {chart.name for chart in make_charts(bare, WHO, Speech("en", WHO.timezone)).charts}
    assert set(NAMES) - names == {"clicks", "hours", "devices", "verdicts"}


def test_a_script_is_told_401_once_signed_out_and_a_browser_is_led_to_the_door(site: Site) -> None:
    campaign_id = eventful_campaign(site.engine, site.workspace_id)
    path = f"/campaigns/cmp_{campaign_id}/charts"
    assert site.client.get(path).status_code == 401
    led = site.client.get(path, headers={"Sec-Fetch-Dest": "document"})
    assert led.status_code == 303
    assert led.headers["location"].startswith("/sign-in?")
    site.enter()
    assert "<html" not in site.client.get(path).text
    assert "<html" in site.client.get(path, headers={"Sec-Fetch-Dest": "document"}).text
    assert site.client.get("/campaigns/cmp_999/charts").status_code == 404


def test_the_charts_know_two_zones_and_refuse_any_other(site: Site) -> None:
    site.enter()
    path = f"/campaigns/cmp_{charted_campaign(site.engine, site.workspace_id)}/charts"
    told = {zone: site.client.get(f"{path}?zone={zone}") for zone in ("workspace", "recipients", "Mars/Olympus", "")}
    assert [answer.status_code for answer in told.values()] == [200, 200, 404, 404]
    assert site.client.get(path).text == told["workspace"].text != told["recipients"].text
    assert "zone" in told["Mars/Olympus"].text
