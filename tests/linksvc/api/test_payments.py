"""Pay by link over real HTTP: asked for, paid by a signed callback, once, whatever is called back."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import orjson
import pytest
from sqlmodel import Session, func, select

from linksvc.applier import apply_batch
from linksvc.database import open_engine, reading, writing
from linksvc.funnel import read_funnel
from linksvc.keys import Keyring, open_keyring
from linksvc.models import (
    Campaign,
    Link,
    Message,
    MessageText,
    Payment,
    PaymentCallback,
    PaymentProvider,
    SendBatch,
    WebhookEvent,
)
from linksvc.money import Money
from linksvc.payment_checkouts import AT_ONCE
from linksvc.payment_providers import disable_provider, rotate_secret
from linksvc.settings import Settings
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem, opened
from tests.linksvc.payment_scenes import (
    STRIPE_KEY,
    STRIPE_SECRET,
    call_back,
    completed,
    intent,
    payment,
    provider,
    signature,
    succeeded,
)
from tests.linksvc.webhooks.scenes import LOOPBACK, endpoint
from tests.receiver import Got, Receiver, Say, receiving

STRIPE_HEADER = "Stripe-Signature"
KEY = "idempotency-key"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Its own machine may be asked and told."""
    return settings.model_copy(update={"webhook_networks": LOOPBACK})


@pytest.fixture
def hmac_provider(api: Api, keyring: Keyring) -> tuple[str, str]:
    made, secret = provider(api.engine, keyring, api.workspace_id)
    return made.id, secret


@pytest.fixture
def stripe_provider(api: Api, keyring: Keyring) -> str:
    return provider(api.engine, keyring, api.workspace_id, "stripe")[0].id


def ask(api: Api, provider_id: str, key: str = "p-1", **fields: Any) -> httpx2.Response:
    return api.post("/v1/payments", json=payment(provider_id, **fields), headers={"Idempotency-Key": key})


