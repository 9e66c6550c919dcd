"""What holds for every operation of the table: who may ask, what is read, and what an error looks like."""

import gc
import json
import re
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import event
from sqlmodel import col, select, update
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, Router
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from linksvc.api.app import create_api
from linksvc.api.front import Front
from linksvc.api.limits import Limits
from linksvc.api.operation import Operation
from linksvc.api.operations import OPERATIONS
from linksvc.api.passage import Passage
from linksvc.api_keys import PREFIX, SCOPES
from linksvc.database import open_engine, reading, writing
from linksvc.keys import open_keyring
from linksvc.models import ApiKey
from linksvc.public_ids import DIGITS, DRAWN_EXAMPLE, DRAWN_PREFIXES, PREFIXES
from linksvc.settings import Settings
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem, plain_client, served
from tests.linksvc.payment_scenes import payment

KEYED = [operation for operation in OPERATIONS if operation.scope]
JSON = [operation for operation in OPERATIONS if operation.body and not operation.multipart and not operation.body_lines]
FORMS = [operation for operation in OPERATIONS if operation.multipart]


def address(operation: Operation, id: str = "1") -> str:
    """Its path, with an id of the right kind; what is drawn gets its digits."""
    prefixes = {name: PREFIXES[kind] for name, kind in operation.path_ids.items()}
    drawn = operation.path_drawn_ids

    def written(name: re.Match[str]) -> str:
        kind = drawn.get(name[1])
        return f"{DRAWN_PREFIXES[kind]}_{id:0>{DIGITS[kind]}}" if kind else f"{prefixes[name[1]]}_{id}"

    return re.sub(r"{(\w+)}", written, operation.path)


def ask(api: Api, operation: Operation, **options: Any) -> httpx2.Response:
    headers = {"Idempotency-Key": str(uuid.uuid4())} | options.pop("headers", {})
    path = options.pop("path", address(operation))
    return api.request(operation.method, path, headers=headers, params=needed(operation), **options)


def needed(operation: Operation) -> dict[str, str]:
    """The parameters that an operation does not go without."""
    fields = operation.query.model_fields if operation.query else {}
    return {name: "redemption" for name, field in fields.items() if field.is_required() and name == "stage"}


def test_the_api_is_alive(sqlite_api: Api) -> None:
    answer = sqlite_api.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert sqlite_api.client.head("/healthz").status_code == 200


def test_a_till_is_told_what_time_it_is(sqlite_api: Api) -> None:
    assert sqlite_api.client.get("/v1/time").json() == {"time": "2026-11-20T09:00:00Z"}


def test_no_operation_answers_without_a_key_or_to_a_wrong_one(api: Api) -> None:
    for operation in KEYED:
        for header in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"Authorization": api.key}):
            answer = api.client.request(operation.method, address(operation), headers=header)
            check_problem(answer, 401, "api_key_missing")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for wrong in (PREFIX + "a" * 40, api.key[:-1], "x" * 4_000):
            check_problem(ask(api, operation, key=wrong), 401, "api_key_unknown")


def test_a_revoked_key_is_told_so(api: Api) -> None:
    with writing(api.engine) as session:
        session.exec(update(ApiKey).values(revoked_at=NOW))
    check_problem(api.get("/v1/campaigns/cmp_1"), 401, "api_key_revoked")


def test_every_operation_needs_its_scope(api: Api) -> None:
    for operation in KEYED:
        key = api.make_key(*(scope for scope in SCOPES if scope != operation.scope), shop_id=api.shop_id)
        problem = check_problem(ask(api, operation, key=key), 403, "scope_missing")
        assert str(operation.scope) in problem["detail"]


def test_the_use_of_a_key_is_noted(api: Api) -> None:
    api.get("/v1/campaigns/cmp_1")
    with reading(api.engine) as session:
        assert session.exec(select(col(ApiKey.last_used_at))).one() == NOW


def test_of_many_who_show_a_key_at_once_one_notes_its_use(api: Api) -> None:
    answered, noted = threading.Semaphore(0), []

    def hold_the_first(*told: Any) -> None:
        if told[2].startswith("UPDATE api_key"):
            noted.append(told[2])
            assert all(answered.acquire(timeout=10) for _ in range(15)), "the others wait"

    def ask_once(_: int) -> int:
        status = api.get("/v1/campaigns/cmp_1").status_code
        answered.release()
        return status

    event.listen(api.engine, "before_cursor_execute", hold_the_first)
    with ThreadPoolExecutor(16) as clients:
        assert list(clients.map(ask_once, range(16))) == [404] * 16
    assert len(noted) == 1
    with reading(api.engine) as session:
        assert session.exec(select(col(ApiKey.last_used_at))).one() == NOW


