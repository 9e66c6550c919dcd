from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import select, update

from linksvc.database import reading, writing
from linksvc.models import Fact, PromoCode, Redemption
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.api.test_codes import CODE, add_code, redeem


def change(api: Api, redemption_id: str, what: str, once: str, api_key: str | None = None, **sent: Any) -> httpx2.Response:
    body = {"json": sent} if sent else {}
    address = f"/v1/redemptions/{redemption_id}/{what}"
    return api.post(address, headers={"Idempotency-Key": once}, key=api_key, **body)


def give_back(api: Api, redemption_id: str, once: str, amount: int, currency: str = "EUR") -> httpx2.Response:
    return change(api, redemption_id, "return", once, amount=amount, currency=currency)


def listed(api: Api, key: str | None = None, **query: Any) -> list[str]:
    answer = api.get("/v1/redemptions", params=query, key=key)
    assert answer.status_code == 200, answer.text
    return [one["order_ref"] for one in answer.json()["redemptions"]]


def test_free_delivery_takes_the_delivery_off(api: Api) -> None:
    add_code(api, kind="free_delivery", value=0)
    order = {"amount": 4_990, "currency": "EUR", "delivery": 490}
    asked = api.post("/v1/codes/validate", json={"code": CODE, "order": order}).json()
    assert (asked["discount"]["amount"], asked["offer"]["kind"]) == (490, "free_delivery")
    assert redeem(api, order=order).json()["paid"] == {"amount": 4_500, "currency": "EUR"}
    check_problem(redeem(api, order=order | {"delivery": 4_991}), 422, "invalid_request")


def test_a_code_for_free_delivery_is_not_used_up_for_an_order_that_does_not_say_what_delivery_costs(api: Api) -> None:
    add_code(api, kind="free_delivery", value=0)
    order = {"amount": 4_990, "currency": "EUR"}
    assert api.post("/v1/codes/validate", json={"code": CODE}).json()["valid"]
    asked = api.post("/v1/codes/validate", json={"code": CODE, "order": order}).json()
    assert (asked["valid"], asked["reason"]) == (False, "delivery_missing")
    held = api.post("/v1/holds", json={"code": CODE, "order": order}, headers={"Idempotency-Key": "basket"})
    check_problem(held, 409, "delivery_missing")
    problem = check_problem(redeem(api, order=order), 409, "delivery_missing")
    assert "order.delivery" in problem["detail"]
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 0
    assert redeem(api, order=order | {"delivery": 0}).json()["discount"] == {"amount": 0, "currency": "EUR"}


def test_a_gift_is_told_in_words(api: Api) -> None:
    add_code(api, kind="gift", value=0, gift="Un sac en toile")
    asked = api.post("/v1/codes/validate", json={"code": CODE}).json()
    assert (asked["offer"]["kind"], asked["offer"]["gift"]) == ("gift", "Un sac en toile")


def test_the_customer_counts_where_an_offer_is_limited_per_customer(api: Api) -> None:
    add_code(api, max_uses=10, uses_per_contact=1)
    check_problem(redeem(api), 409, "customer_ref_missing")
    assert redeem(api, customer_ref="C-1").json()["customer_ref"] == "C-1"
    check_problem(redeem(api, customer_ref="C-1", order_ref="R-2"), 409, "contact_limit_reached")
    asked = api.post("/v1/codes/validate", json={"code": CODE, "customer_ref": "C-1"}).json()
    assert asked["reason"] == "contact_limit_reached"
    assert redeem(api, customer_ref="C-2", order_ref="R-2").status_code == 201


