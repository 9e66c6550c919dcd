"""Webhooks as they are sent: by the task of the worker, to real servers."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import col, select

from linksvc.clock import Clock, now
from linksvc.database import open_engine, reading, writing
from linksvc.keys import Keyring, open_keyring
from linksvc.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from linksvc.settings import Settings
from linksvc.webhooks import queue
from linksvc.webhooks.addresses import Networks
from linksvc.webhooks.deliveries import replay
from linksvc.webhooks.endpoints import Owner, rotate_secret, secrets_of
from linksvc.webhooks.pace import OF_ONE_MOST, TOGETHER_MOST
from linksvc.webhooks.posting import Poster
from linksvc.webhooks.signing import secret_of
from ricochet.webhook_sender import WebhookSender
from tests import factories
from tests.linksvc.webhooks.scenes import LOOPBACK, endpoint, tell_many
from tests.receiver import Receiver, Say, receiving, wait_until
from tests.ricochet.served import metrics, served
from tests.sender.certificates import Authority

SECRET = SecretStr("a secret key for the tests, of 42 characters")


@contextmanager
def sending(
    engine: Engine,
    keyring: Keyring,
    clock: Clock = now,
    *,
    own: Networks = LOOPBACK,
    tls: ssl.SSLContext | None = None,
    attempt_s: float = 15.0,
) -> Iterator[WebhookSender]:
    """The task of a worker, while the block runs."""
    sender = WebhookSender(engine, keyring, clock, lambda: Poster(own, TOGETHER_MOST, tls, attempt_s))
    stop = threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    try:
        yield sender
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def deliveries(engine: Engine) -> list[WebhookDelivery]:
    with reading(engine) as session:
        found = list(session.exec(select(WebhookDelivery)))
        session.expunge_all()
    return found


def delivery(engine: Engine) -> WebhookDelivery:
    (one,) = deliveries(engine)
    return one


def states(engine: Engine) -> list[str]:
    return sorted(one.state for one in deliveries(engine))


def test_each_event_comes_once_signed_and_is_logged(engine: Engine, keyring: Keyring, receiver: Receiver) -> None:
    workspace_id = factories.workspace(engine)
    _, secret = endpoint(engine, keyring, workspace_id, receiver.url)
    events = tell_many(engine, workspace_id, 30, now())
    with sending(engine, keyring) as sender:
        wait_until(lambda: states(engine) == ["delivered"] * 30)
    assert sorted(got.id for got in receiver.got) == sorted(events)
    for got in receiver.got:
        got.verify(secret)
        assert got.headers["content-type"] == "application/json"
        assert got.headers["user-agent"].startswith("Ricochet/")
    with reading(engine) as session:
        tries = session.exec(select(WebhookAttempt)).all()
    assert [(one.attempt, one.status, one.error) for one in tries] == [(1, 200, "")] * 30
    assert sender.tries == {"delivered": 30}


def test_a_failure_is_tried_again_at_its_time_until_it_is_taken(
    engine: Engine, keyring: Keyring, receiver: Receiver
) -> None:
    workspace_id = factories.workspace(engine)
    endpoint(engine, keyring, workspace_id, receiver.url)
    tell_many(engine, workspace_id, 1, now())
    at = [datetime.now(UTC)]
    answers = iter([Say(500, body=b"no\x00t now"), Say(302, {"location": "https://example.com/"}), Say(204)])
    receiver.answer = lambda _: next(answers)
    for status, error in ((500, "the receiver did not take it"), (302, "redirects are not followed"), (204, "")):
        with sending(engine, keyring, lambda: at[0]):
            wait_until(lambda: delivery(engine).last_status == status)  # noqa: B023
        one = delivery(engine)
        assert (one.state, one.last_error) == ("delivered" if status == 204 else "pending", error)
        if one.state == "pending":
            assert one.next_at > at[0]
            at[0] = one.next_at
    assert len(receiver.got) == 3 and len({got.id for got in receiver.got}) == 1
    with reading(engine) as session:
        log = session.exec(select(WebhookAttempt).order_by(col(WebhookAttempt.attempt))).all()
    assert [(one.attempt, one.status, one.answer) for one in log] == [(1, 500, "no\ufffdt now"), (2, 302, ""), (3, 204, "")]


def test_whoever_is_gone_is_sent_nothing_more(engine: Engine, keyring: Keyring, receiver: Receiver) -> None:
    workspace_id = factories.workspace(engine)
    endpoint(engine, keyring, workspace_id, receiver.url)
    receiver.answer = lambda _: Say(410)
    tell_many(engine, workspace_id, 1, now())
    with sending(engine, keyring):
        wait_until(lambda: states(engine) == ["failed"])
    with reading(engine) as session:
        row = session.exec(select(WebhookEndpoint)).one()
    assert row.disabled_at and row.disabled_reason == "gone"
    tell_many(engine, workspace_id, 1, now(), first=2)
    assert states(engine) == ["failed"] and len(receiver.got) == 1


def test_a_receiver_that_is_slow_holds_up_nobody_else(engine: Engine, keyring: Keyring, receiver: Receiver) -> None:
    workspace_id = factories.workspace(engine)
    held = threading.Event()
    with receiving() as slow:
        slow.answer = lambda _: Say(held=held)
        endpoint(engine, keyring, workspace_id, slow.url)
        endpoint(engine, keyring, workspace_id, receiver.url)
        tell_many(engine, workspace_id, 50, now())
        with sending(engine, keyring):
            receiver.wait_for(50)
            assert 1 <= len(slow.got) <= OF_ONE_MOST
            held.set()
            wait_until(lambda: states(engine) == ["delivered"] * 100)
    assert len({got.id for got in slow.got}) == 50


def test_what_never_answers_is_given_up_in_time_and_is_no_success(
    engine: Engine, keyring: Keyring, receiver: Receiver
) -> None:
    workspace_id = factories.workspace(engine)
    endpoint(engine, keyring, workspace_id, receiver.url)
    held = threading.Event()
    receiver.answer = lambda _: Say(held=held)
    tell_many(engine, workspace_id, 1, now())
    with sending(engine, keyring, attempt_s=0.3):
        wait_until(lambda: delivery(engine).last_error == "no answer in time")
    held.set()
    assert delivery(engine).state == "pending"


def test_a_stop_lets_what_is_under_way_end_and_gives_the_rest_back(
    engine: Engine, keyring: Keyring, receiver: Receiver
) -> None:
    workspace_id = factories.workspace(engine)
    endpoint(engine, keyring, workspace_id, receiver.url)
    held = threading.Event()
    receiver.answer = lambda got: Say(held=held if got is receiver.got[0] else None)
    tell_many(engine, workspace_id, 2, now())
    with sending(engine, keyring):
        wait_until(lambda: states(engine) == ["delivered", "pending"])
    one = next(one for one in deliveries(engine) if one.state == "pending")
    assert one.next_at <= datetime.now(UTC) and (one.attempts, one.tries) == (1, 0)
    held.set()
    with sending(engine, keyring):
        wait_until(lambda: states(engine) == ["delivered"] * 2)


def test_what_a_killed_process_had_in_hand_is_sent_again(engine: Engine, keyring: Keyring, receiver: Receiver) -> None:
    workspace_id = factories.workspace(engine)
    made, _ = endpoint(engine, keyring, workspace_id, receiver.url)
    tell_many(engine, workspace_id, 3, now())
    began = datetime.now(UTC)
    with writing(engine) as session:
        assert len(queue.claim(session, keyring, {(workspace_id, made.id): 2}, began)) == 2
    with sending(engine, keyring, lambda: began + timedelta(seconds=1)):
        wait_until(lambda: states(engine) == ["delivered", "pending", "pending"])
    with sending(engine, keyring, lambda: began + queue.CLAIMED_FOR):
        wait_until(lambda: states(engine) == ["delivered"] * 3)
    assert sorted(one.attempts for one in deliveries(engine)) == [1, 2, 2]


def test_two_processes_send_each_event_once(engine: Engine, keyring: Keyring, receiver: Receiver) -> None:
    workspace_id = factories.workspace(engine)
    endpoint(engine, keyring, workspace_id, receiver.url)
    tell_many(engine, workspace_id, 60, now())
    with sending(engine, keyring) as one, sending(engine, keyring) as other:
        wait_until(lambda: states(engine) == ["delivered"] * 60)
    assert len(receiver.got) == 60 == one.tries["delivered"] + other.tries["delivered"]


def test_an_event_is_sent_again_on_request_with_the_same_id(engine: Engine, keyring: Keyring, receiver: Receiver) -> None:
    workspace_id = factories.workspace(engine)
    made, _ = endpoint(engine, keyring, workspace_id, receiver.url)
    (event_id,) = tell_many(engine, workspace_id, 1, now())
    with sending(engine, keyring):
        wait_until(lambda: states(engine) == ["delivered"])
        with writing(engine) as session:
            replay(session, Owner(workspace_id, None), made.id, event_id, datetime.now(UTC))
        receiver.wait_for(2)
        wait_until(lambda: states(engine) == ["delivered"])
    assert [got.id for got in receiver.got] == [event_id] * 2 and receiver.got[0].body == receiver.got[1].body


def test_both_secrets_sign_until_the_one_before_has_run_out(engine: Engine, keyring: Keyring, receiver: Receiver) -> None:
    workspace_id = factories.workspace(engine)
    made, before = endpoint(engine, keyring, workspace_id, receiver.url)
    with writing(engine) as session:
        keep, at = timedelta(hours=1), datetime.now(UTC)
        _, name = rotate_secret(session, keyring, Owner(workspace_id, None), made.id, keep, at)
    after = secret_of(keyring, name)
    tell_many(engine, workspace_id, 1, now())
    with sending(engine, keyring):
        (got,) = receiver.wait_for(1)
    for secret in (before, after):
        got.verify(secret)
    with writing(engine) as session:
        row = session.exec(select(WebhookEndpoint)).one()
        assert secrets_of(keyring, row, at + keep) == (after,)


def test_an_address_of_a_private_network_is_not_connected_to(engine: Engine, keyring: Keyring, receiver: Receiver) -> None:
    """Though its endpoint was written when the operator allowed for it."""
    workspace_id = factories.workspace(engine)
    endpoint(engine, keyring, workspace_id, receiver.url)
    endpoint(engine, keyring, workspace_id, receiver.url.replace("http:", "https:").replace("127.0.0.1", "localhost"))
    tell_many(engine, workspace_id, 1, now())
    with sending(engine, keyring, own=()):
        wait_until(lambda: all("not sent to" in one.last_error for one in deliveries(engine)))
    assert receiver.got == []


def test_the_certificate_must_be_the_hosts(sqlite_url: str, keyring: Keyring, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url)
    authority = Authority.make(tmp_path)
    trusting = ssl.create_default_context(cafile=str(authority.certificate))
    workspace_id = factories.workspace(engine)
    with receiving(authority.server("127.0.0.1")) as right, receiving(authority.server("other.example")) as wrong:
        for one in (right, wrong):
            endpoint(engine, keyring, workspace_id, one.url)
        tell_many(engine, workspace_id, 1, now())
        with sending(engine, keyring, tls=trusting):
            wait_until(lambda: all(one.attempts and (one.last_status or one.last_error) for one in deliveries(engine)))
        assert len(right.got) == 1 and wrong.got == []
    assert sorted(one.last_error for one in deliveries(engine)) == [
        "",
        "the certificate or the TLS of the receiver cannot be trusted",
    ]
    engine.dispose()


def test_the_background_work_sends_what_waits_and_ends_when_it_is_told_to(
    tmp_path: Path, sqlite_url: str, receiver: Receiver
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url, secret_key=SECRET)
    engine, keyring = open_engine(sqlite_url), open_keyring(settings)
    workspace_id = factories.workspace(engine)
    _, secret = endpoint(engine, keyring, workspace_id, receiver.url)
    tell_many(engine, workspace_id, 3, now())
    environment = {"RICOCHET_WEBHOOK_NETWORKS": "127.0.0.0/8, ::1/128"}
    with served(settings, "work", "--internal", "0", environment=environment) as work:
        for got in receiver.wait_for(3):
            got.verify(secret)
        wait_until(lambda: states(engine) == ["delivered"] * 3)
        assert metrics(work.internal[0])["ricochet_webhook_tries_total:delivered"] == 3
        assert work.stop() == 0
    engine.dispose()