def asked(api: Api, provider_id: str, key: str = "p-1", **fields: Any) -> dict[str, Any]:
    answer = ask(api, provider_id, key, **fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def outcome(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["outcome"])


def count(session: Session, table: type[Any]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def state(api: Api, made: dict[str, Any]) -> str:
    return str(api.get(f"/v1/payments/{made['id']}").json()["state"])


def test_a_payment_sends_a_message_whose_link_leads_to_where_it_is_paid(api: Api, hmac_provider: tuple[str, str]) -> None:
    made = asked(api, hmac_provider[0], expires_at="2026-11-22T09:00:00Z")
    assert made["state"] == "pending" and made["amount"] == {"amount": 4990, "currency": "EUR"}
    message = api.get(f"/v1/messages/{made['message_id']}").json()
    assert message["text"] == "Bonjour {{ first_name }}, réglez ici : {{ link }}"
    assert message["link"]["destination_url"] == "https://pay.example/R-1001"
    assert message["link"]["expires_at"] == "2026-11-22T09:00:00Z"
    assert ask(api, hmac_provider[0], expires_at="2026-11-22T09:00:00Z").json() == made
    with reading(api.engine) as session:
        assert (count(session, Payment), count(session, Message)) == (1, 1)


def test_paid_is_told_to_the_customer_the_company_and_the_funnel_once(
    api: Api, keyring: Keyring, hmac_provider: tuple[str, str]
) -> None:
    provider_id, secret = hmac_provider
    endpoint(api.engine, keyring, api.workspace_id, "http://127.0.0.1:9/hooks", "payment.paid")
    factories.contact(api.engine, api.workspace_id, external_id="C-1")
    made = asked(api, provider_id)
    body = succeeded(paid_at="2026-11-20T08:59:00Z")
    for _ in range(2):
        assert outcome(call_back(api.client, provider_id, body, signature(secret, body))) == "paid"
    other = succeeded(id="evt-2")
    assert outcome(call_back(api.client, provider_id, other, signature(secret, other))) == "already_paid"
    shown = api.get(f"/v1/payments/{made['id']}").json()
    assert (shown["state"], shown["paid_at"]) == ("paid", "2026-11-20T08:59:00Z")
    message = api.get(f"/v1/messages/{made['message_id']}").json()
    assert message["link"]["closed"] == "paid"
    with reading(api.engine) as session:
        texts = session.exec(select(MessageText.text).order_by(MessageText.n)).all()  # type: ignore[arg-type]
        (told,) = session.exec(select(WebhookEvent).where(WebhookEvent.type == "payment.paid")).all()
        campaign = session.exec(select(Campaign)).one()
        link = session.exec(select(Link)).one()
    assert texts == ["Bonjour {{ first_name }}, réglez ici : {{ link }}", "Merci {{ first_name }}, c'est payé."]
    data = orjson.loads(told.body)["data"]
    assert data["amount"] == {"amount": 4990, "currency": "EUR"} and data["payment_id"] == made["id"]
    assert data["recipient"] == {"external_id": "C-1", "number": "+33639980001"}
    assert link.revision > 1
    apply_batch(api.engine, campaign.id or 0, "test", lambda: NOW)
    with reading(api.engine) as session:
        funnel = read_funnel(session, api.workspace_id, campaign.id or 0)
    assert (funnel["paid"], funnel["payment"], funnel["produced"]) == (1, 1, 2)
    assert funnel.revenue == (Money(4990, "EUR"),)
    # The message that asked was still waiting: who has paid is asked no more.
    assert api.get(f"/v1/messages/{made['message_id']}").json()["state"] == "cancelled"


def test_two_callbacks_at_once_count_once(api: Api, hmac_provider: tuple[str, str]) -> None:
    provider_id, secret = hmac_provider
    asked(api, provider_id)
    bodies = [succeeded(id=f"evt-{n % 3}") for n in range(9)]
    with ThreadPoolExecutor(9) as threads:
        answers = list(threads.map(lambda body: call_back(api.client, provider_id, body, signature(secret, body)), bodies))
    told = [outcome(answer) for answer in answers]
    # The three repetitions of the one that counted, and six that came too late for it.
    assert sorted(told) == ["already_paid"] * 6 + ["paid"] * 3
    with reading(api.engine) as session:
        assert (count(session, PaymentCallback), count(session, MessageText)) == (3, 2)


OTHERS: dict[str, list[dict[str, Any]]] = {
    "amount_differs": [{"amount": 4989}, {"amount": 499000}, {"currency": "USD"}],
    "unknown_payment": [{"reference": "R-of-nobody"}],
    "ignored": [{"type": "payment.created"}],
    "expired": [{"paid_at": "2026-11-20T09:30:00Z"}],
}


def test_what_is_not_what_was_asked_changes_nothing_and_is_kept(api: Api, hmac_provider: tuple[str, str]) -> None:
    provider_id, secret = hmac_provider
    cases = [(expected, fields) for expected, many in OTHERS.items() for fields in many]
    for n, (expected, fields) in enumerate(cases):
        made = asked(api, provider_id, f"p-{n}", provider_ref=f"R-{n}", expires_at="2026-11-20T09:20:00Z")
        body = succeeded(**({"id": f"evt-{n}", "reference": f"R-{n}"} | fields))
        told = [outcome(call_back(api.client, provider_id, body, signature(secret, body))) for _ in range(2)]
        assert told == [expected, expected] and state(api, made) == "pending", fields
    with reading(api.engine) as session:
        kept = {row.event_ref: row.outcome for row in session.exec(select(PaymentCallback))}
        assert kept == {f"evt-{n}": expected for n, (expected, _) in enumerate(cases)}
        assert count(session, MessageText) == len(cases)


def test_a_callback_that_came_before_its_payment_counts_when_it_comes_again(
    api: Api, hmac_provider: tuple[str, str]
) -> None:
    provider_id, secret = hmac_provider
    body = succeeded()
    with ThreadPoolExecutor(4) as threads:
        told = list(
            threads.map(lambda _: outcome(call_back(api.client, provider_id, body, signature(secret, body))), range(4))
        )
    assert told == ["unknown_payment"] * 4
    made = asked(api, provider_id)
    assert outcome(call_back(api.client, provider_id, body, signature(secret, body))) == "paid"
    assert state(api, made) == "paid"


def test_a_forged_or_old_callback_is_refused_and_leaves_nothing(api: Api, hmac_provider: tuple[str, str]) -> None:
    provider_id, secret = hmac_provider
    made = asked(api, provider_id)
    body, five = succeeded(), timedelta(minutes=5)
    refused: dict[str, list[str | None]] = {
        "signature_missing": [None, ""],
        "signature_too_old": [
            signature(secret, body, NOW - five - timedelta(seconds=1)),
            signature(secret, body, NOW + five * 2),
        ],
        "signature_invalid": [
            signature("another secret", body),
            signature(secret, body + b" "),
            signature(secret, body).replace("v1=", "v0="),
            signature(secret, body).replace("t=", "t=1,t="),
            signature(secret, body)[:-1],
            "t=,v1=",
            "nonsense",
            "t=" + "9" * 400 + ",v1=" + "0" * 64,
        ],
    }
    for code, headers in refused.items():
        for header in headers:
            check_problem(call_back(api.client, provider_id, body, header), 401, code)
    check_problem(call_back(api.client, provider_id, body, signature(secret, body), STRIPE_HEADER), 401, "signature_missing")
    check_problem(call_back(api.client, "ppr_" + "0" * 32, body, signature(secret, body)), 404, "provider_not_found")
    for nonsense in (b"", b"[]", b"{", b'{"id": "evt-1"}', succeeded(amount="4990"), succeeded(amount=1.5), b"\xff"):
        check_problem(call_back(api.client, provider_id, nonsense, signature(secret, nonsense)), 422, "callback_unreadable")
    check_problem(call_back(api.client, provider_id, b"x" * 300_000, "t=1,v1=0"), 413, "too_large")
    assert state(api, made) == "pending"
    with reading(api.engine) as session:
        assert count(session, PaymentCallback) == 0
    almost = signature(secret, body, NOW - five)
    assert outcome(call_back(api.client, provider_id, body, almost)) == "paid"


def test_two_secrets_are_taken_while_they_are_exchanged_and_none_is_stored_in_clear(
    api: Api, keyring: Keyring, hmac_provider: tuple[str, str]
) -> None:
    provider_id, old = hmac_provider
    asked(api, provider_id)
    with writing(api.engine) as session:
        _, new = rotate_secret(session, keyring, api.workspace_id, "hmac", "", timedelta(hours=24), NOW)
        row = session.exec(select(PaymentProvider)).one()
        assert old not in row.model_dump_json() and new not in row.model_dump_json()
    for n, secret in enumerate((old, new)):
        body = succeeded(id=f"evt-{n}")
        assert outcome(call_back(api.client, provider_id, body, signature(secret, body))) in ("paid", "already_paid")
    with writing(api.engine) as session:
        rotate_secret(session, keyring, api.workspace_id, "hmac", "", timedelta(0), NOW)
    for secret in (old, new):
        check_problem(call_back(api.client, provider_id, body, signature(secret, body)), 401, "signature_invalid")
    with writing(api.engine) as session:
        disable_provider(session, api.workspace_id, "hmac", NOW)
    check_problem(call_back(api.client, provider_id, body, signature(new, body)), 404, "provider_not_found")
    check_problem(ask(api, provider_id, "p-2"), 404, "provider_not_found")


def test_stripe_tells_of_one_payment_twice_and_it_counts_once(api: Api, stripe_provider: str) -> None:
    made = asked(api, stripe_provider, provider_ref="cs_test_a1")
    first, second = completed(), intent(made["id"])
    assert outcome(call_back(api.client, stripe_provider, first, signature(STRIPE_SECRET, first), STRIPE_HEADER)) == "paid"
    assert (
        outcome(call_back(api.client, stripe_provider, second, signature(STRIPE_SECRET, second), STRIPE_HEADER))
        == "already_paid"
    )
    assert state(api, made) == "paid"


OF_STRIPE = (
    ("ignored", completed(event="evt_1", payment_status="unpaid")),
    ("amount_differs", completed(event="evt_2", amount_total=5000)),
    ("amount_differs", completed(event="evt_3", currency="usd")),
    ("unknown_payment", completed(event="evt_4", id="cs_of_another", payment_intent=None)),
    ("ignored", json.dumps({"id": "evt_9", "type": "invoice.paid", "created": 1, "data": {"object": {}}}).encode()),
)


def test_other_events_of_stripe_change_nothing(api: Api, stripe_provider: str) -> None:
    made = asked(api, stripe_provider, provider_ref="cs_test_a1")
    for expected, body in OF_STRIPE:
        header = signature(STRIPE_SECRET, body) + ",v0=0123"
        assert outcome(call_back(api.client, stripe_provider, body, header, STRIPE_HEADER)) == expected
    assert state(api, made) == "pending"


@pytest.fixture
def pay_page() -> Iterator[Receiver]:
    """A provider's own server, which is asked for a place to pay."""
    with receiving() as receiver:
        yield receiver


def made_there(url: str, name: str, value: str) -> Say:
    return Say(body=orjson.dumps({name: value, "url": url, "object": "checkout.session"}))


def test_a_provider_is_asked_for_a_place_to_pay_by_a_signed_request(api: Api, keyring: Keyring, pay_page: Receiver) -> None:
    made, secret = provider(
        api.engine, keyring, api.workspace_id, checkout_url=pay_page.url, return_url="https://shop.example"
    )
    pay_page.answer = lambda _: made_there("https://pay.example/c/9", "reference", "C-9")
    first, again = (asked(api, made.id, provider_ref=None, destination_url=None) for _ in range(2))
    assert first == again
    assert (first["provider_ref"], first["destination_url"]) == ("C-9", "https://pay.example/c/9")
    (got,) = pay_page.got
    assert got.headers["payment-signature"] == signature(secret, got.body)
    assert got.headers["idempotency-key"] == first["id"]
    assert orjson.loads(got.body) == {
        "payment_id": first["id"],
        "amount": 4990,
        "currency": "EUR",
        "description": "Order R-1001",
        "expires_at": None,
        "return_url": "https://shop.example/",
    }


def test_stripe_is_asked_for_a_checkout_with_the_key_of_the_account(api: Api, keyring: Keyring, pay_page: Receiver) -> None:
    made, _ = provider(
        api.engine,
        keyring,
        api.workspace_id,
        "stripe",
        checkout_url=pay_page.url,
        checkout_key=STRIPE_KEY,
        return_url="https://shop.example/thanks",
    )
    pay_page.answer = lambda _: made_there("https://checkout.stripe.example/c/pay/cs_test_a1#fid", "id", "cs_test_a1")
    money = {"amount": 1250, "currency": "JPY"}
    first = asked(api, made.id, provider_ref=None, destination_url=None, amount=money)
    assert first["expires_at"] == "2026-11-21T09:00:00Z"
    (got,) = pay_page.got
    form = dict(httpx2.QueryParams(got.body.decode()))
    assert got.headers["authorization"] == f"Bearer {STRIPE_KEY}" and got.headers["idempotency-key"] == first["id"]
    assert form["client_reference_id"] == form["metadata[payment_id]"] == first["id"]
    assert form["payment_intent_data[metadata][payment_id]"] == first["id"]
    assert form["line_items[0][price_data][unit_amount]"] == "1250" and form["line_items[0][price_data][currency]"] == "jpy"
    assert form["success_url"] == "https://shop.example/thanks" and "expires_at" not in form
    body = intent(first["id"], amount_received=1250, currency="jpy", id="pi_of_nobody")
    assert outcome(call_back(api.client, made.id, body, signature(STRIPE_SECRET, body), STRIPE_HEADER)) == "paid"
    with reading(api.engine) as session:
        assert STRIPE_KEY not in session.exec(select(PaymentProvider)).one().model_dump_json()


FAILURES = (
    (Say(500), "provider_failed", True),
    (Say(429), "provider_failed", True),
    (Say(402, body=b'{"error": {"message": "Your account cannot take cards."}}'), "provider_refused", False),
    (Say(302, {"location": "https://pay.example"}), "provider_refused", False),
    (Say(200, body=b"<html>"), "provider_answer_unusable", False),
    (Say(200, body=b'{"url": "https://pay.example"}'), "provider_answer_unusable", False),
    (Say(200, body=b'{"url": "javascript:alert(1)", "reference": "C-1"}'), "provider_answer_unusable", False),
    (Say(200, body=b'{"url": "http://10.0.0.1/", "reference": "C-1"}'), "provider_answer_unusable", False),
    (Say(200, body=b" " * 200_000), "provider_unreachable", True),
)


def test_a_provider_that_fails_leaves_nothing_behind_and_the_same_request_may_succeed_later(
    api: Api, keyring: Keyring, pay_page: Receiver
) -> None:
    made, _ = provider(api.engine, keyring, api.workspace_id, checkout_url=pay_page.url)
    for say, code, retryable in FAILURES:
        pay_page.answer = lambda _, say=say: say  # type: ignore[misc]
        problem = check_problem(ask(api, made.id, provider_ref=None, destination_url=None), 502, code)
        assert problem["retryable"] is retryable
        if say.status == 402:
            assert "Your account cannot take cards" in problem["detail"]
    with reading(api.engine) as session:
        assert (count(session, Message), count(session, Payment)) == (0, 0)
    pay_page.answer = lambda _: made_there("https://pay.example/c/9", "reference", "C-9")
    assert asked(api, made.id, provider_ref=None, destination_url=None)["provider_ref"] == "C-9"
    assert len({got.headers["idempotency-key"] for got in pay_page.got}) == 1


def test_a_provider_that_hangs_takes_so_many_threads_and_no_more(
    sqlite_settings: Settings, sqlite_url: str, pay_page: Receiver
) -> None:
    engine, keyring = open_engine(sqlite_url), open_keyring(sqlite_settings)
    own = sqlite_settings.model_copy(update={"webhook_networks": LOOPBACK})
    let_go = threading.Event()
    pay_page.answer = lambda got: replace(made_there("https://pay.example/c", "reference", got.headers[KEY]), held=let_go)
    with opened(engine, own) as api, ThreadPoolExecutor(AT_ONCE) as threads:
        made, _ = provider(engine, keyring, api.workspace_id, checkout_url=pay_page.url)
        held = [threads.submit(ask, api, made.id, f"p-{n}", provider_ref=None, destination_url=None) for n in range(AT_ONCE)]
        pay_page.wait_for(AT_ONCE)
        refused = ask(api, made.id, "p-more", provider_ref=None, destination_url=None)
        let_go.set()
        assert {one.result().status_code for one in held} == {201}
        check_problem(refused, 429, "too_many_checkouts")
    engine.dispose()


def test_a_provider_in_a_private_network_is_not_asked(settings: Settings, engine: Any, keyring: Keyring) -> None:
    with opened(engine, settings.model_copy(update={"webhook_networks": ()})) as api, receiving() as pay_page:
        made, _ = provider(engine, keyring, api.workspace_id, checkout_url=pay_page.url.replace("http:", "https:"))
        problem = check_problem(ask(api, made.id, provider_ref=None, destination_url=None), 502, "provider_unreachable")
        assert "not sent to" in problem["detail"] and not pay_page.got


def test_two_requests_of_one_key_at_once_make_one_payment(api: Api, keyring: Keyring, pay_page: Receiver) -> None:
    made, _ = provider(api.engine, keyring, api.workspace_id, checkout_url=pay_page.url)

    def one_place(got: Got) -> Say:
        return made_there("https://pay.example/c", "reference", got.headers["idempotency-key"])

    pay_page.answer = one_place
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: ask(api, made.id, provider_ref=None, destination_url=None), range(4)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request_in_flight"}
    with reading(api.engine) as session:
        assert (count(session, Message), count(session, Payment)) == (1, 1)


IMPOSSIBLE: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"amount": {"amount": 0, "currency": "EUR"}}, 422, "amount_invalid"),
    ({"amount": {"amount": 1, "currency": "XXX"}}, 422, "currency_unknown"),
    ({"provider_ref": None}, 422, "provider_ref_missing"),
    ({"destination_url": None, "provider_ref": None}, 422, "checkout_missing"),
    ({"destination_url": "https://user@pay.example"}, 422, "destination_invalid"),
    ({"text": "Payez !"}, 422, "destination_without_link"),
    ({"confirmation": "{{ link }}"}, 422, "template_unknown_field"),
    ({"expires_at": "2026-11-20T09:00:30Z"}, 422, "expiry_invalid"),
    ({"expires_at": "2029-11-20T09:00:30Z"}, 422, "expiry_invalid"),
    ({"provider_id": "ppr_1"}, 404, "not_found"),
    ({"provider_id": "ppr_" + "1" * 32}, 404, "provider_not_found"),
)


