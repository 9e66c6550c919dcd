"""Pausing, resuming and cancelling on a campaign's page, and what it says of messages that are held back."""

from datetime import UTC, datetime

from linksvc.database import reading, writing
from linksvc.models import Campaign, SendBatch
from tests import factories
from tests.dashboards.scenes import new_campaign
from tests.dashboards.site import Site, read_token


def press(site: Site, campaign_id: int, wish: str) -> str:
    """Sends the page's form and returns the page that follows."""
    path = f"/campaigns/cmp_{campaign_id}"
    page = site.client.get(path).text
    assert f'action="{path}/{wish}"' in page
    answer = site.client.post(f"{path}/{wish}", data={"csrf_token": read_token(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    return site.client.get(path).text


def test_a_campaign_is_paused_resumed_and_cancelled_on_its_page(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 3)
    site.enter()
    assert '<span class="state paused">paused</span>' in press(site, campaign_id, "pause")
    assert "paused" in site.client.get("/campaigns").text
    assert '<span class="state sending">' in press(site, campaign_id, "resume")
    cancelled = press(site, campaign_id, "cancel")
    assert '<span class="state cancelling">being cancelled</span>' in cancelled
    assert "/pause" not in cancelled
    with reading(site.engine) as session:
        assert session.get_one(Campaign, campaign_id).cancelled_at is not None


def test_the_live_figures_carry_the_same_forms(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 3)
    site.enter()
    page = site.client.get(f"/campaigns/cmp_{campaign_id}").text
    figures = site.client.get(f"/campaigns/cmp_{campaign_id}/figures").text
    assert read_token(figures) == read_token(page)


def test_nobody_pauses_without_the_pages_own_form_nor_a_strangers_campaign(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 3)
    other = new_campaign(site.engine, factories.workspace(site.engine, "Autre"), 3)
    site.enter()
    assert site.client.post(f"/campaigns/cmp_{campaign_id}/pause").status_code == 403
    token = read_token(site.client.get("/campaigns").text)
    assert site.client.post(f"/campaigns/cmp_{other}/pause", data={"csrf_token": token}).status_code == 404
    with reading(site.engine) as session:
        assert [session.get_one(Campaign, id).paused_at for id in (campaign_id, other)] == [None, None]


def test_a_wish_that_comes_too_late_leads_back_to_the_page(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 1)
    with writing(site.engine) as session:
        session.get_one(Campaign, campaign_id).state = "sent"
    site.enter()
    page = site.client.get(f"/campaigns/cmp_{campaign_id}").text
    assert "/pause" not in page
    token = read_token(page)
    assert site.client.post(f"/campaigns/cmp_{campaign_id}/pause", data={"csrf_token": token}).status_code == 303


def test_a_draft_and_what_was_cancelled_are_shown_without_buttons(site: Site) -> None:
    draft = factories.campaign(site.engine, site.workspace_id)
    gone = factories.campaign(site.engine, site.workspace_id, state="cancelled", finished_at=factories.NOW)
    site.enter()
    for campaign_id in (draft, gone):
        assert 'class="step-button"' not in site.client.get(f"/campaigns/cmp_{campaign_id}").text
    assert "ended 20 Nov 2026" in site.client.get(f"/campaigns/cmp_{gone}").text


def test_a_scheduled_campaign_says_when_it_begins(site: Site) -> None:
    at = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
    fixed = {"state": "scheduled", "send_at": at, "send_local": "2026-11-27T10:00:00"}
    here = factories.campaign(site.engine, site.workspace_id, send_timezone="Europe/Paris", **fixed)
    everywhere = factories.campaign(site.engine, site.workspace_id, send_timezone="recipient", **fixed)
    site.enter()
    assert "begins 27 Nov 2026, 10:00" in site.client.get(f"/campaigns/cmp_{here}").text
    page = site.client.get(f"/campaigns/cmp_{everywhere}").text
    assert "at 27 Nov 2026, 10:00 in each recipient’s own time zone" in page


def test_the_page_says_why_messages_are_held_back_and_until_when(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 3)
    with writing(site.engine) as session:
        session.exec(SendBatch.__table__.delete())
        until = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
        session.add(SendBatch(campaign_id=campaign_id, first_n=0, size=2, country="FR", due_at=until, reason="holiday"))
    site.enter()
    page = site.client.get(f"/campaigns/cmp_{campaign_id}").text
    assert "2 messages are held back" in page
    assert "2 to FR: a holiday there, until 23 Nov 2026, 08:00" in page
