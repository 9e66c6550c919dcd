"""The pages of breakdowns, comparisons, trends and definitions as they are sent."""

import re
from datetime import UTC, datetime
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, update

from dashboards.definitions import DEFINITIONS
from dashboards.speech import Speech
from dashboards.typed_times import read_times
from linksvc import counters
from linksvc.breakdowns import BREAKDOWNS
from linksvc.cohorts import Cohort
from linksvc.database import writing
from linksvc.models import Campaign
from tests import factories
from tests.dashboards.chart_scenes import charted_campaign
from tests.dashboards.scenes import EXPECTED, eventful_campaign
from tests.dashboards.site import Site, all_rows

PARIS = ZoneInfo("Europe/Paris")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


@pytest.mark.parametrize("by", BREAKDOWNS)
def test_every_number_of_a_breakdown_opens_as_many_rows(site: Site, by: str) -> None:
    site.enter()
    campaign_id = charted_campaign(site.engine, site.workspace_id)
    with writing(site.engine) as session:
        # The scene gives messages their countries and networks after they were counted.
        counters.rebuild(session, campaign_id)
    page = site.client.get(f"/campaigns/cmp_{campaign_id}/by/{by}").text
    table = page[page.index('id="breakdown"') :]
    links = {(path, int(count)) for path, count in re.findall(r'href="([^"]+)" data-count="(\d+)"', table)}
    assert links
    for path, count in sorted(links)[:6]:
        assert all_rows(lambda at: site.client.get(at).text, unescape(path)) == count, path


def test_the_hour_that_comes_twice_has_two_rows(site: Site) -> None:
    site.enter()
    campaign_id = charted_campaign(site.engine, site.workspace_id)
    page = words(site.client.get(f"/campaigns/cmp_{campaign_id}/by/hour?from=2026-10-24T23:00&to=2026-10-25T03:00").text)
    assert "24 Oct 2026, 23:00" in page
    assert "1 of 26" not in page


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong_beside_it(site: Site) -> None:
    site.enter()
    path = f"/campaigns/cmp_{eventful_campaign(site.engine, site.workspace_id)}/by/country"
    answer = site.client.get(path, params={"from": "27/11 <b>", "to": "2026-11-20T10:07"})
    assert answer.status_code == 422
    assert 'value="27/11 &lt;b&gt;"' in answer.text
    assert "This is no date and time" in answer.text
    assert "This is on no quarter of an hour" in answer.text
    assert 'id="breakdown"' not in answer.text
    turned = site.client.get(path, params={"from": "2026-11-20T11:00", "to": "2026-11-20T10:00"})
    assert "This is not after the beginning." in turned.text
    told = site.client.get(path, params={"from": "2026-11-20T09:00:00Z"}).text
    assert 'value="2026-11-20T10:00"' in told


def test_a_night_that_has_an_hour_twice_is_missed_by_no_form() -> None:
    told = read_times({"from": "2026-10-25T02:30", "to": "2026-10-25T02:45"}, PARIS, Speech("en"))
    assert told.cohort == Cohort(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 45, tzinfo=UTC))
    assert read_times({}, PARIS, Speech("en")).cohort is None


def test_a_campaign_without_clicks_has_no_devices_and_says_so(site: Site) -> None:
    site.enter()
    campaign_id = factories.campaign(site.engine, site.workspace_id, destination_url="", text="Bonjour {{ stop }}")
    assert "nobody clicks" in site.client.get(f"/campaigns/cmp_{campaign_id}/by/device").text
    assert "there is nothing to break down" in site.client.get(f"/campaigns/cmp_{campaign_id}/by/route").text
    assert site.client.get(f"/campaigns/cmp_{campaign_id}/by/colour").status_code == 404


def test_campaigns_stand_side_by_side_with_the_average_of_those_before(site: Site) -> None:
    site.enter()
    ids = [eventful_campaign(site.engine, site.workspace_id, name) for name in ("One", "Two", "Three <b>")]
    with writing(site.engine) as session:
        session.exec(update(Campaign).where(col(Campaign.id).in_(ids[:2])).values(state="sent"))
    page = site.client.get("/compare", params={"c": [f"cmp_{ids[2]}", f"cmp_{ids[0]}"]}).text
    told = words(page)
    assert "Three <b>" in told
    assert "Average of the 2 before" in told
    assert "cannot be told 0.0 points" in told
    assert f"{2 * EXPECTED['clicked']} of {2 * EXPECTED['seen']}" in told
    assert f"/campaigns/cmp_{ids[0]}/messages?stage=clicked" in page


def test_what_a_campaign_cannot_have_is_no_rate_of_nought_beside_others(site: Site) -> None:
    site.enter()
    bare = factories.campaign(site.engine, site.workspace_id, destination_url="", text="Bonjour {{ stop }}")
    beside = eventful_campaign(site.engine, site.workspace_id)
    page = site.client.get("/compare", params={"c": [f"cmp_{bare}", f"cmp_{beside}"]}).text
    assert "No offer, so no promo codes." in page
    assert f"{EXPECTED['redeemed']} of {EXPECTED['reached']}" in words(page)


def test_too_many_campaigns_or_none_are_told_in_words(site: Site) -> None:
    site.enter()
    assert "Choose 1 to 6 campaigns" in site.client.get("/compare").text
    ids = [factories.campaign(site.engine, site.workspace_id, name=f"C{n}") for n in range(7)]
    page = site.client.get("/compare", params={"c": [f"cmp_{one}" for one in ids]}).text
    assert "7 campaigns were chosen; 6 stand side by side at most" in page
    assert "C5" in page
    assert "C6" not in page
    theirs = factories.campaign(site.engine, factories.workspace(site.engine, "Elsewhere"))
    assert site.client.get("/compare", params={"c": f"cmp_{theirs}"}).status_code == 404


def test_trends_show_every_month_and_what_each_number_says(site: Site) -> None:
    site.enter()
    assert "Begin with an import" in site.client.get("/trends").text
    site.clock.at = factories.NOW
    eventful_campaign(site.engine, site.workspace_id)
    page = site.client.get("/trends?months=6").text
    told = words(page)
    assert "November 2026 24 0 0 24 14" in told
    assert "June 2026 0 0 0 0 0" in told
    assert "May 2026" not in told
    assert "3 of 8" in told
    assert "as far as is known today" in told
    assert site.client.get("/trends?months=x").status_code == 404


def test_what_every_name_counts_is_told_to_everybody(site: Site) -> None:
    page = site.client.get("/definitions").text
    assert all(f'<div id="{name}">' in page for name in DEFINITIONS)
    french = site.client.get("/definitions", headers={"Accept-Language": "fr"}).text
    assert "Ce que compte chaque nom" in french


@pytest.mark.parametrize("path", ["/compare", "/trends", "/campaigns/cmp_1/by/country"])
def test_reports_are_for_whoever_is_signed_in(site: Site, path: str) -> None:
    assert site.client.get(path).headers["location"].startswith("/sign-in")
