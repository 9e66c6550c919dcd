"""The list of campaigns, the rows behind every number, and what a stranger or a wrong address gets."""

import re
from datetime import timedelta

import pytest

from dashboards.assets import load_assets
from dashboards.catalog import CATALOG
from dashboards.security import CONTENT_SECURITY_POLICY
from linksvc.database import writing
from linksvc.links import CAMPAIGN_LINK
from linksvc.models import Link
from linksvc.stages import OCCURRENCES, STAGES
from linksvc.standing_campaigns import ensure_standing_campaign
from tests import factories
from tests.dashboards.scenes import EXPECTED, apply_all, deliver, eventful_campaign, learn, new_campaign
from tests.dashboards.site import Site, all_rows
from tests.factories import NOW
from tests.linksvc.test_conversions import claim


def shown(page: str, stage: str) -> set[int]:
    """The values that the page shows for a stage, wherever it does."""
    return {int(value) for value in re.findall(rf'data-stage="{stage}" data-count="(\d+)"', page)}


def test_an_empty_list_says_what_will_stand_there_and_how(site: Site) -> None:
    site.enter()
    page = site.client.get("/campaigns").text
    assert "No campaign yet" in page
    assert "POST /v1/campaigns/{id}/send" in page
    assert "<table" not in page


def test_every_figure_is_on_the_page_and_opens_onto_exactly_its_rows(site_on_both: Site) -> None:
    site = site_on_both
    campaign_id = eventful_campaign(site.engine, site.workspace_id)
    site.enter()
    page = site.client.get(f"/campaigns/cmp_{campaign_id}").text
    assert set(EXPECTED) == {*STAGES, *OCCURRENCES}
    for stage, count in EXPECTED.items():
        # Where nobody could have been engaged or have paid, that nobody was is told no second time as late.
        assert shown(page, stage) == ({count} if stage not in ("late_engaged", "late_paid", "late_payment") else set()), (
            stage
        )
        path = f"/campaigns/cmp_{campaign_id}/messages?stage={stage}"
        assert (path in page) == (count > 0), stage
        assert all_rows(lambda path: site.client.get(path).text, path) == count, stage


def test_the_list_says_which_campaign_has_no_offer_instead_of_no_redemption(site: Site) -> None:
    for fields in ({}, {"offer_id": factories.offer(site.engine, site.workspace_id)}):
        factories.campaign(site.engine, site.workspace_id, **fields)
    eventful_campaign(site.engine, site.workspace_id)
    site.enter()
    assert site.client.get("/campaigns").text.count("no offer") == 1, "not of one that has an offer, or had a redemption"


def test_the_page_says_that_the_ledger_adds_up(site: Site) -> None:
    campaign_id = eventful_campaign(site.engine, site.workspace_id)
    site.enter()
    page = site.client.get(f"/campaigns/cmp_{campaign_id}").text
    assert CATALOG["ledger.adds_up"].en in page
    assert CATALOG["notice.unaccounted.title"].en not in page


def test_rates_stand_with_their_denominators_and_interval(site: Site) -> None:
    campaign_id = eventful_campaign(site.engine, site.workspace_id)
    site.enter()
    page = re.sub(r"<[^>]+>", "", site.client.get(f"/campaigns/cmp_{campaign_id}").text).replace("\u202f", " ")
    page = re.sub(r"\s+", " ", page)
    assert "64.3 % 9 of 14 submitted 75.0 % of those whose receipt decides, 9 of 12" in page
    bounds = "with the 1 suspect left out; with it in: 50.0 % (21.5–78.5), 4 of 8"
    assert f"37.5 % (13.7–69.4) 3 of 8 who can be seen {bounds}" in page
    assert "EUR 1,400.00 EUR 100.00 a message submitted" in page.replace("\xa0", " ")
    assert "2 of the 10 messages reached went to people who did not consent to tracking" in page


