import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlmodel import select
from structlog.testing import capture_logs

from linksvc.database import reading, writing
from linksvc.idempotency import Repeatable, find_kept
from linksvc.models import Fact, IdempotencyRecord, LedgerEntry, PromoCode
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem

CODE = "2F4K-9QTX-07BM"
ORDER = {"amount": 4_990, "currency": "EUR"}


def add_code(api: Api, *, code: str = "2F4K9QTX07BM", **fields: Any) -> None:
    own = {name: fields.pop(name) for name in ("campaign_id", "n", "max_uses", "disabled") if name in fields}
    offer_id = factories.offer(api.engine, api.workspace_id, **fields)
    with writing(api.engine) as session:
        session.add(PromoCode(workspace_id=api.workspace_id, code=code, offer_id=offer_id, **own))


def redeem(api: Api, idempotency_key: str | None = None, *, key: str | None = None, **change: Any) -> httpx2.Response:
    headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
    sent = {"code": CODE, "order_ref": "R-1001", "order": ORDER} | change
    return api.post("/v1/redemptions", json=sent, headers=headers, key=key)


def test_a_code_is_asked_for_and_used(api: Api) -> None:
    campaign_id = factories.produced_campaign(api.engine, api.workspace_id, 1)
    add_code(api, campaign_id=campaign_id, n=0)
    asked = api.post("/v1/codes/validate", json={"code": "2f4k 9qtx o7bm", "order": ORDER})
    money = {"discount": {"amount": 499, "currency": "EUR"}, "paid": {"amount": 4_491, "currency": "EUR"}}
    assert asked.status_code == 200
    told = asked.json()
    given = {"id": "off_1", "name": "10 %", "kind": "percentage", "gift": None, "stackable": False}
    assert told.pop("offer") == given | {"minimum": {"amount": 0, "currency": "EUR"}}
    assert told == {"valid": True, "code": CODE, "reason": None, "detail": None, "ends_at": None} | money
    answer = redeem(api, code="2f4k 9qtx o7bm")
    assert answer.status_code == 201, answer.text
    redemption = answer.json()
    assert redemption.pop("id").startswith("rdm_")
    nothing = {"store_id": None, "customer_ref": None, "hold_id": None, "voided_at": None}
    assert redemption == nothing | money | {
        "state": "redeemed",
        "code": CODE,
        "order_ref": "R-1001",
        "order": ORDER,
        "returned": {"amount": 0, "currency": "EUR"},
        "net": money["paid"],
        "offer_id": "off_1",
        "shop_id": f"shp_{api.shop_id}",
        "redeemed_at": "2026-11-20T09:00:00Z",
        "received_at": "2026-11-20T09:00:00Z",
        "offline": False,
        "accepted_duplicate": False,
    }
    with reading(api.engine) as session:
        assert session.exec(select(Fact)).one().amount_minor == 4_491
        assert session.exec(select(LedgerEntry)).one().shop_id == api.shop_id


def test_a_code_is_redeemed_once_under_fifty_tills(api: Api) -> None:
    add_code(api)
    start = threading.Barrier(50)

    def till(i: int) -> httpx2.Response:
        start.wait()
        return redeem(api, order_ref=f"R-{i}")

    with ThreadPoolExecutor(50) as tills:
        answers = list(tills.map(till, range(50)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    for answer in answers:
        if answer.status_code == 409:
            check_problem(answer, 409, "code_exhausted")
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 1
        assert sorted(entry.action for entry in session.exec(select(LedgerEntry))) == ["redeemed"] + ["refused"] * 49


REFUSALS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"code": "ELSE"}, {}, "code_not_found"),
    ({"disabled": True}, {}, "code_disabled"),
    ({"starts_at": NOW + timedelta(days=1)}, {}, "code_not_active_yet"),
    ({"ends_at": NOW}, {}, "code_expired"),
    ({"max_uses": 0}, {}, "code_exhausted"),
    ({}, {"order": {"amount": 4_990, "currency": "CHF"}}, "currency_mismatch"),
    ({"minimum_minor": 5_000}, {}, "minimum_not_met"),
]


def test_a_code_that_may_not_be_used_says_why(api: Api, subtests: pytest.Subtests) -> None:
    for i, (code, change, reason) in enumerate(REFUSALS):
        with subtests.test(reason=reason):
            add_code(api, **({"code": f"CASE{i}"} | code))
            sent = {"code": f"case-{i}", "order": ORDER} | change
            asked = api.post("/v1/codes/validate", json=sent)
            assert asked.status_code == 200
            answer = asked.json()
            assert (answer["valid"], answer["reason"], answer["discount"]) == (False, reason, None)
            assert check_problem(redeem(api, **sent), 409, reason)["detail"] == answer["detail"]


