import json
from datetime import datetime, timedelta
from typing import Any

import httpx2
from sqlalchemy import text
from sqlmodel import select, update
from structlog.testing import capture_logs

from linksvc.api.operation import LINES_MOST
from linksvc.database import reading, writing
from linksvc.models import Fact, Offer, PromoCode, Redemption
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.api.test_codes import CODE, ORDER, add_code, redeem

EARLIER = NOW - timedelta(hours=2)


def line(key: str, *, occurred_at: datetime = EARLIER, **change: Any) -> dict[str, Any]:
    sent = {"idempotency_key": key, "occurred_at": occurred_at.isoformat(), "code": CODE, "order_ref": key, "order": ORDER}
    return sent | change


def upload(api: Api, *lines: dict[str, Any] | str, **options: Any) -> httpx2.Response:
    content = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    return api.post(
        "/v1/redemptions/batch", content=content.encode(), headers={"Content-Type": "application/x-ndjson"}, **options
    )


def results(answer: httpx2.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(one) for one in answer.text.splitlines()]


def codes(answer: httpx2.Response) -> list[str | int]:
    """What came of each line: the problem's code, or the status."""
    return [one["problem"]["code"] if one["problem"] else one["status"] for one in results(answer)]


def test_what_a_till_did_offline_is_redeemed_line_by_line(api: Api) -> None:
    campaign_id = factories.produced_campaign(api.engine, api.workspace_id, 1)
    add_code(api, campaign_id=campaign_id, n=0, max_uses=2, starts_at=NOW - timedelta(days=1))
    done, missing = results(upload(api, line("k-1"), "", line("k-2", code="ELSE")))
    assert (done["line"], done["idempotency_key"], done["status"], done["replayed"]) == (1, "k-1", 201, False)
    redemption = done["redemption"]
    assert (redemption["redeemed_at"], redemption["received_at"]) == ("2026-11-20T07:00:00Z", "2026-11-20T09:00:00Z")
    assert (redemption["offline"], redemption["accepted_duplicate"], done["problem"]) == (True, False, None)
    assert (missing["line"], missing["status"], missing["redemption"]) == (3, 409, None)
    assert (missing["problem"]["code"], missing["problem"]["status"]) == ("code_not_found", 409)
    with reading(api.engine) as session:
        assert session.exec(select(Fact.occurred_at)).one() == EARLIER


def test_an_upload_that_is_sent_again_gets_the_first_results(api: Api) -> None:
    add_code(api, max_uses=2, starts_at=EARLIER)
    lines = [line("k-1"), line("k-2"), line("k-3"), line("k-1")]
    first, again = upload(api, *lines), upload(api, *lines)
    assert codes(first) == [201, 201, "code_exhausted", 201]
    assert [one["replayed"] for one in results(first)] == [False, False, False, True]
    assert again.text.replace('"replayed":true', '"replayed":false') == first.text.replace(
        '"replayed":true', '"replayed":false'
    )
    assert all(one["replayed"] for one in results(again))
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 2


def test_a_line_that_is_wrong_is_told_with_its_key_where_one_can_be_read(api: Api) -> None:
    lines = [line("k-1", order={"amount": -1, "currency": "EUR"}), line("k-2", occurred="?"), line("k é"), "{", "7", '"k-3"']
    told = results(upload(api, *lines))
    assert [one["idempotency_key"] for one in told] == ["k-1", "k-2", None, None, None, None]
    assert {one["status"] for one in told} == {400, 422}


def test_a_redemption_whose_answer_was_lost_may_be_uploaded(api: Api) -> None:
    add_code(api)
    alone = redeem(api, "k-1", order_ref="k-1")
    (uploaded,) = results(upload(api, line("k-1")))
    assert (uploaded["replayed"], uploaded["redemption"]) == (True, alone.json())
    assert redeem(api, "k-1", order_ref="k-1").content == alone.content
    assert results(upload(api, line("k-1", order_ref=" k-1 ")))[0]["redemption"] == alone.json()
    assert codes(upload(api, line("k-1", order_ref="R-2"))) == ["idempotency_key_reused"]


def test_a_wrong_line_holds_up_no_other(api: Api) -> None:
    add_code(api, max_uses=9, starts_at=EARLIER)
    wrong = [
        ("{", "json_malformed"),
        ("[]", "invalid_request"),
        ("{}", "invalid_request"),
        (json.dumps(line("two words")), "invalid_request"),
        (json.dumps(line("k-2", occurred_at=NOW.replace(tzinfo=None))), "invalid_request"),
        (json.dumps(line("k-2", colour="red")), "invalid_request"),
        (json.dumps(line("k-2", code="a\0b")), "invalid_request"),
    ]
    told = codes(upload(api, line("k-1"), *(text for text, _ in wrong), line("k-2")))
    assert told == [201, *(code for _, code in wrong), 201]


