"""Sending a draft from its own page: what is reviewed is what leaves, once, and by nobody but who may."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import Engine
from sqlmodel import col, func, select, update

from linksvc.audiences import count_audience
from linksvc.cost_estimates import estimate_cost
from linksvc.database import reading, writing
from linksvc.keys import Keyring
from linksvc.models import Campaign, Contact, Message, Suppression, Workspace
from linksvc.production import produce_batch
from linksvc.route_prices import Price, PriceLine, set_price
from tests import factories
from tests.dashboards.conftest import Served
from tests.dashboards.scenes import new_campaign
from tests.dashboards.site import Site, read_token
from tests.factories import NOW

TEXT = "{{ first_name }}, 10 % : {{ link }} {{ stop }}"


def people(engine: Engine, workspace_id: int) -> None:
    """Seven people: two may not be sent to, two share a number."""
    for place in range(4):
        factories.contact(engine, workspace_id, f"+3363998000{place}")
    factories.contact(engine, workspace_id, "+33639980003", identity="x:7", external_id="7")
    factories.contact(engine, workspace_id, "+33639980005", marketing_consent_at=None)
    factories.contact(engine, workspace_id, "+33639980006")
    stop = Suppression(workspace_id=workspace_id, number="+33639980006", reason="stop", occurred_at=NOW, recorded_at=NOW)
    with writing(engine) as session:
        session.add(stop)


def draft(site: Site, **fields: object) -> int:
    people(site.engine, site.workspace_id)
    return factories.campaign(site.engine, site.workspace_id, text=TEXT, **fields)


def state_of(site: Site, campaign_id: int) -> Campaign:
    with reading(site.engine) as session:
        return session.get_one(Campaign, campaign_id)


def press(site: Site, campaign_id: int, **fields: str) -> tuple[int, str]:
    """Sends a form of the review; returns the status, and where it leads or what it says."""
    path = f"/campaigns/cmp_{campaign_id}/send"
    form = {"csrf_token": read_token(site.client.get(path).text), **fields}
    answer = site.client.post(path, data=form)
    return answer.status_code, answer.headers.get("location", answer.text)


def test_a_draft_is_reviewed_and_sent_from_its_own_page(site_on_both: Site, keyring: Keyring) -> None:
    site = site_on_both
    campaign_id = draft(site)
    site.enter()
    path = f"/campaigns/cmp_{campaign_id}"
    assert f'class="primary" href="{path}/send"' in site.client.get(path).text
    review = " ".join(re.sub(r"<[^>]+>", " ", site.client.get(f"{path}/send").text).split())
    assert "In the audience 7 Left out: no consent to marketing − 1 Left out: said STOP − 1" in review
    assert "somebody else with the same number gets it − 1 Will be sent to 4" in review
    assert "Send to 4 people now" in review
    assert press(site, campaign_id, when="now") == (303, path)
    while produce_batch(site.engine, keyring, campaign_id, lambda: NOW):
        pass
    with reading(site.engine) as session:
        made = session.exec(select(func.count()).where(Message.campaign_id == campaign_id)).one()
    assert made == 4
    assert f"{path}/send" not in site.client.get(path).text


def test_a_form_sent_twice_sends_once_and_leads_to_the_campaign(site: Site) -> None:
    campaign_id = draft(site)
    site.enter()
    path = f"/campaigns/cmp_{campaign_id}/send"
    form = {"csrf_token": read_token(site.client.get(path).text), "when": "now"}
    answers = [site.client.post(path, data=form) for _ in range(2)]
    assert [(one.status_code, one.headers["location"]) for one in answers] == [(303, path.removesuffix("/send"))] * 2
    assert state_of(site, campaign_id).state == "producing"
    # Whoever comes back to the review is led on too.
    assert site.client.get(path).headers["location"] == path.removesuffix("/send")


@pytest.mark.parametrize(("zone", "stored"), [("workspace", "Europe/Paris"), ("recipient", "recipient")])
def test_it_is_scheduled_by_the_clocks_that_were_chosen_and_may_be_changed(site: Site, zone: str, stored: str) -> None:
    campaign_id = draft(site)
    site.enter()
    at = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%dT10:30}"
    assert press(site, campaign_id, when="later", at=at, zone=zone)[0] == 303
    found = state_of(site, campaign_id)
    assert (found.state, found.send_local, found.send_timezone) == ("scheduled", f"{at}:00", stored)
    path = f"/campaigns/cmp_{campaign_id}"
    assert "Change when it is sent" in site.client.get(path).text
    review = site.client.get(f"{path}/send").text
    assert f'value="{at}"' in review
    assert re.search(rf'value="{zone}" checked', review)
    assert press(site, campaign_id, when="now")[0] == 303
    assert state_of(site, campaign_id).state == "producing"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"when": "later", "at": "2020-01-01T10:00"}, "That time is over"),
        ({"when": "later", "at": ""}, "Choose a date and an hour"),
        ({"when": "later"}, "Choose a date and an hour"),
        ({}, ""),
    ],
)
def test_a_time_that_makes_no_sense_is_told_beside_it_and_nothing_is_sent(
    site: Site, typed: dict[str, str], words: str
) -> None:
    campaign_id = draft(site)
    site.enter()
    status, page = press(site, campaign_id, **typed)
    assert status == 422
    assert words in page
    assert ('aria-invalid="true"' in page) == bool(words)
    assert state_of(site, campaign_id).state == "draft"


def test_nobody_sends_without_the_pages_form_nor_a_strangers_nor_a_sandboxes_campaign(site: Site) -> None:
    campaign_id = draft(site)
    elsewhere = factories.workspace(site.engine, "Autre")
    other = factories.campaign(site.engine, elsewhere)
    path = f"/campaigns/cmp_{campaign_id}/send"
    assert site.client.get(path).headers["location"].startswith("/sign-in?")
    site.enter()
    assert site.client.post(path, data={"when": "now"}).status_code == 403
    token = read_token(site.client.get(path).text)
    for stranger in (other, 999):
        assert site.client.get(f"/campaigns/cmp_{stranger}/send").status_code == 404
        form = {"csrf_token": token, "when": "now"}
        assert site.client.post(f"/campaigns/cmp_{stranger}/send", data=form).status_code == 404
    with writing(site.engine) as session:
        session.exec(update(Workspace).where(col(Workspace.id) == site.workspace_id).values(sandbox_of=elsewhere))
    status, page = press(site, campaign_id, when="now")
    assert (status, "no SMS leaves it" in page) == (403, True)
    assert {state_of(site, id).state for id in (campaign_id, other)} == {"draft"}


def test_where_nobody_may_be_sent_to_there_is_no_button(site: Site) -> None:
    campaign_id = draft(site)
    with writing(site.engine) as session:
        session.exec(update(Contact).values(marketing_consent_at=None))
    site.enter()
    path = f"/campaigns/cmp_{campaign_id}/send"
    page = site.client.get(path).text
    assert "Nobody may be sent to" in page
    assert 'class="primary"' not in page
    token = read_token(site.client.get("/campaigns").text)
    answer = site.client.post(path, data={"csrf_token": token, "when": "now"})
    assert (answer.status_code, "It was not sent" in answer.text) == (422, True)


def test_what_is_sent_already_has_no_review(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 2)
    site.enter()
    path = f"/campaigns/cmp_{campaign_id}"
    assert site.client.get(f"{path}/send").headers["location"] == path
    assert "/send" not in site.client.get(path).text


def test_the_cost_is_told_between_the_cheapest_and_the_dearest_route_and_what_has_no_price_apart(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id)
    factories.contact(engine, workspace_id, "+32460000001", country="BE")
    campaign_id = factories.campaign(engine, workspace_id, text="Bonjour {{ first_name }} " + "x" * 160)
    routes = [factories.route(engine, name=name) for name in ("one", "two")]
    with writing(engine) as session:
        for route_id, micros in zip(routes, (30_000, 40_000), strict=True):
            set_price(session, route_id, PriceLine(Price(micros, "EUR"), NOW - timedelta(days=1), country="FR"))
    with reading(engine) as session:
        campaign = session.get_one(Campaign, campaign_id)
        told = estimate_cost(session, campaign, "https://go.example", NOW)
        assert count_audience(session, workspace_id, campaign_id).sendable == 5
    assert told.parts
    assert (told.parts.sampled, told.parts.least, told.parts.most) == (5, 2, 2)
    # Four in France, two parts each.
    assert [(cost.currency, cost.least, cost.most) for cost in told.costs] == [("EUR", 240_000, 320_000)]
    assert told.unpriced == 1


def test_the_cost_of_nobody_is_none(engine: Engine) -> None:
    campaign_id = factories.campaign(engine, factories.workspace(engine))
    with reading(engine) as session:
        told = estimate_cost(session, session.get_one(Campaign, campaign_id), "https://go.example", NOW)
    assert (told.parts, told.costs, told.unpriced) == (None, (), 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_review_is_accessible_fits_a_phone_and_sends_by_its_button(served: Served, scheme: str) -> None:
    people(served.engine, served.workspace_id)
    campaign_id = factories.campaign(served.engine, served.workspace_id, text=TEXT)
    page = served.open(color_scheme=scheme, viewport={"width": 360, "height": 740})
    page.goto(f"/campaigns/cmp_{campaign_id}/send")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    results = Axe().run(page)
    assert results.violations_count == 0, json.dumps(results.response["violations"], indent=1)[:3000]
    page.get_by_role("button", name="Send to 4 people now").click()
    expect(page).to_have_url(re.compile(rf"/campaigns/cmp_{campaign_id}$"))
    with reading(served.engine) as session:
        assert session.get_one(Campaign, campaign_id).state == "producing"