def test_parts_are_returned_until_nothing_is_left(api: Api) -> None:
    campaign_id = factories.produced_campaign(api.engine, api.workspace_id, 1)
    add_code(api, campaign_id=campaign_id, n=0)
    id = redeem(api).json()["id"]
    first, again = give_back(api, id, "r-1", 1_000), give_back(api, id, "r-1", 1_000)
    assert first.status_code == 200, first.text
    assert again.content == first.content
    told = first.json()
    assert (told["state"], told["returned"]["amount"], told["net"]["amount"]) == ("partially_returned", 1_000, 3_491)
    exceeded = give_back(api, id, "r-2", 3_492)
    check_problem(exceeded, 409, "return_exceeds_paid")
    assert give_back(api, id, "r-3", 3_491).json()["state"] == "returned"
    # A refusal stays what it was.
    assert give_back(api, id, "r-2", 3_492).content == exceeded.content
    check_problem(give_back(api, id, "r-4", 1, "CHF"), 409, "currency_mismatch")
    check_problem(give_back(api, id, "r-5", 0), 422, "invalid_request")
    check_problem(redeem(api, order_ref="R-2"), 409, "code_exhausted")
    with reading(api.engine) as session:
        facts = session.exec(select(Fact.kind, Fact.amount_minor).order_by(Fact.recorded_at)).all()
    assert sorted(tuple(fact) for fact in facts) == [("redeemed", 4_491), ("returned", 1_000), ("returned", 3_491)]


def test_a_void_undoes_a_redemption_once(api: Api) -> None:
    add_code(api)
    id = redeem(api).json()["id"]
    first, again = change(api, id, "void", "v-1"), change(api, id, "void", "v-1")
    assert (first.status_code, first.content) == (200, again.content)
    told = first.json()
    assert (told["state"], told["voided_at"], told["net"]["amount"]) == ("voided", "2026-11-20T09:00:00Z", 0)
    check_problem(change(api, id, "void", "v-2"), 409, "already_voided")
    check_problem(give_back(api, id, "r-1", 1), 409, "already_voided")
    assert redeem(api).status_code == 201
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 1


def test_another_shop_neither_sees_nor_changes_a_redemption(api: Api) -> None:
    add_code(api)
    id = redeem(api).json()["id"]
    other = api.make_key(shop_id=factories.shop(api.engine, api.workspace_id, "Nice"))
    check_problem(api.get(f"/v1/redemptions/{id}", key=other), 404, "redemption_not_found")
    check_problem(change(api, id, "void", "v-1", other), 404, "redemption_not_found")
    check_problem(change(api, id, "return", "r-1", other, amount=1, currency="EUR"), 404, "redemption_not_found")
    assert listed(api, other) == []
    check_problem(api.get("/v1/redemptions", params={"shop_id": "shp_1"}, key=other), 404, "shop_not_found")
    assert api.get(f"/v1/redemptions/{id}").json()["state"] == "redeemed"


def test_a_shop_that_is_not_the_workspaces_is_not_found(api: Api) -> None:
    elsewhere = factories.shop(api.engine, factories.workspace(api.engine, "Elsewhere"), "Nice")
    for shop_id in (f"shp_{elsewhere}", "shp_999"):
        answer = api.get("/v1/redemptions", params={"shop_id": shop_id}, key=api.make_key())
        check_problem(answer, 404, "shop_not_found")
    empty = api.get("/v1/redemptions", params={"shop_id": f"shp_{api.shop_id}"}, key=api.make_key())
    assert (empty.status_code, empty.json()["redemptions"]) == (200, [])


def test_an_order_of_spaces_alone_is_no_reference(sqlite_api: Api) -> None:
    add_code(sqlite_api)
    for blank in ({"order_ref": "  "}, {"customer_ref": "\u00a0 "}):
        problem = check_problem(redeem(sqlite_api, **blank), 422, "invalid_request")
        assert [error["field"] for error in problem["errors"]] == list(blank)