def test_an_upload_is_judged_by_when_it_happened(api: Api) -> None:
    add_code(api, max_uses=9, starts_at=NOW - timedelta(days=20), ends_at=NOW - timedelta(hours=1))
    lines = [
        line("in-time"),
        line("ended", occurred_at=NOW - timedelta(minutes=59)),
        line("too-old", occurred_at=NOW - timedelta(days=7, seconds=1)),
        line("old", occurred_at=NOW - timedelta(days=7)),
        line("future", occurred_at=NOW + timedelta(minutes=6)),
    ]
    answer = upload(api, *lines)
    assert codes(answer) == [201, "code_expired", "upload_too_late", 201, "occurred_in_future"]
    assert "168 hours old at most" in results(answer)[2]["problem"]["detail"]


def test_a_mark_before_the_first_line_is_none_of_it(api: Api) -> None:
    add_code(api, max_uses=2, starts_at=EARLIER)
    assert codes(upload(api, "\ufeff" + json.dumps(line("k-1")), line("k-2"))) == [201, 201]


def test_a_code_that_was_used_meanwhile_is_refused_or_recorded_as_the_till_asks(api: Api) -> None:
    add_code(api, starts_at=EARLIER)
    redeem(api)
    assert codes(upload(api, line("k-1"))) == ["code_exhausted"]
    (accepted,) = results(upload(api, line("k-2"), params={"duplicates": "accept"}))
    assert accepted["redemption"]["accepted_duplicate"] is True
    # What was refused stays refused, unless it comes with a new key, and what is no duplicate is not accepted.
    lines = [line("k-1"), line("k-1-again", order_ref="k-1"), line("k-3", code="ELSE")]
    answer = upload(api, *lines, params={"duplicates": "accept"})
    assert codes(answer) == ["code_exhausted", 201, "code_not_found"]
    refused, accepted, _ = results(answer)
    assert (refused["replayed"], accepted["redemption"]["accepted_duplicate"]) == (True, True)
    with reading(api.engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 1
        assert len(session.exec(select(Redemption)).all()) == 3


def test_the_description_says_that_a_line_that_was_refused_stays_refused(sqlite_api: Api) -> None:
    document = sqlite_api.get("/openapi.json").json()
    (told,) = document["paths"]["/v1/redemptions/batch"]["post"]["parameters"]
    assert told["name"] == "duplicates" and "new `idempotency_key`" in told["description"]


def test_a_line_that_breaks_is_told_and_leaves_nothing(api: Api) -> None:
    add_code(api, max_uses=9, starts_at=EARLIER)
    with writing(api.engine) as session:
        session.exec(update(Offer).values(timezone="Nowhere/At_all"))
    with capture_logs() as logs:
        told = results(upload(api, line("k-1"), line("k-2", code="ELSE")))
    assert [one["status"] for one in told] == [500, 409]
    assert (told[0]["problem"]["code"], told[0]["problem"]["retryable"]) == ("internal_error", True)
    assert [entry["action"] for entry in logs if entry["action"] != "api.answer"] == ["api.fail"]
    with writing(api.engine) as session:
        session.exec(update(Offer).values(timezone="UTC"))
    assert codes(upload(api, line("k-1"))) == [201]


def test_a_database_that_goes_away_is_asked_once(sqlite_api: Api) -> None:
    add_code(sqlite_api, max_uses=9, starts_at=EARLIER)
    with writing(sqlite_api.engine) as session:
        session.execute(text("ALTER TABLE promo_code RENAME TO away"))
    with capture_logs() as logs:
        assert codes(upload(sqlite_api, line("k-1"), line("k-2"), "{")) == ["unavailable", "unavailable", "json_malformed"]
    assert [entry["action"] for entry in logs if entry["action"] != "api.answer"] == ["api.unavailable"]
    with writing(sqlite_api.engine) as session:
        session.execute(text("ALTER TABLE away RENAME TO promo_code"))
    assert codes(upload(sqlite_api, line("k-1"), line("k-2"))) == [201, 201]


def test_an_upload_has_bounds(sqlite_api: Api) -> None:
    check_problem(upload(sqlite_api, "\n" * (LINES_MOST + 1)), 413, "too_large")
    check_problem(upload(sqlite_api, " " * 8_388_609), 413, "too_large")
    assert results(upload(sqlite_api, "\n" * LINES_MOST)) == []
    headers = {"Content-Type": "application/json"}
    check_problem(sqlite_api.post("/v1/redemptions/batch", content=b"{}", headers=headers), 415, "unsupported_media_type")
    check_problem(upload(sqlite_api, "{}", params={"duplicates": "perhaps"}), 422, "invalid_request")
    check_problem(upload(sqlite_api, "{}", key=sqlite_api.make_key()), 403, "key_without_shop")