def test_an_answered_request_leaves_no_circle_to_the_collector(sqlite_api: Api) -> None:
    """Circles of thousands of requests were found at once, and whoever asked meanwhile waited a tenth of a second for it."""
    gc.collect()  # What other tests left.
    gc.disable()
    try:
        assert sqlite_api.get("/v1/time").status_code == 200
        assert sqlite_api.get("/v1/nothing").status_code == 404
        assert sqlite_api.get("/v1/campaigns/cmp_1", key=PREFIX + "a" * 40).status_code == 401
        asked = {"code": "NOTHING", "order": {"amount": 4_990, "currency": "EUR"}, "order_ref": "R-1"}
        answer = sqlite_api.post("/v1/redemptions", json=asked, headers={"Idempotency-Key": "R-1"})
        check_problem(answer, 409, "code_not_found")
        # The answer is with its client a moment before the server has let go of it.
        patience = time.monotonic() + 10
        while (left := [one for one in gc.get_objects() if isinstance(one, Passage)]) and time.monotonic() < patience:
            del left
            time.sleep(0.01)
        assert not left
    finally:
        gc.enable()


def test_an_unknown_address_or_method_is_a_problem(sqlite_api: Api) -> None:
    for path in ("/", "/v1", "/v1/nothing", "/healthz/", "/v1/offers/", "/v1/campaigns/1/2/3", "/%00", "/v1/%ff"):
        check_problem(sqlite_api.get(path), 404, "route_not_found")
    answer = sqlite_api.request("DELETE", "/v1/redemptions")
    check_problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_an_id_that_names_nothing_is_not_found(api: Api) -> None:
    for operation in OPERATIONS:
        if operation.path_ids:
            for id in ("77", "0", "x", "1%00", "9" * 18, "9" * 30, "%F0%9F%A6%84", "1'--"):
                body: dict[str, Any] = {"json": GOOD[operation.name]} if operation in JSON else {}
                if operation.multipart:
                    body = {"files": {"file": ("c.csv", b"code\nSUMMER\n")}}
                answer = ask(api, operation, path=address(operation, id), **body)
                assert answer.status_code == 404, (operation.name, id, answer.text)
                check_problem(answer, 404, answer.json()["code"])


BODIES: list[tuple[bytes, int, str]] = [
    (b"", 400, "json_malformed"),
    (b"{", 400, "json_malformed"),
    (b'{"code": "\xff"}', 400, "json_malformed"),
    (b'{"code": "\\ud800"}', 400, "json_malformed"),
    (b"\x00", 400, "json_malformed"),
    (b"[" * 10_000, 400, "json_malformed"),
    (b'{"a":' * 10_000, 400, "json_malformed"),
    (b'{"name": ' + b"9" * 10_000 + b"}", 422, "invalid_request"),
    (b"[]", 422, "invalid_request"),
    (b"null", 422, "invalid_request"),
    (b'"text"', 422, "invalid_request"),
    (b"NaN", 422, "invalid_request"),
    (b"1e400", 422, "invalid_request"),
    (b"{}", 422, "invalid_request"),
    (b'{"colour": "red"}', 422, "invalid_request"),
]


def may_be_empty(operation: Operation) -> bool:
    """Whether an object without fields is a body that can be."""
    assert operation.body
    try:
        operation.body.model_validate({})
    except ValidationError:
        return False
    return True


def test_a_body_that_cannot_be_is_a_problem(sqlite_api: Api, subtests: pytest.Subtests) -> None:
    for operation in JSON:
        for body, status, code in [*BODIES, (b" " * (operation.body_most_bytes + 1), 413, "too_large")]:
            if operation.body_optional and not body:
                continue
            if body == b"{}" and may_be_empty(operation):
                continue
            with subtests.test(operation=operation.name, body=body[:20]):
                answer = ask(sqlite_api, operation, content=body, headers={"Content-Type": "application/json"})
                if answer.status_code in (400, 422) and len(body) >= 10_000:
                    code, status = answer.json()["code"], answer.status_code
                check_problem(answer, status, code)


