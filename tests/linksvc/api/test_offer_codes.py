import csv
import io
from typing import Any

import httpx2
import pytest
from sqlmodel import func, select

from linksvc.database import reading
from linksvc.models import PromoCode
from tests import factories
from tests.linksvc.api.conftest import Api, check_problem


@pytest.fixture
def offer(api: Api) -> str:
    return f"off_{factories.offer(api.engine, api.workspace_id)}"


def upload(api: Api, offer: str, data: str, key: str | None = None, **fields: str) -> httpx2.Response:
    files = {"file": ("codes.csv", data.encode(), "text/csv")}
    return api.post(f"/v1/offers/{offer}/codes/import", key=key, data=fields, files=files)


def reason(api: Api, code: str) -> str | None:
    told: dict[str, Any] = api.post("/v1/codes/validate", json={"code": code}).json()
    found: str | None = told["reason"]
    return found


def test_codes_are_generated_once_for_a_key_and_handed_out_as_a_file(api: Api, offer: str) -> None:
    path = f"/v1/offers/{offer}/codes/generate"
    check_problem(api.post(path, json={"count": 3}), 400, "idempotency_key_missing")
    headers = {"Idempotency-Key": "print-run-1"}
    first = api.post(path, json={"count": 3}, headers=headers)
    assert (first.status_code, first.json()) == (201, {"offer_id": offer, "generated": 3})
    again = api.post(path, json={"count": 3}, headers=headers)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert api.get(f"/v1/offers/{offer}/codes").json()["generated"] == 3
    file = api.get(f"/v1/offers/{offer}/codes.csv?source=generated")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"] == f'attachment; filename="codes-{offer}.csv"'
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert len(rows) == 3
    assert all(reason(api, row["code"]) is None for row in rows)
    assert len(api.get(f"/v1/offers/{offer}/codes.csv?source=shared").content.splitlines()) == 1
    check_problem(api.get(f"/v1/offers/{offer}/codes.csv?source=stolen"), 422, "invalid_request")


def test_a_list_is_imported_whole_or_not_at_all(api: Api, offer: str) -> None:
    problem = check_problem(upload(api, offer, "code\nNoël-1\nB2\nnoel 3\n"), 422, "list_faulty")
    assert [error["field"] for error in problem["errors"]] == ["line 3"]
    assert reason(api, "Noël-1") == "code_not_found"
    answer = upload(api, offer, "code\nNoël-1\nB2\nnoel 3\n", skip_faults="true", uses="4")
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["rows"], told["added"], told["present"], told["faulty"]) == (3, 2, 0, 1)
    assert [(fault["line"], fault["reason"]) for fault in told["faults"]] == [(3, "too_short")]
    assert reason(api, "NOËL1") is None
    assert upload(api, offer, "Noël-1\nnoel 3\n", header="false").json()["present"] == 2
    codes = api.get(f"/v1/offers/{offer}/codes").json()
    assert (codes["undealt"], codes["shared"], codes["withdrawn_at"]) == (2, None, None)
    assert [(one["state"], one["added"]) for one in codes["lists"]] == [("finished", 0), ("finished", 2)]


def test_an_offer_gets_one_code_for_all(api: Api, offer: str) -> None:
    path = f"/v1/offers/{offer}/codes/share"
    answer = api.post(path, json={"code": "Noël 25", "uses": 500})
    assert (answer.status_code, answer.json()) == (201, {"code": "Noël 25", "uses": 500, "used": 0})
    check_problem(api.post(path, json={"code": "OTHER", "uses": 500}), 409, "shared_code_exists")
    check_problem(api.post(path, json={"code": "--", "uses": 500}), 422, "invalid_request")
    assert api.get(f"/v1/offers/{offer}/codes").json()["shared"] == answer.json()
    assert reason(api, "noel25") == "code_not_found"
    assert reason(api, "NOËL25") is None


def test_a_code_and_an_offer_are_taken_back_and_let_go_again(api: Api, offer: str) -> None:
    upload(api, offer, "code\nAAA-1\nBBB-1\n")
    assert api.post("/v1/codes/disable", json={"code": "aaa 1"}).json() == {"code": "aaa 1", "disabled": True}
    assert (reason(api, "AAA1"), reason(api, "BBB1")) == ("code_disabled", None)
    api.post("/v1/codes/enable", json={"code": "aaa 1"})
    assert reason(api, "AAA1") is None
    assert api.post(f"/v1/offers/{offer}/withdraw").json()["withdrawn_at"] is not None
    assert reason(api, "AAA1") == reason(api, "BBB1") == "code_disabled"
    assert api.post(f"/v1/offers/{offer}/restore").json()["withdrawn_at"] is None
    assert reason(api, "AAA1") is None
    check_problem(api.post("/v1/codes/disable", json={"code": "ELSE"}), 404, "code_not_found")


def test_a_campaign_says_where_its_codes_come_from(api: Api, offer: str) -> None:
    sent = {"name": "x", "kind": "marketing", "text": "{{ code }} {{ stop }}", "sender": "36180", "audience": "all"}
    sent |= {"offer_id": offer}
    check_problem(api.post("/v1/campaigns", json=sent | {"code_source": "imported"}), 422, "code_source_empty")
    upload(api, offer, "code\nAAA-1\n")
    check_problem(api.post("/v1/campaigns", json=sent), 422, "code_source_missing")
    assert api.post("/v1/campaigns", json=sent | {"code_source": "imported"}).status_code == 201


def test_what_is_another_workspaces_is_not_found_and_not_changed(api: Api, offer: str) -> None:
    upload(api, offer, "code\nAAA-1\n")
    key = api.make_key(workspace_id=factories.workspace(api.engine, "Somebody else"))
    headers = {"Idempotency-Key": "theirs"}
    for path, body in (("codes/generate", {"count": 1}), ("codes/share", {"code": "THEIRS", "uses": 1}), ("withdraw", None)):
        answer = (
            api.post(f"/v1/offers/{offer}/{path}", key=key, json=body, headers=headers)
            if body
            else api.post(f"/v1/offers/{offer}/{path}", key=key)
        )
        check_problem(answer, 404, "offer_not_found")
    check_problem(upload(api, offer, "code\nBBB-1\n", key=key), 404, "offer_not_found")
    for path in ("codes", "codes.csv"):
        check_problem(api.get(f"/v1/offers/{offer}/{path}", key=key), 404, "offer_not_found")
    check_problem(api.post("/v1/codes/disable", key=key, json={"code": "AAA1"}), 404, "code_not_found")
    assert reason(api, "AAA1") is None
    with reading(api.engine) as session:
        assert session.exec(select(func.count()).select_from(PromoCode)).one() == 1


def test_a_tills_key_neither_makes_codes_nor_reads_them_all(api: Api, offer: str) -> None:
    key = api.make_key("codes:validate", "codes:redeem", "codes:read", shop_id=api.shop_id)
    check_problem(api.get(f"/v1/offers/{offer}/codes.csv", key=key), 403, "scope_missing")
    check_problem(upload(api, offer, "code\nAAA-1\n", key=key), 403, "scope_missing")