def test_the_list_shows_each_campaign_with_its_results(site_on_both: Site) -> None:
    site = site_on_both
    eventful_campaign(site.engine, site.workspace_id)
    factories.campaign(site.engine, site.workspace_id, name="Noël <b>")
    site.enter()
    page = site.client.get("/campaigns").text.replace("\u202f", " ").replace("\xa0", " ")
    assert "Noël &lt;b&gt;" in page
    assert page.index("Noël") < page.index("Black Friday VIP")
    row = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("Black Friday VIP") :]))
    assert row.startswith("Black Friday VIP sending 14 9 64.3 % 3 37.5 % 3 30.0 % EUR 1,400.00")


def test_long_lists_are_read_page_by_page(site_on_both: Site) -> None:
    site = site_on_both
    first = new_campaign(site.engine, site.workspace_id, 120)
    learn(site.engine, deliver(first, *range(119)))
    apply_all(site.engine, first)
    for n in range(51):
        factories.campaign(site.engine, site.workspace_id, name=f"Draft {n}")
    site.enter()
    path = f"/campaigns/cmp_{first}/messages?stage=delivered"
    assert all_rows(lambda path: site.client.get(path).text, path) == 119
    newest = site.client.get("/campaigns").text
    assert newest.count('<th scope="row">') == 50
    older = re.search(r'href="(/campaigns\?before=\d+)"', newest)
    assert older
    assert site.client.get(older[1]).text.count('<th scope="row">') == 2


def test_the_page_tells_where_the_link_leads_to_and_when(site_on_both: Site) -> None:
    site = site_on_both
    campaign_id = factories.campaign(site.engine, site.workspace_id, destination_url="https://shop.example/{{code}}")
    site.enter()
    page = site.client.get(f"/campaigns/cmp_{campaign_id}").text
    assert "https://shop.example/{{code}}" in page
    said = [CATALOG[f"details.{name}"].en for name in ("link_opens", "link_closes", "fallback", "link_changed")]
    assert not any(words in page for words in said)
    with writing(site.engine) as session:
        link = session.get(Link, (campaign_id, CAMPAIGN_LINK))
        assert link
        link.activates_at, link.expires_at = NOW, NOW + timedelta(days=1)
        link.updated_at, link.fallback_url = NOW + timedelta(hours=1), "https://shop.example/over"
        session.add(link)
    page = site.client.get(f"/campaigns/cmp_{campaign_id}").text
    assert all(words in page for words in said)
    assert "https://shop.example/over" in page


def test_the_workspaces_standing_campaign_is_in_no_list(site_on_both: Site) -> None:
    site = site_on_both
    with writing(site.engine) as session:
        campaign_id = ensure_standing_campaign(session, site.workspace_id, NOW)
    site.enter()
    assert "No campaign yet" in site.client.get("/campaigns").text
    assert site.client.get(f"/campaigns/cmp_{campaign_id}").status_code == 404


@pytest.mark.parametrize("path", ["", "/figures", "/messages?stage=produced", "/messages?stage=hit_human"])
def test_another_workspaces_campaign_does_not_exist(site: Site, path: str) -> None:
    theirs = eventful_campaign(site.engine, factories.workspace(site.engine, "Elsewhere"))
    site.enter()
    answer = site.client.get(f"/campaigns/cmp_{theirs}{path}")
    assert answer.status_code == 404
    assert "Black Friday" not in answer.text
    assert "Black Friday" not in site.client.get("/campaigns").text


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/campaigns/1",
        "/campaigns/cmp_0",
        "/campaigns/cmp_99",
        "/campaigns/cmp_99999999999999999999",
        "/campaigns/cmp_1/messages?stage=nonsense",
        "/campaigns/cmp_1/messages?after=-1",
        "/campaigns/cmp_1/messages?after=%C2%B2",
        "/campaigns?before=99999999999999999999",
        "/static/nothing.css",
    ],
)
def test_an_address_that_names_nothing_is_told_in_plain_words(site: Site, path: str) -> None:
    new_campaign(site.engine, site.workspace_id, 1)
    site.enter()
    answer = site.client.get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_a_place_in_the_rows_that_no_row_can_have_is_no_such_page(site_on_both: Site) -> None:
    campaign_id = new_campaign(site_on_both.engine, site_on_both.workspace_id, 1)
    site_on_both.enter()
    for query in ("stage=hit_human&after=%00x", "stage=redemption&after=a%00", "stage=%00", "stage=delivered&after=%00"):
        answer = site_on_both.client.get(f"/campaigns/cmp_{campaign_id}/messages?{query}")
        assert answer.status_code == 404, query
        assert "There is no such page" in answer.text


