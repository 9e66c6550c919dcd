"""What recipients answered and drew, as their marketer sees it: bars and numbers, live, whatever was typed."""

import csv
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import factories
from tests.dashboards.conftest import Served
from tests.dashboards.site import Site, all_rows
from tests.linksvc.landing.forms import SENT
from tests.linksvc.landing.people import answer, scratch
from tests.tracker.landing_scenes import PageCampaign, page_campaign
from tests.tracker.prize_scenes import DOCUMENT, republish

HOSTILE = '=HYPERLINK("http://evil.example";"x")<script>alert(1)</script>\n@b "quoted"'


@pytest.fixture
def campaign(site: Site) -> PageCampaign:
    site.enter()
    return page_campaign(site.engine, DOCUMENT, workspace_id=site.workspace_id, size=60)


def read(site: Site, campaign: PageCampaign, rest: str = "", language: str = "en") -> str:
    site.client.headers["accept-language"] = language
    got = site.client.get(f"/campaigns/cmp_{campaign.campaign_id}/answers{rest}")
    assert got.status_code == 200
    return str(got.text)


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def test_a_campaign_whose_page_asks_nothing_says_so(site: Site) -> None:
    site.enter()
    campaign_id = factories.campaign(site.engine, site.workspace_id)
    page = PageCampaign(site.workspace_id, campaign_id, 0)
    assert "Nothing to answer or draw" in read(site, page)
    assert "Answers and prizes" not in site.client.get(f"/campaigns/cmp_{campaign_id}").text


def test_before_anybody_answers_every_question_stands_there_empty(site: Site, campaign: PageCampaign) -> None:
    page = words(read(site, campaign, language="fr"))
    assert "Personne n’a encore répondu." in page and "Personne n’a encore tiré." in page
    assert "Chaque semaine 0 –" in page and "NaN" not in page
    assert f"/campaigns/cmp_{campaign.campaign_id}/answers" in site.client.get(f"/campaigns/cmp_{campaign.campaign_id}").text


def test_answers_are_shown_in_numbers_shares_and_bars(site: Site, campaign: PageCampaign) -> None:
    answer(site.engine, campaign, 0, SENT)
    answer(site.engine, campaign, 1, {"q.visit": ["rarely"], "q.rating": ["5"]})
    answer(site.engine, campaign, 2, {"q.visit": ["weekly"]})
    html = read(site, campaign)
    page = words(html)
    assert "3 forms answered" in page and "Every week 2 66.7 %" in page and "Rarely 1 33.3 %" in page
    assert "answered by 2 people · mean 7.5" in page and "Yes 1 33.3 %" in page
    assert 'width="66.67%"' in html and "may add up to more than 100" in page
    french = words(read(site, campaign, language="fr"))
    assert "Chaque semaine 2 66,7 %" in french and "moyenne 7,5" in french


def test_draws_are_shown_with_what_is_left(site: Site, campaign: PageCampaign) -> None:
    scratch(site.engine, campaign, 0)
    scratch(site.engine, campaign, 0, block="cells")
    scratch(site.engine, campaign, 1, number=9_999, block="cells")
    page = words(read(site, campaign))
    assert "A red &lt;b&gt;bag&lt;/b&gt; 100 % 1 100.0 % no limit" in page
    assert "A red &lt;b&gt;bag&lt;/b&gt; 2.5 % 1 50.0 % 999 Nothing won 97.5 % 1 50.0 % –" in page


def test_a_prize_that_is_out_of_stock_says_that_its_share_wins_nothing(site: Site, campaign: PageCampaign) -> None:
    sure = DOCUMENT["blocks"][0]
    one_left = sure | {"prizes": [sure["prizes"][0] | {"stock": 1}]}
    republish(site.engine, site.workspace_id, campaign.page_id, DOCUMENT | {"blocks": [one_left]})
    assert "out of stock" not in read(site, campaign)
    assert [scratch(site.engine, campaign, n) for n in range(3)] == ["bag", "", ""]
    page = words(read(site, campaign))
    assert "bag&lt;/b&gt; out of stock: its share wins nothing 100 % 1 33.3 % 0 Nothing won 0 % 2 66.7 % –" in page
    assert "épuisé : sa part ne gagne rien" in words(read(site, campaign, language="fr"))


def test_what_was_typed_stays_text_on_every_page_and_in_the_file(site: Site, campaign: PageCampaign) -> None:
    answer(site.engine, campaign, 0, SENT | {"q.wish": [HOSTILE]})
    for rest in ("", "/figures", "/list?block=opinion"):
        html = read(site, campaign, rest)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html and "<script>alert" not in html
    got = site.client.get(f"/campaigns/cmp_{campaign.campaign_id}/answers/export?block=opinion")
    assert got.headers["content-type"] == "text/csv; charset=utf-8" and "attachment" in got.headers["content-disposition"]
    header, row = csv.reader(got.content.decode("utf-8-sig").splitlines(keepends=True))
    assert header[6:8] == ["Venez-vous souvent ?", "Vous aimez"]
    assert row[6:] == ["Chaque semaine", "L’équipe; Les prix", "10", f"'{HOSTILE}", "yes"]
    assert row[2].startswith("'+33")


def test_all_answers_are_listed_page_by_page(site: Site, campaign: PageCampaign) -> None:
    for n in range(60):
        answer(site.engine, campaign, n, SENT)
    path = f"/campaigns/cmp_{campaign.campaign_id}/answers/list?block=opinion"
    assert all_rows(lambda path: site.client.get(path).text, path) == 60


def test_a_question_that_is_asked_no_more_keeps_its_figures(site: Site, campaign: PageCampaign) -> None:
    answer(site.engine, campaign, 0, SENT)
    form = DOCUMENT["blocks"][2]
    republish(
        site.engine,
        site.workspace_id,
        campaign.page_id,
        DOCUMENT | {"blocks": [form | {"questions": form["questions"][:1]}]},
    )
    scratched = words(read(site, campaign))
    assert "rating no longer on the page" in scratched and "10 1 100.0 %" in scratched


def test_nobody_sees_another_workspaces_answers(site: Site, campaign: PageCampaign) -> None:
    other = page_campaign(site.engine, DOCUMENT, workspace_id=factories.workspace(site.engine, "Other"))
    for rest in ("", "/figures", "/list?block=opinion", "/export?block=opinion"):
        assert site.client.get(f"/campaigns/cmp_{other.campaign_id}/answers{rest}").status_code == 404
    mine = f"/campaigns/cmp_{campaign.campaign_id}/answers"
    for rest in ("/list", "/list?block=card", "/list?block=opinion&after=x", "/export?block=none"):
        assert site.client.get(mine + rest).status_code == 404
    site.client.cookies.clear()
    assert site.client.get(f"{mine}/figures").status_code == 401
    assert site.client.get(f"{mine}/export?block=opinion").status_code == 303


def test_an_answer_appears_while_somebody_looks(served: Served) -> None:
    campaign = page_campaign(served.engine, DOCUMENT, workspace_id=served.workspace_id)
    page = served.open(viewport={"width": 360, "height": 740})
    page.goto(f"/campaigns/cmp_{campaign.campaign_id}/answers")
    expect(page.get_by_text("Nobody has answered yet.")).to_be_visible()
    answer(served.engine, campaign, 0, SENT)
    expect(page.get_by_text("1 form answered")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert not found, found
    assert served.complaints == []
