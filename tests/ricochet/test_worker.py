"""The background work as the worker runs it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread

from sqlmodel import Session, select

from linksvc.applier import apply_batch
from linksvc.code_holds import TTL_S, Hold, HoldRequest, hold
from linksvc.database import open_engine, reading, writing
from linksvc.idempotency import Kept, Repeatable, keep
from linksvc.keys import Keyring
from linksvc.models import Campaign, Fact, Hit, IdempotencyRecord, JudgementDue, Message, Payment, PromoCode, SendBatch
from linksvc.redemptions import Till
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from ricochet.worker import tasks
from tests import factories
from tests.factories import NOW, hit, learn_hits
from tests.linksvc.payment_scenes import provider, stored
from tracker.due import mark_due


def test_the_worker_judges_hits_again_once_their_minute_is_over(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    learn_hits(engine, hit(campaign_id, 0))
    apply_batch(engine, campaign_id, "test", lambda: NOW)
    with writing(engine) as session:
        for message in session.exec(select(Message)):
            message.submitted_at = NOW
            session.add(message)
        mark_due(session, [(campaign_id, NOW)], NOW)
    keyring = Keyring.derive("a secret key for the tests, of 42 characters")
    stop = Event()
    task = next(
        task for task in tasks(engine, keyring, Settings(), lambda: NOW + timedelta(minutes=5)) if task.name == "judge"
    )
    thread = Thread(target=task.run, args=(stop,))
    thread.start()
    try:
        for _ in range(1_000):
            with reading(engine) as session:
                if session.exec(select(JudgementDue)).first() is None:
                    break
            stop.wait(0.01)
        with reading(engine) as session:
            assert session.exec(select(Hit.verdict, Hit.reason)).all() == [("suspect", "too_soon")]
    finally:
        stop.set()
        thread.join()
        engine.dispose()


def run_until(name: str, url: str, at: datetime, done: Callable[[Session], bool]) -> None:
    """Runs one task of the worker, at that time, until what it is to do is done."""
    engine = open_engine(url)
    keyring = Keyring.derive("a secret key for the tests, of 42 characters")
    stop = Event()
    task = next(task for task in tasks(engine, keyring, Settings(), lambda: at) if task.name == name)
    thread = Thread(target=task.run, args=(stop,))
    thread.start()
    try:
        for _ in range(3_000):
            with reading(engine) as session:
                if done(session):
                    return
            stop.wait(0.01)
        raise AssertionError(f"the task {name} did not do it")
    finally:
        stop.set()
        thread.join()
        engine.dispose()


def unsent(session: Session, kind: str) -> int:
    return len(session.exec(select(Fact).where(Fact.kind == kind)).all())


def test_the_worker_begins_what_is_due_and_leaves_the_rest(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    workspace_id = factories.workspace(engine)
    factories.contact(engine, workspace_id)
    due = factories.campaign(engine, workspace_id, state="scheduled", send_at=NOW, send_timezone="Europe/Paris")
    later = factories.campaign(engine, workspace_id, state="scheduled", send_at=NOW + timedelta(seconds=1))
    paused = factories.campaign(engine, workspace_id, state="scheduled", send_at=NOW, paused_at=NOW)
    run_until("produce", sqlite_url, NOW, lambda session: session.get_one(Campaign, due).state == "sending")
    with reading(engine) as session:
        assert [session.get_one(Campaign, id).state for id in (later, paused)] == ["scheduled", "scheduled"]
    engine.dispose()


def test_the_worker_takes_back_what_was_cancelled_and_what_expired(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    workspace_id = factories.workspace(engine)
    cancelled = factories.produced_campaign(engine, workspace_id, 3, cancelled_at=NOW)
    expired = factories.produced_campaign(engine, workspace_id, 2, expires_at=NOW)
    going = factories.produced_campaign(engine, workspace_id, 2, expires_at=NOW + timedelta(seconds=1))
    run_until("withdraw", sqlite_url, NOW, lambda session: unsent(session, "unsent") == 5)
    with reading(engine) as session:
        told = session.exec(select(Fact.campaign_id, Fact.value).distinct()).all()
        assert sorted(tuple(one) for one in told) == [(cancelled, "cancelled"), (expired, "expired_unsent")]
        assert session.exec(select(SendBatch.campaign_id).distinct()).all() == [going]
    engine.dispose()


def test_the_worker_releases_what_was_held_back_once_its_time_has_come(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 3)
    with writing(engine) as session:
        for batch in session.exec(select(SendBatch)):
            batch.reason, batch.due_at = "quiet_hours", NOW
    run_until("release", sqlite_url, NOW, lambda session: unsent(session, "released") == 3)
    with reading(engine) as session:
        assert session.exec(select(SendBatch.reason).distinct()).all() == [""]
        assert session.get_one(Campaign, campaign_id).state == "sending"
    engine.dispose()


def test_the_worker_ends_holds_whose_time_is_over(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    workspace_id = factories.workspace(engine)
    offer_id = factories.offer(engine, workspace_id)
    with writing(engine) as session:
        session.add(PromoCode(workspace_id=workspace_id, code="XK42", offer_id=offer_id))
        session.flush()
        assert isinstance(hold(session, Till(workspace_id, 1, 1), HoldRequest("XK42", "basket-1"), NOW), Hold)
    over = NOW + timedelta(seconds=TTL_S)
    run_until("unhold", sqlite_url, over, lambda session: session.exec(select(PromoCode.held)).one() == 0)
    engine.dispose()


def test_the_worker_forgets_answers_after_thirty_days(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    for key, age in (("old", timedelta(days=30, seconds=1)), ("new", timedelta(days=30))):
        with writing(engine) as session:
            keep(session, Repeatable("shop:1", key, ""), Kept(201, "{}"), NOW - age)
    run_until("forget", sqlite_url, NOW, lambda session: session.exec(select(IdempotencyRecord.key)).all() == ["new"])
    engine.dispose()


def test_the_worker_ends_payments_whose_time_is_over(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    keyring = Keyring.derive("a secret key for the tests, of 42 characters")
    workspace_id = factories.workspace(engine)
    made, _ = provider(engine, keyring, workspace_id)
    over = NOW + timedelta(hours=1)
    stored(engine, keyring, ShortLinks(keyring, Settings()), workspace_id, made.id, expires_at=over)
    run_until("expire", sqlite_url, over, lambda session: session.exec(select(Payment.state)).one() == "expired")
    engine.dispose()