def test_spaces_at_the_ends_of_a_reference_do_not_matter(api: Api) -> None:
    add_code(api, max_uses=3, uses_per_contact=2)
    first = redeem(api, "once", order_ref=" R-1", customer_ref="C-1 ")
    assert (first.json()["order_ref"], first.json()["customer_ref"]) == ("R-1", "C-1")
    again = redeem(api, "once", order_ref="R-1 ", customer_ref="C-1")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    check_problem(redeem(api, order_ref="R-1", customer_ref="C-1"), 409, "order_already_redeemed")
    asked = {"code": CODE, "order_ref": " R-1", "customer_ref": "C-1"}
    assert api.post("/v1/codes/validate", json=asked).json()["reason"] == "order_already_redeemed"
    assert redeem(api, order_ref="R-2", customer_ref=" C-1").status_code == 201
    check_problem(redeem(api, order_ref="R-3", customer_ref="C-1"), 409, "contact_limit_reached")
    assert listed(api, order_ref=" R-1 ") == listed(api, order_ref="R-1") == ["R-1"]
    give_back(api, first.json()["id"], "back-1", 1_000)
    (told,) = api.get("/v1/redemptions", params={"order_ref": "R-1 "}).json()["redemptions"]
    assert (told["id"], told["returned"]["amount"]) == (first.json()["id"], 1_000)


def test_the_workspaces_own_key_reads_all_shops_and_changes_none(api: Api) -> None:
    add_code(api, max_uses=2)
    nice = factories.shop(api.engine, api.workspace_id, "Nice")
    id = redeem(api).json()["id"]
    redeem(api, key=api.make_key(shop_id=nice), order_ref="R-2")
    key = api.make_key()
    assert sorted(listed(api, key)) == ["R-1001", "R-2"]
    assert listed(api, key, shop_id=f"shp_{nice}") == ["R-2"]
    assert api.get(f"/v1/redemptions/{id}", key=key).json()["shop_id"] == "shp_1"
    check_problem(change(api, id, "void", "v-1", key), 403, "key_without_shop")


def test_redemptions_are_found_by_order_code_and_time(api: Api) -> None:
    add_code(api, max_uses=9)
    add_code(api, code="CASE2", max_uses=9)
    for order in ("R-1", "R-2", "R-3"):
        redeem(api, order_ref=order)
    redeem(api, code="CASE2", order_ref="R-4")
    for days, order in enumerate(("R-1", "R-2", "R-3", "R-4")):
        with writing(api.engine) as session:
            session.exec(
                update(Redemption).where(Redemption.order_ref == order).values(recorded_at=NOW + timedelta(days=days))
            )
    assert listed(api) == ["R-4", "R-3", "R-2", "R-1"]
    assert listed(api, order_ref="R-2") == ["R-2"]
    assert listed(api, code="case-2") == ["R-4"]
    assert listed(api, since="2026-11-21T09:00:00Z", until="2026-11-22T09:00:00Z") == ["R-2"]
    assert listed(api, order_ref="R-9") == []


def test_pages_follow_each_other_whatever_is_redeemed_meanwhile(api: Api) -> None:
    add_code(api, max_uses=99)
    for i in range(5):
        redeem(api, order_ref=f"R-{i}")
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        answer = api.get("/v1/redemptions", params={"limit": 2} | ({"after": after} if after else {})).json()
        seen += [one["order_ref"] for one in answer["redemptions"]]
        after = answer["next_after"]
        redeem(api, order_ref=f"later-{len(seen)}")
        with writing(api.engine) as session:
            later = update(Redemption).where(Redemption.order_ref == f"later-{len(seen)}")
            session.exec(later.values(recorded_at=NOW + timedelta(days=1)))
    assert sorted(seen) == [f"R-{i}" for i in range(5)]


@pytest.mark.parametrize("query", ["after=x", "after=!!", "after=MjAyNg", "limit=0", "since=yesterday", "since=2026-11-20"])
def test_a_wrong_query_is_told(sqlite_api: Api, query: str) -> None:
    answer = sqlite_api.get(f"/v1/redemptions?{query}")
    problem = check_problem(answer, 422, "cursor_invalid" if query.startswith("after") else "invalid_request")
    assert problem["errors"][0]["field"] == query.partition("=")[0]
