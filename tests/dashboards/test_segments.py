"""Keeping the people behind a number, sending to them again, and the pages of segments."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlmodel import Session, col, select

from linksvc.database import reading, writing
from linksvc.message_filters import MessageFilter
from linksvc.models import Campaign, Segment, SegmentMember
from linksvc.segments import keep_segment
from linksvc.standing_campaigns import SINGLE
from tests import factories
from tests.dashboards.conftest import Served
from tests.dashboards.scenes import EXPECTED, eventful_campaign, new_campaign
from tests.dashboards.site import Site, all_rows, read_token
from tests.factories import NOW

UNCLICKED = "stage=reached&not=clicked"


def post(site: Site, path: str, **form: str) -> Any:
    token = read_token(site.client.get("/segments").text)
    return site.client.post(path, data={"csrf_token": token, **form})


def segments(session: Session) -> list[tuple[str, int]]:
    return list(session.exec(select(Segment.name, Segment.contacts).order_by(col(Segment.id))))


def kept(site: Site, campaign_id: int, name: str = "Kept", chosen: MessageFilter | None = None) -> int:
    with writing(site.engine) as session:
        return keep_segment(session, site.workspace_id, campaign_id, chosen or MessageFilter(), name, NOW).id


def test_the_rows_behind_a_number_are_kept_as_a_segment_of_as_many_people(site_on_both: Site) -> None:
    site = site_on_both
    campaign_id = eventful_campaign(site.engine, site.workspace_id)
    site.enter()
    rows = site.client.get(f"/campaigns/cmp_{campaign_id}/messages?stage=delivered").text
    assert f'action="/campaigns/cmp_{campaign_id}/segments"' in rows
    assert f"Send to these {EXPECTED['delivered']} people" in rows
    answer = post(site, f"/campaigns/cmp_{campaign_id}/segments", filter="stage=delivered", segment_name=" Got it ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/segments/seg_1?kept")
    page = site.client.get("/segments/seg_1?kept").text
    assert "The segment was kept." in page
    assert "9 people" in page
    assert all_rows(lambda path: site.client.get(path).text, "/segments/seg_1") == EXPECTED["delivered"]
    listed = site.client.get("/segments").text
    assert '<a href="/segments/seg_1">Got it</a>' in listed
    with reading(site.engine) as session:
        assert segments(session) == [("Got it", 9)]


def test_a_draft_to_these_people_leaves_out_what_was_ticked(site_on_both: Site) -> None:
    site = site_on_both
    campaign_id = eventful_campaign(site.engine, site.workspace_id)
    site.enter()
    form = {"filter": UNCLICKED, "campaign_name": "Rappel", "leave_clicked": "on", "leave_redeemed": "on"}
    answer = post(site, f"/campaigns/cmp_{campaign_id}/follow-ups", **form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/campaigns/cmp_{campaign_id + 1}")
    assert post(site, f"/campaigns/cmp_{campaign_id}/follow-ups", **form).headers["location"] == answer.headers["location"]
    with reading(site.engine) as session:
        made = session.get_one(Campaign, campaign_id + 1)
        assert (made.name, made.state, made.parent_id) == ("Rappel", "draft", campaign_id)
        assert made.leave_out == "clicked redeemed"
        assert segments(session) == [("Rappel", EXPECTED["reached"] - EXPECTED["clicked"])]
    page = site.client.get(answer.headers["location"]).text
    assert '<a href="/segments/seg_1">Rappel, 7 people</a>' in page
    assert f'<a href="/campaigns/cmp_{campaign_id}">Black Friday VIP</a>' in page
    assert "clicked, redeemed the code" in page


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("segments", {"segment_name": " "}, "A name of 1 to 120 characters"),
        ("segments", {"segment_name": "Kept"}, "There is a segment of this name already."),
        ("segments", {"segment_name": "x", "filter": "stage=paid"}, "Nobody stands behind this number any more."),
        ("follow-ups", {"campaign_name": ""}, "A name of 1 to 120 characters"),
        ("follow-ups", {"campaign_name": "x", "filter": "stage=paid"}, "Nobody stands behind this number any more."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    site: Site, path: str, form: dict[str, str], words: str
) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 3)
    kept(site, campaign_id)
    site.enter()
    sent = {"filter": "stage=produced&not=clicked", "leave_replied": "on"} | form
    answer = post(site, f"/campaigns/cmp_{campaign_id}/{path}", **sent)
    assert answer.status_code in (409, 422)
    field = next(iter(form))
    assert re.search(rf'id="{field}-error">[^<]*{re.escape(words)}', answer.text)
    assert f'value="{form[field]}"' in answer.text
    assert re.search(r'name="leave_replied" value="on" checked', answer.text)
    assert 'name="leave_clicked" value="on">' in answer.text
    with reading(site.engine) as session:
        assert segments(session) == [("Kept", 3)]


def test_an_offer_that_has_ended_is_told_in_the_readers_language(site: Site) -> None:
    offer_id = factories.offer(site.engine, site.workspace_id, ends_at=NOW)
    text = "{{ link }} {{ code }} {{ stop }}"
    campaign_id = factories.produced_campaign(site.engine, site.workspace_id, 1, offer_id=offer_id, text=text)
    site.enter()
    site.client.headers["Accept-Language"] = "fr"
    form = {"filter": "stage=produced", "campaign_name": "Rappel"}
    assert "L’offre de la campagne est terminée." in post(site, f"/campaigns/cmp_{campaign_id}/follow-ups", **form).text


def test_single_messages_can_be_kept_and_not_sent_again(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 2)
    with writing(site.engine) as session:
        session.get_one(Campaign, campaign_id).kind = SINGLE
    site.enter()
    rows = site.client.get(f"/campaigns/cmp_{campaign_id}/messages").text
    assert "Keep as a segment" in rows
    assert "/follow-ups" not in rows


def test_the_forms_are_ours_alone_and_of_our_workspace_alone(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 2)
    other = factories.workspace(site.engine, "Autre")
    foreign = new_campaign(site.engine, other, 2)
    with writing(site.engine) as session:
        strange = keep_segment(session, other, foreign, MessageFilter(), "Autre", NOW).id
    form = {"filter": "stage=produced", "segment_name": "x", "campaign_name": "x"}
    mine = kept(site, campaign_id)
    for path in (f"/campaigns/cmp_{campaign_id}/segments", f"/campaigns/cmp_{campaign_id}/follow-ups"):
        assert site.client.post(path, data=form).status_code == 403
    site.enter()
    for path in ("segments", "follow-ups"):
        assert site.client.post(f"/campaigns/cmp_{campaign_id}/{path}", data=form).status_code == 403
        assert post(site, f"/campaigns/cmp_{foreign}/{path}", **form).status_code == 404
        assert post(site, f"/campaigns/cmp_{campaign_id}/{path}", **form | {"filter": "stage=nothing"}).status_code == 400
    assert site.client.get(f"/segments/seg_{strange}").status_code == 404
    for act in ("rename", "delete"):
        assert post(site, f"/segments/seg_{strange}/{act}", segment_name="y").status_code == 404
        assert site.client.post(f"/segments/seg_{mine}/{act}", data={"segment_name": "y"}).status_code == 403
    for wrong in ("before=x", "before=-1"):
        assert site.client.get(f"/segments?{wrong}").status_code == 404
    with reading(site.engine) as session:
        assert segments(session) == [("Autre", 2), ("Kept", 2)]


def test_who_is_signed_out_is_led_to_the_door_and_back_to_the_rows(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 2)
    token = read_token(site.client.get("/sign-in").text)
    form = {"csrf_token": token, "filter": UNCLICKED, "segment_name": "x"}
    answer = site.client.post(f"/campaigns/cmp_{campaign_id}/segments", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?")
    assert site.client.get("/segments").headers["location"].startswith("/sign-in")


def test_a_segment_is_renamed_and_deleted_while_nothing_is_sent_to_it(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 3)
    segment_id, _ = kept(site, campaign_id), kept(site, campaign_id, "Taken")
    site.enter()
    path = f"/segments/seg_{segment_id}"
    taken = post(site, f"{path}/rename", segment_name="Taken")
    assert (taken.status_code, "There is a segment of this name already." in taken.text) == (409, True)
    assert post(site, f"{path}/rename", segment_name="Renamed").headers["location"] == path
    assert "<h1>Renamed</h1>" in site.client.get(path).text
    assert "Produced" in site.client.get(path).text
    post(site, f"/campaigns/cmp_{campaign_id}/follow-ups", filter="stage=produced", campaign_name="Rappel")
    with reading(site.engine) as session:
        used = session.exec(select(Segment.id).where(Segment.name == "Rappel")).one()
    page = site.client.get(f"/segments/seg_{used}").text
    assert f'href="/campaigns/cmp_{campaign_id + 1}"' in page
    assert "/delete" not in page
    assert post(site, f"/segments/seg_{used}/delete").headers["location"] == f"/segments/seg_{used}"
    assert post(site, f"{path}/delete").headers["location"] == "/segments?deleted"
    listed = site.client.get("/segments?deleted").text
    assert "The segment was deleted." in listed
    assert "Renamed" not in listed
    with reading(site.engine) as session:
        assert session.exec(select(SegmentMember).where(SegmentMember.segment_id == segment_id)).all() == []


def test_segments_and_their_people_go_on_page_by_page(site: Site) -> None:
    campaign_id = factories.produced_campaign(site.engine, site.workspace_id, 120)
    for i in range(52):
        kept(site, campaign_id, f"S{i}")
    site.enter()
    assert all_rows(lambda path: site.client.get(path).text, "/segments/seg_1") == 120
    first = site.client.get("/segments").text
    assert first.count('<tr>\n<th scope="row">') == 50
    assert 'href="/segments?before=3"' in first
    assert site.client.get("/segments?before=3").text.count('<tr>\n<th scope="row">') == 2


def test_no_segment_yet_is_said_in_words_in_both_languages(site: Site) -> None:
    site.enter()
    assert "No segment yet" in site.client.get("/segments").text
    site.client.headers["Accept-Language"] = "fr"
    assert "Aucun segment pour l’instant" in site.client.get("/segments").text


def test_a_marketer_keeps_people_and_sends_to_them_in_a_browser(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open()
    page.goto(f"/campaigns/cmp_{campaign_id}")
    page.locator("a[data-stage=delivered]").first.click()
    page.get_by_role("button", name="Keep as a segment").click()
    expect(page.get_by_label("Name of the segment")).to_be_focused()
    expect(page.locator("#segment_name-error")).to_contain_text("A name of 1 to 120 characters")
    page.get_by_label("Name of the segment").fill("Got it")
    page.get_by_role("button", name="Keep as a segment").click()
    expect(page.get_by_role("status")).to_contain_text("The segment was kept.")
    expect(page.locator("tbody tr")).to_have_count(EXPECTED["delivered"])
    page.get_by_role("link", name="these rows as they are now").click()
    expect(page.locator("tbody tr")).to_have_count(EXPECTED["delivered"])
    page.get_by_label("Name of the new campaign").fill("Reminder")
    page.get_by_label("redeemed the code").check()
    page.get_by_role("button", name=f"Send to these {EXPECTED['delivered']} people").click()
    expect(page.get_by_role("heading", name="Reminder")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Name of the new campaign")).to_be_visible()
    page.get_by_role("link", name="Segments", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(2)
    with reading(served.engine) as session:
        made = session.exec(select(Campaign).where(Campaign.name == "Reminder")).one()
        assert (made.parent_id, made.leave_out, made.state) == (campaign_id, "redeemed", "draft")
    assert [one for one in served.complaints if "422" not in one] == []


def test_the_forms_and_the_pages_of_segments_have_no_accessibility_violation_and_fit_a_phone(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    with writing(served.engine) as session:
        keep_segment(session, served.workspace_id, campaign_id, MessageFilter("delivered"), "W" * 60, NOW)
    page = served.open(viewport={"width": 320, "height": 800})
    for path in ("/segments", "/segments/seg_1", f"/campaigns/cmp_{campaign_id}/messages?stage=delivered"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        results = Axe().run(page)
        assert results.violations_count == 0, (path, results.generate_report())
    page.get_by_role("button", name="Keep as a segment").click()
    expect(page.locator("#segment_name-error")).to_be_visible()
    assert Axe().run(page).violations_count == 0