def test_a_crash_is_told_without_its_cause_and_keeps_the_headers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.enter()
    monkeypatch.setattr(site.clock, "at", None)
    answer = site.client.get("/campaigns")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_the_live_figures_are_refused_once_signed_out(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 1)
    assert site.client.get(f"/campaigns/cmp_{campaign_id}/figures").status_code == 401


def test_pages_are_never_cached_and_static_files_for_good(site: Site) -> None:
    page = site.client.get("/sign-in")
    assert page.headers["cache-control"] == "no-store"
    style = site.client.get(load_assets().paths["style.css"])
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert style.headers["content-encoding"] == "gzip"
    plain = site.client.get(load_assets().paths["style.css"], headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == style.text


def test_pages_are_light(site: Site) -> None:
    campaign_id = new_campaign(site.engine, site.workspace_id, 60)
    learn(site.engine, deliver(campaign_id, *range(60)))
    apply_all(site.engine, campaign_id)
    site.enter()
    assets = load_assets()
    static = sum(len(asset.content) for asset in assets.by_path.values() if "plotly" not in asset.path)
    assert len(assets.by_path[assets.paths["style.css"]].content) < 20_000
    for path in ("", "/messages?stage=delivered"):
        assert len(site.client.get(f"/campaigns/cmp_{campaign_id}{path}").content) + static < 100_000, path


def test_the_language_is_the_browsers_until_it_is_switched(site: Site) -> None:
    french = {"accept-language": "fr-CA,fr;q=0.9,en;q=0.5"}
    assert '<html lang="fr">' in site.client.get("/sign-in", headers=french).text
    assert '<html lang="en">' in site.client.get("/sign-in", headers={"accept-language": "de"}).text
    site.enter()
    form = {"csrf_token": site.token("/campaigns"), "language": "en", "next": "/campaigns?before=3"}
    answer = site.client.post("/language", data=form, headers=french)
    assert answer.headers["location"] == "/campaigns?before=3"
    assert '<html lang="en">' in site.client.get("/campaigns", headers=french).text
    site.client.post("/language", data=form | {"language": "xx"}, headers=french)
    assert '<html lang="en">' in site.client.get("/campaigns", headers=french).text


def test_claimed_conversions_stand_beside_the_funnel_with_their_rows_and_are_no_revenue(site_on_both: Site) -> None:
    site = site_on_both
    campaign_id = new_campaign(site.engine, site.workspace_id, 3)
    site.enter()
    assert CATALOG["claimed.label"].en not in site.client.get(f"/campaigns/cmp_{campaign_id}").text
    claim(site.engine, campaign_id, 52)
    page = site.client.get(f"/campaigns/cmp_{campaign_id}").text
    assert CATALOG["claimed.label"].en in page
    assert "EUR 0.00" in page.replace("\xa0", " ")
    path = f"/campaigns/cmp_{campaign_id}/messages?stage=conversion"
    assert f'href="{path}" data-stage="conversion" data-count="52"' in page
    first = site.client.get(path).text
    assert "52 claimed conversions" in first
    assert "EUR 49.90" in first.replace("\xa0", " ")
    assert CATALOG["claimed.no_amount"].en in first
    assert all_rows(lambda path: site.client.get(path).text, path) == 52
