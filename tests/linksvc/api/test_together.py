"""Redemptions over HTTP that come at the same moment: each is answered as if it had come alone."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlmodel import col, select, update

from linksvc.advisory_locks import lock
from linksvc.api_keys import hash_of
from linksvc.database import reading, writing
from linksvc.models import ApiKey, LedgerEntry, PromoCode
from linksvc.redemptions import Till, order_name
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.api.test_codes import CODE, add_code, redeem

TILLS = 12


def redeem_at_once(api: Api, requests: list[dict[str, Any]]) -> list[httpx2.Response]:
    with ThreadPoolExecutor(TILLS) as tills:
        return list(tills.map(lambda request: redeem(api, **request), requests))


def test_of_many_at_once_as_many_get_a_code_as_it_has_uses_and_each_is_answered_the_same_again(api: Api) -> None:
    add_code(api, max_uses=3)
    requests = [{"idempotency_key": f"key-{i}", "order_ref": f"R-{i}"} for i in range(2 * TILLS)]
    first, again = redeem_at_once(api, requests), redeem_at_once(api, requests)
    assert Counter(answer.status_code for answer in first) == {201: 3, 409: 2 * TILLS - 3}
    assert [answer.content for answer in again] == [answer.content for answer in first]
    assert {answer.headers["idempotent-replayed"] for answer in again} == {"true"}
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 3
        assert Counter(session.exec(select(LedgerEntry.action))) == {"redeemed": 3, "refused": 2 * TILLS - 3}


def test_one_request_that_is_sent_many_times_at_once_is_done_once(api: Api) -> None:
    add_code(api, max_uses=TILLS)
    answers = redeem_at_once(api, [{"idempotency_key": "key-1"}] * TILLS)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Counter(answer.headers.get("idempotent-replayed") for answer in answers) == {None: 1, "true": TILLS - 1}
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 1


def test_a_request_that_is_sent_twice_at_once_gets_one_answer_twice(api: Api) -> None:
    add_code(api, max_uses=4 * TILLS)
    twice = [{"idempotency_key": f"key-{i // 2}", "order_ref": f"R-{i // 2}"} for i in range(8 * TILLS)]
    answers = redeem_at_once(api, twice)
    assert {answer.status_code for answer in answers} == {201}
    assert [answer.content for answer in answers[::2]] == [answer.content for answer in answers[1::2]]
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 4 * TILLS


def test_what_breaks_for_one_of_many_breaks_for_that_one_alone(api: Api) -> None:
    add_code(api, max_uses=TILLS)
    check_problem(redeem(api, "key", code="ELSE", order_ref="R-3"), 409, "code_not_found")
    with writing(api.engine) as session:  # A second entry of that order cannot be stored.
        session.execute(text("CREATE UNIQUE INDEX broken ON code_ledger (workspace_id) WHERE order_ref = 'R-3'"))
    answers = redeem_at_once(api, [{"idempotency_key": f"key-{i}", "order_ref": f"R-{i}"} for i in range(TILLS)])
    assert [answer.status_code for answer in answers] == [500 if i == 3 else 201 for i in range(TILLS)]
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == TILLS - 1


@pytest.mark.parametrize("shown_before", [True, False])
def test_a_key_opens_nothing_from_the_moment_on_at_which_it_is_revoked(api: Api, shown_before: bool) -> None:
    add_code(api, max_uses=9)
    key = api.make_key(shop_id=api.shop_id)
    sent = {"code": CODE, "order_ref": "R-1", "order": {"amount": 4_990, "currency": "EUR"}}
    if shown_before:
        first = api.post("/v1/redemptions", json=sent, headers={"Idempotency-Key": "key-1"}, key=key)
        assert first.status_code == 201, first.text
    with writing(api.engine) as session:
        session.exec(update(ApiKey).where(col(ApiKey.key_hash) == hash_of(key)).values(revoked_at=NOW))
    for once, order_ref in (("key-1", "R-1"), ("key-2", "R-2")):
        headers = {"Idempotency-Key": once}
        answer = api.post("/v1/redemptions", json=sent | {"order_ref": order_ref}, headers=headers, key=key)
        check_problem(answer, 401, "api_key_revoked")
        assert "www-authenticate" in answer.headers
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == int(shown_before)
    assert redeem(api, "key-3", order_ref="R-3").status_code == 201, "another key is not held up"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_order_that_another_till_is_at_holds_up_nobody_else(api: Api) -> None:
    """On SQLite whoever writes is alone."""
    add_code(api, max_uses=TILLS)
    till = Till(api.workspace_id, api.shop_id, 1)
    with ThreadPoolExecutor(TILLS) as tills, writing(api.engine) as other:
        lock(other, *order_name(till, "R-3"))
        waiting = [tills.submit(redeem, api, f"key-{i}", order_ref=f"R-{i}") for i in range(TILLS)]
        held_up = waiting.pop(3)
        assert {one.result(30).status_code for one in waiting} == {201}
        assert not held_up.done()
        other.rollback()
        assert held_up.result(30).status_code == 201