def test_what_cannot_be_asked_for_is_told_and_leaves_nothing(sqlite_api: Api, sqlite_settings: Settings) -> None:
    made, _ = provider(sqlite_api.engine, open_keyring(sqlite_settings), sqlite_api.workspace_id)
    for fields, status, code in IMPOSSIBLE:
        check_problem(ask(sqlite_api, **({"provider_id": made.id} | fields)), status, code)
    with reading(sqlite_api.engine) as session:
        assert (count(session, Message), count(session, Payment)) == (0, 0)


def test_payments_are_listed_newest_first_by_state_and_page(api: Api, hmac_provider: tuple[str, str]) -> None:
    provider_id, secret = hmac_provider
    made = [asked(api, provider_id, f"p-{n}", provider_ref=f"R-{n}") for n in range(5)]
    check_problem(ask(api, provider_id, "p-9", provider_ref="R-1"), 409, "payment_exists")
    body = succeeded(reference="R-2")
    call_back(api.client, provider_id, body, signature(secret, body))
    first = api.get("/v1/payments", params={"limit": 3}).json()
    second = api.get("/v1/payments", params={"limit": 3, "after": first["next_after"]}).json()
    assert len(first["payments"]) == 3 and second["next_after"] is None
    listed = [one["id"] for one in first["payments"] + second["payments"]]
    assert listed == sorted((one["id"] for one in made), reverse=True)
    paid = api.get("/v1/payments", params={"state": "paid"}).json()["payments"]
    assert [one["id"] for one in paid] == [made[2]["id"]]
    check_problem(api.get("/v1/payments", params={"after": "pay_1"}), 422, "cursor_invalid")
    stranger = api.make_key(workspace_id=factories.workspace(api.engine, "Another"))
    assert api.get("/v1/payments", key=stranger).json()["payments"] == []
    check_problem(api.get(f"/v1/payments/{made[0]['id']}", key=stranger), 404, "payment_not_found")


def test_a_payment_that_is_called_off_is_asked_for_no_more(api: Api, hmac_provider: tuple[str, str]) -> None:
    provider_id, secret = hmac_provider
    made = asked(api, provider_id)
    for _ in range(2):
        assert api.post(f"/v1/payments/{made['id']}/cancel").json()["state"] == "cancelled"
    message = api.get(f"/v1/messages/{made['message_id']}").json()
    assert message["link"]["expires_at"] == "2026-11-20T09:00:00Z"
    with reading(api.engine) as session:
        assert count(session, SendBatch) == 0
    body = succeeded()
    assert outcome(call_back(api.client, provider_id, body, signature(secret, body))) == "cancelled"
    other = asked(api, provider_id, "p-2", provider_ref="R-2")
    body = succeeded(id="evt-2", reference="R-2")
    assert outcome(call_back(api.client, provider_id, body, signature(secret, body))) == "paid"
    check_problem(api.post(f"/v1/payments/{other['id']}/cancel"), 409, "payment_paid")
