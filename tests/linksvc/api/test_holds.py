from datetime import timedelta
from typing import Any

import httpx2
from sqlmodel import select, update

from linksvc.database import reading, writing
from linksvc.models import CodeHold, PromoCode
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.api.test_codes import CODE, ORDER, add_code, redeem


def hold(api: Api, once: str, api_key: str | None = None, **change: Any) -> httpx2.Response:
    return api.post("/v1/holds", json={"code": CODE} | change, headers={"Idempotency-Key": once}, key=api_key)


def release(api: Api, hold_id: str, once: str = "release-1", api_key: str | None = None) -> httpx2.Response:
    return api.post(f"/v1/holds/{hold_id}/release", headers={"Idempotency-Key": once}, key=api_key)


def test_a_code_is_held_and_then_redeemed(api: Api) -> None:
    add_code(api)
    answer = hold(api, "basket-1", order_ref="R-1001", order=ORDER)
    assert answer.status_code == 201, answer.text
    held = answer.json()
    assert held | {"id": ""} == {
        "id": "",
        "state": "held",
        "code": CODE,
        "key": "basket-1",
        "order_ref": "R-1001",
        "order": ORDER,
        "discount": {"amount": 499, "currency": "EUR"},
        "expires_at": "2026-11-20T09:15:00Z",
        "created_at": "2026-11-20T09:00:00Z",
    }
    check_problem(redeem(api), 409, "code_exhausted")
    redeemed = redeem(api, hold_id=held["id"])
    assert (redeemed.status_code, redeemed.json()["hold_id"]) == (201, held["id"])
    assert api.get(f"/v1/holds/{held['id']}").json()["state"] == "redeemed"
    check_problem(redeem(api, hold_id="hld_nothing", order_ref="R-1002"), 409, "hold_not_found")


def test_a_basket_keeps_its_hold_and_may_prolong_it(api: Api) -> None:
    add_code(api)
    first, again = hold(api, "basket-1"), hold(api, "basket-1")
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    longer = hold(api, "later", key="basket-1", ttl_s=3_600).json()
    assert (longer["id"], longer["expires_at"]) == (first.json()["id"], "2026-11-20T10:00:00Z")
    check_problem(hold(api, "basket-2"), 409, "code_exhausted")


def test_a_released_code_is_there_for_others(api: Api) -> None:
    add_code(api)
    hold_id = hold(api, "basket-1").json()["id"]
    first, again = release(api, hold_id), release(api, hold_id)
    assert (first.status_code, first.json()["state"]) == (200, "released")
    assert first.content == again.content
    assert release(api, hold_id, "once more").status_code == 400
    assert release(api, hold_id, "once-more").json()["state"] == "released"
    assert redeem(api).status_code == 201
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used, PromoCode.held)).one() == (1, 0)


def test_a_hold_whose_time_is_over_holds_nothing(api: Api) -> None:
    add_code(api)
    hold_id = hold(api, "basket-1").json()["id"]
    with writing(api.engine) as session:
        session.exec(update(CodeHold).values(expires_at=NOW - timedelta(seconds=1)))
    assert api.get(f"/v1/holds/{hold_id}").json()["state"] == "expired"
    check_problem(redeem(api, hold_id=hold_id), 409, "hold_expired")
    assert redeem(api).status_code == 201


def test_another_shop_neither_sees_nor_ends_nor_redeems_a_hold(api: Api) -> None:
    add_code(api)
    hold_id = hold(api, "basket-1").json()["id"]
    other = api.make_key(shop_id=factories.shop(api.engine, api.workspace_id, "Nice"))
    check_problem(api.get(f"/v1/holds/{hold_id}", key=other), 404, "hold_not_found")
    check_problem(release(api, hold_id, api_key=other), 404, "hold_not_found")
    check_problem(redeem(api, key=other, hold_id=hold_id), 409, "hold_not_found")
    assert api.get(f"/v1/holds/{hold_id}").json()["state"] == "held"


def test_holds_are_a_shops(api: Api) -> None:
    add_code(api)
    key = api.make_key()
    hold_id = hold(api, "basket-1").json()["id"]
    check_problem(hold(api, "basket-2", key), 403, "key_without_shop")
    check_problem(release(api, hold_id, api_key=key), 403, "key_without_shop")
    check_problem(api.get(f"/v1/holds/{hold_id}", key=key), 403, "key_without_shop")
