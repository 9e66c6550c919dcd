"""Webhooks as they are sent: by the task of the worker, to real servers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore2
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.clock import Clock, now
from linksvc.database import reading
from linksvc.keys import Keyring
from linksvc.models import WebhookAttempt, WebhookDelivery
from linksvc.webhooks.pace import TOGETHER_MOST
from linksvc.webhooks.posting import Poster
from ricochet.webhook_sender import WebhookSender
from tests import factories
from tests.linksvc.webhooks.scenes import LOOPBACK, endpoint, tell_many
from tests.receiver import Receiver, receiving, wait_until


@contextmanager
def sending(engine: Engine, keyring: Keyring, clock: Clock = now, attempt_s: float = 15.0) -> Iterator[WebhookSender]:
    sender = WebhookSender(
        engine, keyring, clock, lambda: Poster(LOOPBACK, TOGETHER_MOST, httpcore2.default_ssl_context(), attempt_s)
    )
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


def states(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return sorted(session.exec(select(WebhookDelivery.state)))


def test_each_event_comes_once_signed_and_is_logged(engine: Engine, keyring: Keyring, receiver: Receiver) -> None:
    workspace_id = factories.workspace(engine)
    _, secret = endpoint(engine, keyring, workspace_id, receiver.url)
    events = tell_many(engine, workspace_id, 30)
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
