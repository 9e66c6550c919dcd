from typing import Any

import httpx2
import pytest

from tests import factories
from tests.linksvc.api.conftest import Api, check_problem

PLAIN: dict[str, Any] = {
    "name": "Black Friday",
    "kind": "marketing",
    "text": "Bonjour {{ first_name }} : {{ link }} {{ stop }}",
    "sender": "36180",
    "destination_url": "https://shop.example/sale",
    "audience": "all",
}


def create(api: Api, **changes: Any) -> httpx2.Response:
    return api.post("/v1/campaigns", json=PLAIN | changes)


def test_a_campaign_is_added_as_a_draft(api: Api) -> None:
    answer = create(api)
    assert answer.status_code == 201, answer.text
    campaign = answer.json()
    assert (campaign["id"], campaign["name"], campaign["state"]) == ("cmp_1", "Black Friday", "draft")
    assert api.get("/v1/campaigns/cmp_1").json() == campaign


def test_a_campaign_says_for_how_long_what_comes_of_it_counts(api: Api) -> None:
    assert create(api).json()["attribution_days"] == 7
    answer = create(api, attribution_days=90)
    assert answer.json()["attribution_days"] == 90
    assert api.get(f"/v1/campaigns/{answer.json()['id']}/funnel").json()["attribution_days"] == 90


def test_a_campaign_goes_to_an_import_and_carries_an_offer(api: Api) -> None:
    offer_id = factories.offer(api.engine, api.workspace_id)
    files = {"file": ("a.csv", b"Mobile;Accord SMS\n0639980001;oui\n")}
    imported = api.post("/v1/contacts/import", data={"country": "FR", "tracking_consent": "true"}, files=files).json()
    text = "{{ link }} {{ code }} {{ stop }}"
    answer = create(api, text=text, offer_id=f"off_{offer_id}", audience={"import_id": imported["id"]})
    assert answer.status_code == 201, answer.text


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"text": "{{ nickname }} {{ link }} {{ stop }}"}, "template_unknown_field"),
    ({"text": "{% for i in (1..9) %}{{ link }}{% endfor %}{{ stop }}"}, "template_tag_not_allowed"),
    ({"text": "{{ link }}"}, "stop_missing"),
    ({"destination_url": "javascript:alert(1)"}, "destination_invalid"),
    ({"destination_url": None}, "link_without_destination"),
    ({"audience": None}, "audience_missing"),
    ({"sender": "?"}, "sender_invalid"),
    ({"rate_per_s": 0}, "invalid_request"),
    ({"attribution_days": 0}, "attribution_invalid"),
    ({"attribution_days": 91}, "attribution_invalid"),
    ({"attribution_days": 1.5}, "invalid_request"),
    ({"kind": "spam"}, "invalid_request"),
    ({"audience": "some"}, "invalid_request"),
    ({"colour": "red"}, "invalid_request"),
]


def test_a_mistake_is_a_problem_that_names_its_field(api: Api, subtests: pytest.Subtests) -> None:
    for changes, code in MISTAKES:
        with subtests.test(changes=changes):
            problem = check_problem(create(api, **changes), 422, code)
            assert problem["errors"][0]["field"].split(".")[0] in (*changes, "text")
    check_problem(api.get("/v1/campaigns/cmp_1"), 404, "campaign_not_found")


@pytest.mark.parametrize(
    "audience", ["imp_1", 1, [], {}, {"import_id": 1}, {"import_id": "imp_1", "all": True}, {"segments": [1]}]
)
def test_an_audience_that_cannot_be_read_is_told_how_it_is_written(sqlite_api: Api, audience: Any) -> None:
    problem = check_problem(create(sqlite_api, audience=audience), 422, "invalid_request")
    (error,) = problem["errors"]
    assert error["field"] == "audience"
    assert error["message"].startswith('Write "all", {"import_id": "imp_1"} or {"segments": ["seg_1", ...]}')


def test_a_campaign_without_any_audience_is_told_so(api: Api) -> None:
    without = {name: value for name, value in PLAIN.items() if name != "audience"}
    check_problem(api.post("/v1/campaigns", json=without), 422, "audience_missing")


def test_what_belongs_to_somebody_else_is_not_found(api: Api) -> None:
    theirs = factories.offer(api.engine, factories.workspace(api.engine, "Somebody else"))
    text = "{{ link }} {{ code }} {{ stop }}"
    check_problem(create(api, text=text, offer_id=f"off_{theirs}"), 404, "offer_not_found")
    check_problem(create(api, text=text, offer_id="12"), 404, "not_found")
    check_problem(create(api, audience={"import_id": "imp_9"}), 404, "import_not_found")


def test_a_key_needs_its_scope(api: Api) -> None:
    check_problem(api.post("/v1/campaigns", key=api.make_key("campaigns:read"), json=PLAIN), 403, "scope_missing")