def test_an_order_uses_a_code_of_several_uses_once(api: Api) -> None:
    add_code(api, max_uses=2)
    assert redeem(api).status_code == 201
    check_problem(redeem(api), 409, "order_already_redeemed")
    assert redeem(api, order_ref="R-1002").status_code == 201


def test_without_an_order_only_the_code_is_looked_at(api: Api) -> None:
    add_code(api, minimum_minor=5_000)
    answer = api.post("/v1/codes/validate", json={"code": CODE}).json()
    assert (answer["valid"], answer["discount"], answer["paid"]) == (True, None, None)


def test_a_key_of_another_workspace_sees_nothing(api: Api) -> None:
    add_code(api)
    other = factories.workspace(api.engine, "Other")
    key = api.make_key(shop_id=factories.shop(api.engine, other), workspace_id=other)
    assert api.post("/v1/codes/validate", json={"code": CODE}, key=key).json()["reason"] == "code_not_found"
    check_problem(redeem(api, key=key), 409, "code_not_found")


def test_a_key_without_a_shop_redeems_nothing(api: Api) -> None:
    add_code(api)
    check_problem(redeem(api, key=api.make_key()), 403, "key_without_shop")


def test_a_repetition_gets_the_first_answer_byte_for_byte(api: Api) -> None:
    add_code(api)
    first, again = redeem(api, "key-1"), redeem(api, "key-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["request-id"] != first.headers["request-id"]


def test_a_refusal_is_repeated_too(api: Api) -> None:
    first = redeem(api, "key-1")
    add_code(api)
    again = redeem(api, "key-1")
    assert first.status_code == 409
    assert first.content == again.content
    assert again.headers["content-type"] == "application/problem+json"
    assert redeem(api, "key-2").status_code == 201


def test_a_rotated_key_of_the_shop_opens_no_second_door(api: Api) -> None:
    add_code(api)
    first = redeem(api, "key-1")
    again = redeem(api, "key-1", key=api.make_key(shop_id=api.shop_id))
    assert again.content == first.content
    other = redeem(api, "key-1", key=api.make_key(shop_id=factories.shop(api.engine, api.workspace_id, "Nice")))
    check_problem(other, 409, "code_exhausted")


def test_an_idempotency_key_is_of_one_request(api: Api) -> None:
    add_code(api)
    redeem(api, "key-1")
    check_problem(redeem(api, "key-1", order_ref="R-1002"), 422, "idempotency_key_reused")


def test_an_idempotency_key_is_needed_and_sane(sqlite_api: Api) -> None:
    sent = {"code": CODE, "order_ref": "R-1001", "order": ORDER}
    check_problem(sqlite_api.post("/v1/redemptions", json=sent), 400, "idempotency_key_missing")
    for wrong in (b"", b"two words", b"x" * 256, "clé".encode()):
        answer = sqlite_api.post("/v1/redemptions", json=sent, headers={"Idempotency-Key": wrong})
        check_problem(answer, 400, "idempotency_key_malformed")


def test_what_could_not_be_read_is_not_kept(api: Api) -> None:
    add_code(api)
    check_problem(redeem(api, "key-1", order_ref=""), 422, "invalid_request")
    assert redeem(api, "key-1").status_code == 201


def test_repetitions_at_the_same_moment_use_the_code_once(api: Api) -> None:
    add_code(api, max_uses=100)
    start = threading.Barrier(12)

    def till(_: int) -> httpx2.Response:
        start.wait()
        return redeem(api, "key-1")

    with ThreadPoolExecutor(12) as tills:
        answers = list(tills.map(till, range(12)))
    for answer in answers:
        if answer.status_code != 201:
            assert check_problem(answer, 409, "request_in_flight")["retryable"] is True
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 1


def test_an_answer_that_broke_is_not_kept(api: Api) -> None:
    add_code(api)
    redeem(api, code="ELSE")
    with writing(api.engine) as session:  # A second entry in the ledger cannot be stored.
        session.execute(text("CREATE UNIQUE INDEX broken ON code_ledger (workspace_id)"))
    with capture_logs() as logs:
        check_problem(redeem(api, "key-1"), 500, "internal_error")
    assert [entry["log_level"] for entry in logs] == ["error", "info"]
    with writing(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 0
        assert session.exec(select(LedgerEntry.action)).all() == ["refused"]
        assert "key-1" not in session.exec(select(IdempotencyRecord.key)).all()
        session.execute(text("DROP INDEX broken"))
    assert redeem(api, "key-1").status_code == 201


# On SQLite, which has one writer, the repetition waits for the first request and gets its answer.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_till_is_told_that_its_first_request_is_still_being_answered(api: Api) -> None:
    add_code(api)
    with writing(api.engine) as session:
        find_kept(session, Repeatable(f"shop:{api.shop_id}", "key-1", ""))
        check_problem(redeem(api, "key-1"), 409, "request_in_flight")
    assert redeem(api, "key-1").status_code == 201
