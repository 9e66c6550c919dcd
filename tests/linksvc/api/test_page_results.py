"""What recipients answered and drew, over the API: by cursor, as a file, in numbers."""

import csv
from datetime import timedelta

import pytest

from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.landing.forms import FORM, SENT
from tests.linksvc.landing.people import answer, scratch
from tests.tracker.landing_scenes import PageCampaign, page_campaign
from tests.tracker.prize_scenes import DOCUMENT


@pytest.fixture
def campaign(api: Api) -> PageCampaign:
    return page_campaign(api.engine, DOCUMENT, workspace_id=api.workspace_id, size=5)


def test_answers_are_listed_in_their_order_page_by_page(api: Api, campaign: PageCampaign) -> None:
    for n, minute in ((3, 1), (0, 2), (1, 2)):
        answer(api.engine, campaign, n, SENT, NOW + timedelta(minutes=minute))
    address = f"/v1/campaigns/cmp_{campaign.campaign_id}/answers"
    first = api.get(address, params={"limit": 2}).json()
    assert [one["n"] for one in first["answers"]] == [3, 0]
    rest = api.get(address, params={"limit": 2, "after": first["next_after"], "block": "opinion"}).json()
    assert [one["n"] for one in rest["answers"]] == [1] and rest["next_after"] is None
    (one,) = rest["answers"]
    assert one["answers"] == {
        "visit": "weekly",
        "likes": ["staff", "prices"],
        "rating": 10,
        "wish": "Ouvrir le dimanche\nmerci 👍",
        "news": True,
    }
    assert (one["number"][:3], one["language"], one["block"]) == ("+33", "fr", "opinion")
    assert api.get(address, params={"block": "other"}).json()["answers"] == []
    check_problem(api.get(address, params={"after": "x"}), 422, "cursor_invalid")


def test_numbers_are_for_keys_that_may_read_contacts(api: Api, campaign: PageCampaign) -> None:
    answer(api.engine, campaign, 0, SENT)
    path = f"/v1/campaigns/cmp_{campaign.campaign_id}/answers"
    key = api.make_key("campaigns:read")
    assert api.get(path, key=key).json()["answers"][0]["number"] is None
    check_problem(api.get(f"{path}/export", key=key), 403, "scope_missing")


def test_answers_are_downloaded_as_a_file(api: Api, campaign: PageCampaign) -> None:
    answer(api.engine, campaign, 0, SENT | {"q.wish": ["=1+1"]})
    got = api.get(f"/v1/campaigns/cmp_{campaign.campaign_id}/answers/export")
    assert f'filename="answers-cmp_{campaign.campaign_id}-opinion.csv"' in got.headers["content-disposition"]
    header, row = csv.reader(got.content.decode("utf-8-sig").splitlines(keepends=True))
    assert header[:6] == ["message", "external_id", "number", "answered_at", "language", "page_version"]
    assert row[9] == "'=1+1"


def test_a_file_is_of_one_form(api: Api) -> None:
    two = DOCUMENT | {"blocks": [FORM, FORM | {"id": "second"}]}
    page = page_campaign(api.engine, two, workspace_id=api.workspace_id)
    path = f"/v1/campaigns/cmp_{page.campaign_id}/answers/export"
    check_problem(api.get(path), 422, "survey_not_told")
    assert api.get(path, params={"block": "second"}).status_code == 200
    check_problem(api.get(path, params={"block": "third"}), 404, "survey_not_found")


def test_prizes_that_were_drawn_and_are_left_add_up(api: Api, campaign: PageCampaign) -> None:
    scratch(api.engine, campaign, 0, block="cells")
    scratch(api.engine, campaign, 1, block="cells", number=9_999)
    card, cells = api.get(f"/v1/campaigns/cmp_{campaign.campaign_id}/draws").json()["blocks"]
    assert (card["block"], card["draws"]) == ("card", 0)
    assert cells["draws"] == 2 and cells["prizes"] == [
        {
            "prize": "bag",
            "label": DOCUMENT["blocks"][1]["prizes"][0]["label"],
            "odds": 250,
            "stock": 1_000,
            "drawn": 1,
            "left": 999,
        },
        {"prize": "", "label": {}, "odds": 9_750, "stock": None, "drawn": 1, "left": None},
    ]


def test_a_campaign_without_a_page_has_neither(api: Api) -> None:
    path = f"/v1/campaigns/cmp_{factories.campaign(api.engine, api.workspace_id)}"
    assert api.get(f"{path}/answers").json()["answers"] == [] and api.get(f"{path}/draws").json()["blocks"] == []
    check_problem(api.get(f"{path}/answers/export"), 404, "survey_not_found")
