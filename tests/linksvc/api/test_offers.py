from typing import Any

import pytest

from linksvc.public_ids import format_id
from tests.linksvc.api.conftest import Api, check_problem


def test_an_offer_is_added(api: Api) -> None:
    sent = {"name": "Black Friday", "kind": "percentage", "percent": "12.5", "minimum": 2_000, "ends_at": "2026-11-30"}
    answer = api.post("/v1/offers", json=sent)
    assert answer.status_code == 201, answer.text
    assert answer.json() == {
        "id": "off_1",
        "name": "Black Friday",
        "kind": "percentage",
        "percent": "12.50",
        "amount": None,
        "currency": "EUR",
        "cap": 0,
        "gift": None,
        "minimum": 2_000,
        "uses_per_code": 1,
        "uses_per_contact": 0,
        "uses_in_all": 0,
        "budget": 0,
        "stackable": False,
        "shops": [],
        "timezone": "Europe/Paris",
        "starts_at": "2026-11-20T09:00:00Z",
        "ends_at": "2026-11-30T23:00:00Z",
        "days_after_delivery": 0,
    }


def test_an_amount_offer_says_its_moments_with_their_offset(api: Api) -> None:
    window = {"starts_at": "2026-12-01T08:00:00+01:00", "ends_at": "2026-12-24T18:00:00Z"}
    answer = api.post(
        "/v1/offers", json={"name": "5 off", "kind": "amount", "amount": 500, "currency": "JPY"} | window
    ).json()
    assert (answer["amount"], answer["currency"], answer["percent"]) == (500, "JPY", None)
    assert (answer["starts_at"], answer["ends_at"]) == ("2026-12-01T07:00:00Z", "2026-12-24T18:00:00Z")


EVERYTHING: dict[str, Any] = {
    "name": "Parcel",
    "kind": "free_delivery",
    "cap": 900,
    "currency": "CHF",
    "uses_per_code": 2,
    "uses_per_contact": 3,
    "uses_in_all": 1_000,
    "budget": 500_000,
    "stackable": True,
    "timezone": "Pacific/Auckland",
    "ends_at": "2026-12-24",
    "days_after_delivery": 14,
}


def test_an_offer_reads_back_with_all_it_was_made_with(api: Api) -> None:
    shop = format_id("shop", api.shop_id)
    made = api.post("/v1/offers", json=EVERYTHING | {"shops": [shop]}).json()
    assert made["ends_at"] == "2026-12-24T11:00:00Z"
    assert {name: made[name] for name in EVERYTHING if name != "ends_at"} == {
        name: value for name, value in EVERYTHING.items() if name != "ends_at"
    }
    assert made["shops"] == [shop]
    gift = api.post("/v1/offers", json={"name": "Bag", "kind": "gift", "gift": "A bag"}).json()
    assert (gift["gift"], gift["percent"], gift["amount"]) == ("A bag", None, None)
    assert api.get(f"/v1/offers/{made['id']}").json() == made
    problem = check_problem(api.get("/v1/offers/off_99"), 404, "offer_not_found")
    assert problem["detail"] == "There is no offer off_99 in this workspace."


def test_the_offers_are_listed_page_by_page_the_newest_first(api: Api) -> None:
    for name in "abc":
        api.post("/v1/offers", json=GOOD | {"name": name})
    first = api.get("/v1/offers", params={"limit": 2}).json()
    assert [offer["name"] for offer in first["offers"]] == ["c", "b"]
    last = api.get("/v1/offers", params={"after": first["next_after"]}).json()
    assert ([offer["name"] for offer in last["offers"]], last["next_after"]) == (["a"], None)


GOOD: dict[str, Any] = {"name": "x", "kind": "percentage", "percent": "10.0"}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"percent": "0"}, "percent"),
    ({"percent": "100.01"}, "percent"),
    ({"percent": "10.001"}, "percent"),
    ({"percent": "NaN"}, "percent"),
    ({"percent": "1e400000"}, "percent"),
    ({"percent": None}, "percent"),
    ({"amount": 5}, "amount"),
    ({"kind": "amount"}, "percent"),
    ({"kind": "gift", "percent": None}, "gift"),
    ({"kind": "gift", "percent": None, "gift": " "}, "gift"),
    ({"kind": "gift", "percent": None, "gift": "A bag", "cap": 5}, "cap"),
    ({"kind": "free_delivery"}, "percent"),
    ({"kind": "voucher"}, "kind"),
    ({"cap": -1}, "cap"),
    ({"gift": "A bag"}, "gift"),
    ({"uses_per_contact": -1}, "uses_per_contact"),
    ({"uses_in_all": 10**13}, "uses_in_all"),
    ({"budget": "5"}, "budget"),
    ({"days_after_delivery": 10_000}, "days_after_delivery"),
    ({"shops": ["off_1"]}, "shops"),
    ({"stackable": "yes"}, "stackable"),
    ({"name": ""}, "name"),
    ({"name": "  "}, "name"),
    ({"name": "two\nlines"}, "name"),
    ({"name": "x" * 121}, "name"),
    ({"name": "nul\0"}, "name"),
    ({"currency": "euro"}, "currency"),
    ({"minimum": -1}, "minimum"),
    ({"minimum": 10**30}, "minimum"),
    ({"minimum": "5"}, "minimum"),
    ({"minimum": 5.5}, "minimum"),
    ({"minimum": True}, "minimum"),
    ({"uses_per_code": 0}, "uses_per_code"),
    ({"ends_at": "tomorrow"}, "ends_at"),
    ({"ends_at": "2026-12-24T18:00:00"}, "ends_at"),
    ({"ends_at": 1_800_000_000}, "ends_at"),
    ({"ends_at": "9999-12-31"}, "ends_at"),
    ({"starts_at": "0001-01-01T00:00:00+14:00"}, "starts_at"),
    ({"colour": "red"}, "colour"),
]


def test_a_wrong_field_is_named(sqlite_api: Api, subtests: pytest.Subtests) -> None:
    for change, field in WRONG:
        with subtests.test(change=str(change)[:60]):
            problem = check_problem(sqlite_api.post("/v1/offers", json=GOOD | change), 422, "invalid_request")
            assert field in {error["field"].split(".")[0] for error in problem["errors"]}, problem


def test_what_no_list_knows_and_an_empty_window_have_codes_of_their_own(api: Api) -> None:
    problem = check_problem(api.post("/v1/offers", json=GOOD | {"timezone": "Mars/Olympus"}), 422, "timezone_unknown")
    assert problem["detail"].startswith("There is no time zone “Mars/Olympus”. ")
    check_problem(api.post("/v1/offers", json=GOOD | {"shops": ["shp_99"]}), 404, "shop_not_found")
    check_problem(api.post("/v1/offers", json=GOOD | {"currency": "FRF"}), 422, "currency_unknown")
    check_problem(api.post("/v1/offers", json=GOOD | {"ends_at": "2026-01-01"}), 422, "window_empty")