def test_a_body_without_a_length_is_measured_as_it_comes(sqlite_api: Api) -> None:
    def endless(most_bytes: int) -> Iterator[bytes]:
        for _ in range(most_bytes // 65_536 + 1):
            yield b" " * 65_536

    for operation in JSON:
        content = endless(operation.body_most_bytes)
        answer = ask(sqlite_api, operation, content=content, headers={"Content-Type": "application/json"})
        check_problem(answer, 413, "too_large")


def test_another_content_type_is_refused(sqlite_api: Api) -> None:
    wrong = [
        "text/plain",
        "application/xml",
        "application/jsonx",
        "multipart/mixed; boundary=x",
        "",
        "application/json; charset=latin1",
    ]
    for operation in (*JSON, *FORMS):
        for content_type in wrong:
            answer = ask(sqlite_api, operation, content=b"{}", headers={"Content-Type": content_type})
            check_problem(answer, 415, "unsupported_media_type")
        media_type = "multipart/form-data; boundary=x" if operation.multipart else "application/json; charset=UTF-8"
        headers = {"Content-Type": media_type, "Content-Encoding": "gzip"}
        check_problem(ask(sqlite_api, operation, content=b"{}", headers=headers), 415, "unsupported_media_type")
        if not operation.body_optional:
            bodiless = sqlite_api.request(operation.method, address(operation), headers={"Idempotency-Key": "k"})
            check_problem(bodiless, 415, "unsupported_media_type")


def test_json_with_its_charset_is_taken(sqlite_api: Api) -> None:
    body = '{"code": "été"}'.encode()
    answer = sqlite_api.post(
        "/v1/codes/validate", content=body, headers={"Content-Type": 'Application/JSON; charset="UTF-8"'}
    )
    assert answer.json()["reason"] == "code_not_found"


def form(*parts: tuple[str, bytes]) -> dict[str, Any]:
    """A multipart body of raw parts: what stands in Content-Disposition behind form-data, and the content."""
    lines = [
        b"--x\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + body + b"\r\n" for head, body in parts
    ]
    return {"content": b"".join(lines) + b"--x--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}


FILE = ('name="file"; filename="c.csv"', b"telephone\n0639980001\n")
FORM_BODIES: list[tuple[dict[str, Any], int, str]] = [
    (form(), 422, "invalid_request"),
    (form(('name="file"', b"text")), 422, "invalid_request"),
    (form(FILE, ('name="colour"', b"red")), 422, "invalid_request"),
    (form(FILE, ('name="country"', b"FR"), ('name="country"', b"BE")), 422, "invalid_request"),
    (form(FILE, ('name="country"', b"F\0R")), 422, "invalid_request"),
    (form(FILE, ('name="country"; filename="x"', b"FR")), 400, "malformed_request"),
    (form(FILE, FILE), 400, "malformed_request"),
    (form(*[(f'name="f{i}"', b"") for i in range(60)]), 400, "malformed_request"),
    (form(('name="country"', b"F" * 300_000)), 400, "malformed_request"),
    ({"content": b"--x\r\nnothing", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 422, "invalid_request"),
    ({"content": b"nothing", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400, "malformed_request"),
    ({"content": b"nothing", "headers": {"Content-Type": "multipart/form-data"}}, 400, "malformed_request"),
]


def test_a_form_that_cannot_be_is_a_problem(sqlite_api: Api, subtests: pytest.Subtests) -> None:
    for operation in FORMS:
        for sent, status, code in FORM_BODIES:
            with subtests.test(operation=operation.name, body=sent["content"][:80]):
                check_problem(ask(sqlite_api, operation, **sent), status, code)


def test_a_file_that_is_too_long_is_refused(sqlite_api: Api, sqlite_settings: Settings) -> None:
    small = sqlite_settings.model_copy(update={"import_max_bytes": 1_024})
    with served(create_api(small, sqlite_api.engine, open_keyring(small), lambda: NOW)) as url:
        headers = {"Authorization": f"Bearer {sqlite_api.key}"}
        for size in (1_025, 400_000):
            answer = httpx2.post(f"{url}/v1/contacts/import", headers=headers, files={"file": ("c.csv", b"x" * size)})
            check_problem(answer, 413, "too_large")


def test_a_query_is_checked(sqlite_api: Api) -> None:
    messages = "/v1/campaigns/cmp_1/messages"
    wrong = [
        "after=x",
        "after=-2",
        f"after={2**63}",
        "after=" + "9" * 5_000,
        "limit=0",
        "limit=1001",
        "limit=1&limit=2",
        "stage=a%00b",
    ]
    for query in (*wrong, "colour=red", "a&a", "%ff=1&%ff=2"):
        check_problem(sqlite_api.get(f"{messages}?{query}"), 422, "invalid_request")
    check_problem(sqlite_api.get("/v1/campaigns/cmp_1?colour=red"), 422, "invalid_request")


anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([2**64, -(2**63) - 1, 10**400, "\0"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=6,
)


PAGE = {"languages": ["fr"], "blocks": [{"id": "hello", "type": "text", "text": {"fr": "Bonjour"}}]}

GOOD: dict[str, Any] = {
    "add_message": {"to": {"number": "+33639980001"}, "text": "Votre colis est là.", "sender": "36180"},
    "add_payment": payment(f"ppr_{DRAWN_EXAMPLE}"),
    "add_offer": {"name": "x", "kind": "percentage", "percent": "10.0"},
    "add_campaign": {
        "name": "x",
        "kind": "transactional",
        "text": "Bonjour",
        "sender": "LUMEN",
        "rate_per_s": 10,
        "audience": "all",
    },
    "add_segment": {"name": "x", "campaign_id": "cmp_1", "filter": {"stage": "produced"}},
    "change_segment": {"name": "x"},
    "add_follow_up": {"name": "x", "filter": {"stage": "produced", "not": "clicked"}, "leave_out": ["clicked"]},
    "send_campaign": {"at": "2026-11-27T10:00", "timezone": "Europe/Paris"},
    "change_campaign_link": {"destination_url": "https://shop.example/"},
    "add_link": {"destination_url": "https://shop.example/"},
    "add_links": {"links": [{"destination_url": "https://shop.example/"}]},
    "change_link": {"title": "x"},
    "add_page": {"name": "x", "document": PAGE},
    "change_page": {"name": "x", "document": PAGE, "version": 1},
    "publish_page": {"version": 1},
    "generate_codes": {"count": 1},
    "share_code": {"code": "SUMMER", "uses": 9},
    "disable_code": {"code": "SUMMER"},
    "enable_code": {"code": "SUMMER"},
    "add_shop": {"name": "Lyon"},
    "add_store": {"name": "Part-Dieu"},
    "add_webhook": {"url": "https://shop.example/webhooks", "events": ["code.redeemed"]},
    "change_webhook": {"enabled": True},
    "rotate_webhook_secret": {"keep_hours": 1},
    "replay_deliveries": {"since": "2026-11-20T09:00:00Z"},
    "validate_code": {"code": "ABCD"},
    "hold_code": {"code": "ABCD", "order": {"amount": 1, "currency": "EUR"}},
    "return_redemption": {"amount": 1, "currency": "EUR"},
    "redeem_code": {"code": "ABCD", "order_ref": "R-1", "order": {"amount": 1, "currency": "EUR"}},
}


def fuzz(api: Api, operation: Operation, fields: list[str]) -> None:
    """Each field of a body gets anything at all, the others what they should."""

    @hypothesis_settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(fields), anything)
    def holds(field: str, value: Any) -> None:
        body = json.dumps(GOOD[operation.name] | {field: value})
        answer = ask(api, operation, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, answer.text
        assert answer.headers["request-id"]

    holds()


def test_whatever_is_sent_is_answered_and_never_with_500(api: Api) -> None:
    assert {operation.name for operation in JSON} == set(GOOD)
    factories.campaign(api.engine, api.workspace_id)
    assert api.post("/v1/links", json=GOOD["add_link"]).json()["id"] == "lnk_1"
    for operation in JSON:
        assert operation.body
        fuzz(api, operation, sorted(operation.body.model_fields))


def test_a_request_id_is_given_and_a_sane_one_taken(sqlite_api: Api) -> None:
    assert re.fullmatch(r"req_[0-9a-f]{32}", sqlite_api.client.get("/healthz").headers["request-id"])
    for path in ("/healthz", "/v1/nothing", "/openapi.json"):
        assert sqlite_api.client.get(path, headers={"Request-Id": "till-7.42"}).headers["request-id"] == "till-7.42"
    for insane in (b"", b"two words", b"x" * 65, "é".encode(), b"a;b"):
        assert sqlite_api.client.get("/healthz", headers={"Request-Id": insane}).headers["request-id"].startswith("req_")


@contextmanager
def logged(api: Api, settings: Settings) -> Iterator[tuple[Api, list[Any]]]:
    """The same API on a socket of its own; its log is whole once the block has ended."""
    with (
        capture_logs(processors=[merge_contextvars]) as logs,
        served(create_api(settings, api.engine, open_keyring(settings), lambda: NOW)) as url,
        plain_client(url) as client,
    ):
        yield replace(api, client=client), logs


def test_the_logs_name_the_request_and_hold_no_secret(sqlite_api: Api, sqlite_settings: Settings) -> None:
    sent = {"code": "SECRET-CODE", "order_ref": "R-1", "order": {"amount": 1, "currency": "EUR"}}
    with logged(sqlite_api, sqlite_settings) as (api, logs):
        api.post("/v1/redemptions", json=sent, headers={"Request-Id": "till-1", "Idempotency-Key": "secret-key"})
        api.get("/v1/SECRET-CODE")
    redeemed, unknown = logs
    assert redeemed["request_id"] == "till-1"
    assert (redeemed["action"], redeemed["operation"], redeemed["status"]) == ("api.answer", "redeem_code", 409)
    assert (unknown["operation"], unknown["status"]) == ("none", 404)
    for secret in ("SECRET", "secret-key", api.key[len(PREFIX) :]):
        assert secret not in str(logs)


async def broken(_: Request) -> Response:
    raise RuntimeError("the reason, which is nobody's business")


async def broken_midway(_: Request) -> Response:
    async def chunks() -> Any:
        yield b"a"
        raise RuntimeError

    return StreamingResponse(chunks())


def test_an_error_nobody_expected_is_logged_and_told_without_its_reason(sqlite_settings: Settings) -> None:
    router = Router([Route("/broken", broken), Route("/midway", broken_midway)])
    with capture_logs() as logs, served(Front(router, {}, Limits(sqlite_settings))) as url:
        answer = httpx2.get(f"{url}/broken")
        with pytest.raises(httpx2.RemoteProtocolError):
            httpx2.get(f"{url}/midway")
    problem = check_problem(answer, 500, "internal_error")
    assert "business" not in answer.text
    assert problem["retryable"] is True
    assert [entry["action"] for entry in logs] == ["api.fail", "api.answer", "api.fail"]
    assert logs[0]["exc_info"]


def test_a_database_that_is_away_is_a_problem_that_passes(sqlite_settings: Settings) -> None:
    away = open_engine("postgresql://nobody@127.0.0.1:1/nothing")
    with capture_logs() as logs, served(create_api(sqlite_settings, away, open_keyring(sqlite_settings))) as url:
        answer = httpx2.get(f"{url}/v1/campaigns/cmp_1", headers={"Authorization": "Bearer x"})
        assert httpx2.get(f"{url}/healthz").status_code == 200
    assert check_problem(answer, 503, "unavailable")["retryable"] is True
    assert answer.headers["retry-after"] == "1"
    assert logs[0]["action"] == "api.unavailable"


def test_a_caller_who_leaves_is_not_an_error(sqlite_api: Api, sqlite_settings: Settings) -> None:
    def leaving() -> Iterator[bytes]:
        yield b"{"
        raise ConnectionAbortedError

    with logged(sqlite_api, sqlite_settings) as (api, logs), pytest.raises(ConnectionAbortedError):
        api.post("/v1/codes/validate", content=leaving(), headers={"Content-Type": "application/json"})
    assert [(entry["log_level"], entry["status"]) for entry in logs] == [("info", 499)]


def test_every_post_that_changes_something_takes_an_idempotency_key() -> None:
    changing_nothing, a_key_a_line, named_by_its_sender = {"validate_code"}, {"redeem_codes"}, {"take_payment_callback"}
    for operation in OPERATIONS:
        if operation.method == "POST" and operation.name not in changing_nothing | a_key_a_line | named_by_its_sender:
            assert operation.idempotency_key != "none", operation.name
