"""The page of rows behind any figure: which rows they are, why there are none, and the files."""

import csv
import io

import httpx2
import pytest
from sqlmodel import select

from dashboards import rows
from linksvc.database import reading
from linksvc.models import Message
from tests import factories
from tests.dashboards.conftest import Served
from tests.dashboards.scenes import eventful_campaign, new_campaign
from tests.dashboards.site import Site, all_rows
from tests.linksvc.test_row_files import failing_after

NARROWED = {
    "stage=reached&not=clicked": (7, "Not: Clicked"),
    "stage=delivered&by=country&value=FR": (9, "Country: France"),
    "stage=clicked&by=device&value=": (3, "Device of the first click: not known"),
    "stage=submitted&by=proof&value=clicked,redeemed": (5, "What the recipient did: Clicked, Code used, no click seen"),
    "stage=clicked&by=click_delay&value=180": (2, "From the receipt to the click: 3 min – 5 min"),
    "stage=submitted&from=2026-11-20T09:00:00Z&to=2026-11-20T09:15:00Z": (14, "Submitted from 20 Nov 2026, 10:00"),
    "stage=redeemed&at_from=2026-11-20T09:00:00Z": (3, "Came about from 20 Nov 2026, 10:00 on"),
    "stage=hit_machine&by=reason&value=preview": (1, "Reason of the verdict: preview of a messaging app"),
    "stage=redemption&by=country&value=FR": (4, "Country: France"),
}


def test_a_list_says_which_rows_it_shows_and_shows_as_many(site_on_both: Site) -> None:
    site = site_on_both
    campaign_id = eventful_campaign(site.engine, site.workspace_id)
    site.enter()
    for query, (count, words) in NARROWED.items():
        path = f"/campaigns/cmp_{campaign_id}/messages?{query}"
        page = site.client.get(path).text
        assert words in page, query
        assert all_rows(lambda path: site.client.get(path).text, path) == count, query
        data = site.client.get(path.replace("/messages?", "/messages.csv?"))
        assert len(list(csv.DictReader(io.StringIO(data.content.decode("utf-8-sig"))))) == count, query
        french = site.client.get(path, headers={"accept-language": "fr"})
        assert french.status_code == 200


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("stage=opened", "stage"),
        ("not=opened", "not"),
        ("by=shoe&value=42", "by"),
        ("by=route&value=x", "value"),
        ("by=country&value=%00", "value"),
        ("by=hour&value=9999-12-31T23:59:00Z", "value"),
        ("by=cause&value=" + ",".join(map(str, range(300))), "value"),
        ("from=yesterday", "from"),
        ("from=2026-11-20T09:07:00Z", "from"),
        ("at_to=0001-01-01T00:00:00%2B05:00", "at_to"),
        ("stage=redemption&not=clicked", "not"),
        ("stage=redemption&by=reason&value=x", "by"),
    ],
)
def test_what_does_not_exist_is_told_with_its_part_of_the_address(site: Site, query: str, part: str) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 1)
    site.enter()
    for ending in ("", ".csv", ".xlsx"):
        answer = site.client.get(f"/campaigns/cmp_{campaign_id}/messages{ending}?{query}")
        assert answer.status_code == 404, query
        assert f"“{part}”" in answer.text, query


def test_an_empty_list_says_why(site: Site) -> None:
    unsent = factories.campaign(site.engine, site.workspace_id)
    bare = new_campaign(site.engine, site.workspace_id, 1)
    campaign_id = eventful_campaign(site.engine, site.workspace_id)
    site.enter()
    for number, query, words in (
        (unsent, "stage=clicked", "the campaign was not sent"),
        (campaign_id, "stage=clicked&by=country&value=DE", "none that fits all of this"),
        (bare, "stage=redeemed", "The campaign has no offer"),
        (campaign_id, "stage=held", "No row stands behind this figure yet"),
        (campaign_id, "stage=late_void", "Nothing came later than 7 days"),
        (campaign_id, "stage=produced&after=500", "Nothing follows here any more"),
    ):
        page = site.client.get(f"/campaigns/cmp_{number}/messages?{query}").text
        assert words in page, query
        assert "<tbody>" not in page


def test_a_list_is_taken_away_as_a_file_by_its_buttons(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open()
    page.goto(f"/campaigns/cmp_{campaign_id}/messages?stage=reached&not=clicked")
    for label, ending in (("CSV", "csv"), ("Excel", "xlsx")):
        with page.expect_download() as begun:
            page.get_by_role("link", name=label, exact=True).click()
        assert begun.value.suggested_filename == f"messages-cmp_{campaign_id}-reached.{ending}"
        content = begun.value.path().read_bytes()
        assert content.startswith(b"PK" if ending == "xlsx" else b"\xef\xbb\xbfn,number")
    assert served.complaints == []


def test_a_file_that_breaks_off_is_not_taken_for_whole(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linksvc.row_sheets._PIECE_ROWS", 2)
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open()
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    address = f"{served.url}/campaigns/cmp_{campaign_id}/messages.csv"
    with failing_after(served.engine, 2), pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(address, cookies=cookies)
    with reading(served.engine) as session:
        assert len(session.exec(select(Message.n)).all()) == httpx2.get(address, cookies=cookies).text.count("\n") - 1


def test_of_very_many_rows_it_is_told_which_file_to_take(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/campaigns/cmp_{eventful_campaign(site.engine, site.workspace_id)}/messages?stage=produced"
    site.enter()
    assert "best taken as CSV" not in site.client.get(path).text
    monkeypatch.setattr(rows, "MANY_ROWS", 3)
    assert "1,048,576 rows it goes on in a second sheet" in site.client.get(path).text
