"""A test key and a live key of one shop, over the API: neither sees or changes anything of the other's."""

import pytest
from sqlmodel import col, select

from linksvc.api_keys import SCOPES, authenticate
from linksvc.database import reading, writing
from linksvc.models import PromoCode, Redemption
from linksvc.sandbox import create_test_key
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem

ORDER = {"order_ref": "R-1", "order": {"amount": 5_000, "currency": "EUR"}}
LIVE, TEST = "SUMMER", "AUTUMN"


@pytest.fixture
def test_key(api: Api) -> str:
    """Of the sandbox. There is a live code, and a code of the sandbox."""
    with writing(api.engine) as session:
        key = create_test_key(session, api.workspace_id, "developer", SCOPES, api.shop_id, NOW)
        twin = authenticate(session, key, NOW).workspace_id
    for workspace_id, code in ((api.workspace_id, LIVE), (twin, TEST)):
        offer_id = factories.offer(api.engine, workspace_id)
        with writing(api.engine) as session:
            session.add(PromoCode(workspace_id=workspace_id, code=code, offer_id=offer_id))
    return key


def test_a_code_is_good_in_its_own_half_alone(api: Api, test_key: str) -> None:
    for key, own, foreign in ((test_key, TEST, LIVE), (api.key, LIVE, TEST)):
        for code, valid in ((own, True), (foreign, False)):
            answer = api.post("/v1/codes/validate", json={"code": code}, key=key).json()
            assert (answer["valid"], answer["reason"]) == (valid, None if valid else "code_not_found")
        for path, sent in (("/v1/redemptions", {"code": foreign} | ORDER), ("/v1/holds", {"code": foreign})):
            answer = api.post(path, json=sent, headers={"Idempotency-Key": path}, key=key)
            check_problem(answer, 409, "code_not_found")


def test_what_is_redeemed_in_the_sandbox_is_seen_and_undone_there_alone(api: Api, test_key: str) -> None:
    """The same order and the same Idempotency-Key too are two in the two halves."""
    same = {"Idempotency-Key": "same"}
    mine = api.post("/v1/redemptions", json={"code": TEST} | ORDER, headers=same, key=test_key)
    theirs = api.post("/v1/redemptions", json={"code": LIVE} | ORDER, headers=same)
    assert (mine.status_code, theirs.status_code) == (201, 201), (mine.text, theirs.text)
    for key, own, foreign in ((test_key, mine.json(), theirs.json()), (api.key, theirs.json(), mine.json())):
        listed = api.get("/v1/redemptions", params={"order_ref": "R-1"}, key=key).json()
        assert [one["id"] for one in listed["redemptions"]] == [own["id"]]
        address = f"/v1/redemptions/{foreign['id']}"
        check_problem(api.get(address, key=key), 404, "redemption_not_found")
        for step, body in (("return", {"amount": 1, "currency": "EUR"}), ("void", None)):
            answer = api.post(f"{address}/{step}", json=body, headers={"Idempotency-Key": step}, key=key)
            check_problem(answer, 404, "redemption_not_found")
    with reading(api.engine) as session:
        assert session.exec(select(Redemption.voided_at).where(col(Redemption.returned_minor) == 0)).all() == [None, None]


def test_a_test_key_writes_a_campaign_and_sends_none(api: Api, test_key: str) -> None:
    with reading(api.engine) as session:
        twin = authenticate(session, test_key, NOW).workspace_id
    factories.contact(api.engine, twin)
    address = f"/v1/campaigns/cmp_{factories.campaign(api.engine, twin)}"
    check_problem(api.post(f"{address}/send", key=test_key), 403, "sandbox_sends_nothing")
    assert api.get(address, key=test_key).json()["state"] == "draft"
    check_problem(api.get(address), 404, "campaign_not_found")
