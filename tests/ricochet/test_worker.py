"""The background work as the worker runs it."""

from datetime import timedelta
from threading import Event, Thread

from sqlmodel import select

from linksvc.applier import apply_batch
from linksvc.database import open_engine, reading, writing
from linksvc.keys import Keyring
from linksvc.models import Hit, JudgementDue, Message
from ricochet.worker import tasks
from tests import factories
from tests.factories import NOW, hit, learn_hits
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
    task = next(task for task in tasks(engine, keyring, lambda: NOW + timedelta(minutes=5)) if task.name == "judge")
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
