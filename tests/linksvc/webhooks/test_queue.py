"""The queue as the database holds it: claims, what comes of them, and forgetting."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func
from sqlmodel import col, select

from linksvc.database import reading, writing
from linksvc.keys import Keyring
from linksvc.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from linksvc.webhooks import queue, retention
from linksvc.webhooks.deliveries import replay
from linksvc.webhooks.endpoints import EndpointChange, Owner, edit_endpoint
from linksvc.webhooks.posting import Outcome
from linksvc.webhooks.queue import CLAIMED_FOR, GIVEN_UP_AFTER, Due, Tried
from linksvc.webhooks.schedule import TRIES
from tests import factories
from tests.factories import NOW
from tests.linksvc.webhooks.scenes import LOOPBACK, endpoint, tell_many

SECOND = timedelta(seconds=1)
REFUSED = Outcome(500, "the receiver did not take it")


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def receiver(engine: Engine, keyring: Keyring, workspace_id: int) -> queue.Receiver:
    return workspace_id, endpoint(engine, keyring, workspace_id)[0].id


def claim(engine: Engine, keyring: Keyring, receiver: queue.Receiver, at: datetime, most: int = 10) -> list[Due]:
    with writing(engine) as session:
        return queue.claim(session, keyring, {receiver: most}, at)


def settle(engine: Engine, due: list[Due], outcome: Outcome, at: datetime) -> None:
    with writing(engine) as session:
        queue.settle(session, [Tried(one, outcome, at) for one in due], at)


def waiting(engine: Engine, at: datetime) -> list[queue.Receiver]:
    with reading(engine) as session:
        return queue.find_waiting(session, at)


def row(engine: Engine) -> WebhookEndpoint:
    with reading(engine) as session:
        found = session.exec(select(WebhookEndpoint)).one()
        session.expunge(found)
    return found


def test_the_longest_due_is_claimed_first_and_nothing_twice(
    engine: Engine, keyring: Keyring, workspace_id: int, receiver: queue.Receiver
) -> None:
    events = tell_many(engine, workspace_id, 5)
    assert waiting(engine, NOW - SECOND) == [] and waiting(engine, NOW + SECOND) == [receiver]
    assert claim(engine, keyring, receiver, NOW - SECOND) == []
    first = claim(engine, keyring, receiver, NOW + SECOND, most=3)
    assert sorted(one.event_id for one in first) == sorted(events[:3])
    rest = claim(engine, keyring, receiver, NOW + SECOND)
    assert sorted(one.event_id for one in rest) == sorted(events[3:])
    assert waiting(engine, NOW + SECOND) == []
    again = claim(engine, keyring, receiver, NOW + SECOND + CLAIMED_FOR)
    assert len(again) == 5 and {(one.attempt, one.tries) for one in again} == {(2, 2)}
    # Who claimed them before comes back, and changes nothing but the log.
    settle(engine, first, Outcome(200), NOW + 2 * SECOND)
    with reading(engine) as session:
        assert set(session.exec(select(WebhookDelivery.state))) == {"pending"}
        assert session.exec(select(func.count()).select_from(WebhookAttempt)).one() == 3


def test_an_event_is_given_up_after_its_last_try_and_its_endpoint_after_days_of_failures(
    engine: Engine, keyring: Keyring, workspace_id: int, receiver: queue.Receiver
) -> None:
    tell_many(engine, workspace_id, 1)
    at = NOW + SECOND
    for tries in range(1, TRIES + 1):
        (due,) = claim(engine, keyring, receiver, at)
        assert due.tries == due.attempt == tries
        settle(engine, [due], REFUSED, at)
        assert row(engine).failing_since == NOW + SECOND
        with reading(engine) as session:
            one = session.exec(select(WebhookDelivery.state, WebhookDelivery.next_at, WebhookDelivery.done_at)).one()
        if tries < TRIES:
            assert one[0] == "pending" and one[1] > at and one[2] is None
            at = max(one[1], NOW + GIVEN_UP_AFTER + 2 * SECOND) if tries == TRIES - 1 else one[1]
    assert one == ("failed", at, at)
    assert (row(engine).disabled_at, row(engine).disabled_reason) == (at, "failing")
    owner = Owner(workspace_id, None)
    with writing(engine) as session:
        edit_endpoint(session, owner, LOOPBACK, receiver[1], EndpointChange(enabled=True), at)
        assert replay(session, owner, receiver[1], due.event_id, at).state == "pending"
    (due,) = claim(engine, keyring, receiver, at)
    assert (due.tries, due.attempt) == (1, TRIES + 1)
    settle(engine, [due], Outcome(200), at)
    assert row(engine).failing_since is None and row(engine).disabled_at is None


def test_one_bad_event_does_not_disable_an_endpoint_that_takes_others(
    engine: Engine, keyring: Keyring, workspace_id: int, receiver: queue.Receiver
) -> None:
    tell_many(engine, workspace_id, 2)
    bad, good = claim(engine, keyring, receiver, NOW + SECOND)
    settle(engine, [bad], REFUSED, NOW + SECOND)
    settle(engine, [good], Outcome(200), NOW + 2 * SECOND)
    assert row(engine).failing_since is None
    last = Due(**{name: getattr(bad, name) for name in Due.__slots__} | {"tries": TRIES})
    settle(engine, [last], REFUSED, NOW + GIVEN_UP_AFTER * 2)
    assert row(engine).disabled_at is None and row(engine).failing_since == NOW + GIVEN_UP_AFTER * 2


def test_what_waits_for_a_disabled_endpoint_waits_until_it_is_enabled(
    engine: Engine, keyring: Keyring, workspace_id: int, receiver: queue.Receiver
) -> None:
    tell_many(engine, workspace_id, 1)
    with writing(engine) as session:
        edit_endpoint(session, Owner(workspace_id, None), LOOPBACK, receiver[1], EndpointChange(enabled=False), NOW)
    assert waiting(engine, NOW + SECOND) == [] and claim(engine, keyring, receiver, NOW + SECOND) == []
    with writing(engine) as session:
        edit_endpoint(session, Owner(workspace_id, None), LOOPBACK, receiver[1], EndpointChange(enabled=True), NOW)
    assert len(claim(engine, keyring, receiver, NOW + SECOND)) == 1


def test_a_secret_key_that_was_lost_stops_its_endpoints_alone(engine: Engine, workspace_id: int) -> None:
    both = Keyring.derive("an old secret key, of 32 characters", "a new secret key, of 32 characters.")
    of_new = workspace_id, endpoint(engine, both, workspace_id, "http://127.0.0.1:9/new")[0].id
    old = Keyring.derive("an old secret key, of 32 characters")
    of_old = workspace_id, endpoint(engine, old, workspace_id, "http://127.0.0.1:9/old")[0].id
    tell_many(engine, workspace_id, 1)
    with writing(engine) as session:
        claimed = queue.claim(session, old, {of_new: 1, of_old: 1}, NOW + SECOND)
    assert [one.receiver for one in claimed] == [of_old]
    assert waiting(engine, NOW + SECOND) == []
    (due,) = claim(engine, both, of_new, NOW + SECOND + CLAIMED_FOR)
    assert (due.attempt, due.tries) == (1, 1)


def test_old_events_are_forgotten_with_their_tries_and_young_ones_are_not(
    engine: Engine, keyring: Keyring, workspace_id: int, receiver: queue.Receiver
) -> None:
    tell_many(engine, workspace_id, 3)
    settle(engine, claim(engine, keyring, receiver, NOW + SECOND), Outcome(200), NOW + SECOND)
    young = tell_many(engine, workspace_id, 1, NOW + timedelta(days=1), first=9)
    with writing(engine) as session:
        assert retention.forget(session, NOW + timedelta(hours=1)) == 3
    with writing(engine) as session:
        assert retention.forget(session, NOW + timedelta(hours=1)) == 0
    with reading(engine) as session:
        assert session.exec(select(WebhookEvent.id)).all() == young
        assert session.exec(select(WebhookDelivery.event_id).order_by(col(WebhookDelivery.event_id))).all() == young
        assert session.exec(select(WebhookAttempt)).all() == []
