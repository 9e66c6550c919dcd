"""How much one may ask, and what guessing promo codes comes to."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, event
from structlog.testing import capture_logs

from linksvc.api.limits import LIMIT_METRICS, Limits
from linksvc.code_attempts import ONE_TILL
from linksvc.database import open_engine, reading, writing
from linksvc.failed_attempts import count_by_key
from linksvc.models import PromoCode
from linksvc.settings import Settings
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem, opened


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    """For what is decided before any database is asked."""
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


BEHIND_A_PROXY: dict[str, Any] = {"trusted_proxies": "127.0.0.0/8"}


@contextmanager
def limited(engine: Engine, settings: Settings, **changed: Any) -> Iterator[Api]:
    """No time passes for the limits: what is used up does not come back, however long the test takes."""
    settings = settings.model_copy(update=Settings(**changed).model_dump(include=set(changed)))
    with opened(engine, settings, Limits(settings, lambda: 1_000.0)) as api:
        yield api


@pytest.fixture
def held_still(sqlite_engine: Engine, sqlite_settings: Settings) -> Iterator[Api]:
    with limited(sqlite_engine, sqlite_settings) as api:
        yield api


def ask(api: Api, address: str = "203.0.113.7", **options: Any) -> httpx2.Response:
    return api.get("/v1/campaigns/cmp_1", headers={"X-Forwarded-For": address}, **options)


def validate(api: Api, code: str, address: str = "203.0.113.7", **options: Any) -> httpx2.Response:
    return api.post("/v1/codes/validate", json={"code": code}, headers={"X-Forwarded-For": address}, **options)


def add_code(engine: Engine, workspace_id: int, code: str) -> None:
    offer_id = factories.offer(engine, workspace_id)
    with writing(engine) as session:
        session.add(PromoCode(workspace_id=workspace_id, code=code, offer_id=offer_id))


def test_every_answer_says_what_is_left(sqlite_engine: Engine, sqlite_settings: Settings) -> None:
    with limited(sqlite_engine, sqlite_settings, **BEHIND_A_PROXY) as api:
        answer = ask(api)
        assert answer.headers["ratelimit-policy"] == '"address";q=12000;w=60, "key";q=6000;w=60'
        assert answer.headers["ratelimit"] == '"address";r=11999;t=1, "key";r=5999;t=1'
        for refused in (api.client.get("/v1/nothing", headers={"X-Forwarded-For": "203.0.113.7"}), ask(api, key="wrong")):
            assert refused.headers["ratelimit-policy"] == '"address";q=12000;w=60'


def test_a_key_that_has_used_up_its_quota_is_told_when_to_come_back(
    sqlite_engine: Engine, sqlite_settings: Settings
) -> None:
    with limited(sqlite_engine, sqlite_settings, api_requests_per_key=3) as api:
        assert [api.get("/v1/campaigns/cmp_1").status_code for _ in range(3)] == [404] * 3
        answer = api.get("/v1/campaigns/cmp_1")
        problem = check_problem(answer, 429, "too_many_requests")
        assert problem["retryable"]
        assert answer.headers["retry-after"] == "20"
        assert answer.headers["ratelimit"] == '"key";r=0;t=60'
        assert api.get("/v1/campaigns/cmp_1", key=api.make_key()).status_code == 404, "another key is not held up"


def test_a_network_that_has_used_up_its_quota_is_refused_before_any_key_is_looked_up(
    sqlite_engine: Engine, sqlite_settings: Settings
) -> None:
    with limited(sqlite_engine, sqlite_settings, api_requests_per_address=3, **BEHIND_A_PROXY) as api:
        assert [ask(api, f"203.0.113.{i}").status_code for i in range(3)] == [404] * 3
        with counted_statements(sqlite_engine) as statements:
            check_problem(ask(api, "203.0.113.99", key="wrong"), 429, "too_many_requests")
        assert not statements
        assert ask(api, "198.51.100.1").status_code == 404


def test_whom_nobody_vouches_for_does_not_choose_the_address_that_pays(
    sqlite_engine: Engine, sqlite_settings: Settings
) -> None:
    with limited(sqlite_engine, sqlite_settings, api_requests_per_address=3) as api:
        # This machine's own requests are not limited by address, whatever they claim.
        assert {ask(api).status_code for _ in range(10)} == {404}
        assert "address" not in ask(api).headers["ratelimit-policy"]


def test_no_quota_is_no_limit(sqlite_engine: Engine, sqlite_settings: Settings) -> None:
    none = {"api_requests_per_key": 0, "api_requests_per_address": 0}
    with limited(sqlite_engine, sqlite_settings, **none, **BEHIND_A_PROXY) as api:
        assert "ratelimit" not in ask(api).headers


def test_wrong_codes_of_one_key_from_many_addresses_are_slowed_down_raise_the_alarm_and_are_counted(
    engine: Engine, settings: Settings
) -> None:
    with limited(engine, settings, **BEHIND_A_PROXY) as api, capture_logs() as logs:
        answers = [validate(api, f"GUESS{i}", f"198.51.{i}.1") for i in range(100)]
        statuses = Counter(answer.status_code for answer in answers)
        looked_at = ONE_TILL.least_misses + ONE_TILL.bucket_size
        assert statuses == {200: looked_at, 429: 100 - looked_at}
        last = next(answer for answer in reversed(answers) if answer.status_code == 429)
        assert check_problem(last, 429, "too_many_wrong_codes")["retryable"]
        assert last.headers["retry-after"] == "2"
        with reading(engine) as session:
            (noted,) = count_by_key(session, api.workspace_id, NOW)
        assert (noted.shop, noted.key, noted.reason, noted.count) == ("Lyon", "till", "code_not_found", looked_at)
    assert [line["by"] for line in logs if line.get("action") == "codes.guessed"] == ["key"]


def test_wrong_codes_are_slowed_down_wherever_they_are_tried(held_still: Api) -> None:
    order = {"order_ref": "R-1", "order": {"amount": 100, "currency": "EUR"}}
    for i in range(ONE_TILL.least_misses):
        sent = {"code": f"GUESS{i}"} | order
        check_problem(
            held_still.post("/v1/redemptions", json=sent, headers={"Idempotency-Key": str(i)}), 409, "code_not_found"
        )
    statuses = {validate(held_still, f"OTHER{i}").status_code for i in range(30)}
    assert 429 in statuses


def test_an_answer_that_was_kept_is_given_again_to_a_key_that_is_held_back(held_still: Api) -> None:
    sent = {"code": "GUESS", "order_ref": "R-1", "order": {"amount": 100, "currency": "EUR"}}
    first = held_still.post("/v1/redemptions", json=sent, headers={"Idempotency-Key": "first"})
    while validate(held_still, "WRONG").status_code == 200:
        pass
    again = held_still.post("/v1/redemptions", json=sent, headers={"Idempotency-Key": "first"})
    assert (again.status_code, again.content) == (409, first.content)
    new = held_still.post("/v1/redemptions", json=sent, headers={"Idempotency-Key": "new"})
    check_problem(new, 429, "too_many_wrong_codes")


def test_the_database_is_asked_the_same_of_every_code_that_is_not_the_callers(api: Api) -> None:
    """Unknown, another workspace's, of no possible form: neither the answer nor its time tells which."""
    other = factories.workspace(api.engine, "Other")
    add_code(api.engine, other, "2F4K9QTX07BM")
    asked: dict[str, tuple[Any, ...]] = {}
    validate(api, "the first use of a key is noted")
    for code in ("2F4K-9QTX-07BM", "2F4K-9QTX-07BW", "SUMMER", "?", "x" * 64):
        with counted_statements(api.engine) as statements:
            answer = validate(api, code).json()
            body = {"code": code, "order_ref": "R-1", "order": {"amount": 100, "currency": "EUR"}}
            refused = api.post("/v1/redemptions", json=body, headers={"Idempotency-Key": code}).json()
        asked[code] = (answer["valid"], answer["reason"], refused["code"], refused["status"], statements)
    first = asked["2F4K-9QTX-07BM"]
    assert first[:4] == (False, "code_not_found", "code_not_found", 409)
    assert first[4]
    assert all(one == first for one in asked.values())


def test_what_a_code_answers_does_not_tell_whether_another_workspace_has_it(api: Api) -> None:
    other = factories.workspace(api.engine, "Other")
    add_code(api.engine, other, "SUMMER")
    theirs, nobodys = validate(api, "SUMMER").json(), validate(api, "WINTER").json()
    assert theirs | {"code": ""} == nobodys | {"code": ""}


def test_the_metrics_count_what_was_refused(sqlite_settings: Settings) -> None:
    limits = Limits(sqlite_settings.model_copy(update={"api_requests_per_key": 1}))
    for _ in range(3):
        limits.take("key", "1")
    read = {metric.name: metric.read(limits) for metric in LIMIT_METRICS}
    assert read["ricochet_api_requests_refused_total"] == {"key": 2}
    assert read["ricochet_api_guessing_alarms_total"] == {"key": 0, "address": 0, "shop": 0}


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that reach the database while the block runs, each without its parameters."""
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)
