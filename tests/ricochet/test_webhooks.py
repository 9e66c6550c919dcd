"""Webhooks on the command line."""

from sqlmodel import select

from linksvc.clock import now
from linksvc.database import open_engine, reading, writing
from linksvc.keys import open_keyring
from linksvc.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from linksvc.settings import Settings
from linksvc.webhooks.endpoints import secrets_of
from tests.linksvc.webhooks.scenes import tell_many
from tests.ricochet.conftest import Terminal

URL = "https://hooks.example.com/in"


def test_a_webhook_is_added_changed_and_removed(lumen: Terminal) -> None:
    secret = lumen.done("webhook", "add", URL, "--event", "import.finished", "--event", "code.redeemed").strip()
    id, *shown = lumen.done("webhook", "list").strip().split("\t")
    assert shown == [URL, "code.redeemed import.finished"]
    settings = Settings(data_dir=lumen.data_dir)
    engine = open_engine(settings.database)
    with reading(engine) as session:
        assert secrets_of(open_keyring(settings), session.exec(select(WebhookEndpoint)).one(), now()) == (secret,)
    another = lumen.done("webhook", "secret", id, "--keep-hours", "1").strip()
    assert another.startswith("whsec_") and another != secret
    with reading(engine) as session:
        signing = secrets_of(open_keyring(settings), session.exec(select(WebhookEndpoint)).one(), now())
    assert signing == (another, secret)
    engine.dispose()
    lumen.done("webhook", "change", id, "--url", f"{URL}/2", "--event", "link.clicked", "--disable")
    line = lumen.done("webhook", "list").strip()
    assert line.startswith(f"{id}\t{URL}/2\tlink.clicked\tdisabled (asked) since 2")
    assert "is disabled" in lumen.refused("webhook", "test", id)
    lumen.done("webhook", "change", id, "--enable")
    assert "Removed" in lumen.done("webhook", "remove", id)
    assert lumen.done("webhook", "list") == ""
    assert "no such webhook" in lumen.refused("webhook", "remove", id)


def test_what_cannot_be_is_refused_in_a_line(lumen: Terminal) -> None:
    refused = lumen.refused("webhook", "add", "http://hooks.example.com/", "--event", "link.clicked")
    assert "must begin with https://" in refused
    assert "RICOCHET_WEBHOOK_NETWORKS" in refused
    assert "one or more of: code.redeemed" in lumen.refused("webhook", "add", URL)
    assert "no shop “Lille”" in lumen.refused("webhook", "add", URL, "--event", "code.redeemed", "--shop", "Lille")


def test_the_log_shows_each_try_and_failures_are_sent_again(lumen: Terminal) -> None:
    lumen.done("webhook", "add", URL, "--event", "import.finished")
    id = lumen.done("webhook", "list").split("\t")[0]
    engine = open_engine(Settings(data_dir=lumen.data_dir).database)
    at = now()
    events = tell_many(engine, 1, 2, at)
    with writing(engine) as session:
        for row in session.exec(select(WebhookDelivery)):
            row.state, row.attempts, row.last_status, row.last_error = "failed", 1, 500, "the receiver did not take it"
            tried = {"workspace_id": 1, "event_id": row.event_id, "endpoint_id": row.endpoint_id, "attempt": 1}
            log = {"status": 500, "error": row.last_error, "answer": "no\nway", "duration_ms": 12, "attempted_at": at}
            session.add(row)
            session.add(WebhookAttempt(**tried, **log))
    newest, oldest = lumen.done("webhook", "log", id, "--state", "failed").splitlines()
    assert [line.split("\t")[1:] for line in (newest, oldest)] == [
        [event, "import.finished", "failed", "1", "500 the receiver did not take it"] for event in events[::-1]
    ]
    story = lumen.done("webhook", "log", id, events[0])
    assert '"file_name": "clients.csv"' in story
    assert story.splitlines()[-1].split("\t")[2:] == ["12 ms", "500 the receiver did not take it", '"no\\nway"']
    assert lumen.done("webhook", "replay", id, events[0]) == "Events that are sent again: 1.\n"
    assert lumen.done("webhook", "replay", id, "--failed", "1") == "Events that are sent again: 1.\n"
    assert lumen.done("webhook", "log", id, "--state", "failed") == ""
    assert "Name an event" in lumen.refused("webhook", "replay", id)
    assert "no state of a delivery" in lumen.refused("webhook", "log", id, "--state", "lost")
    engine.dispose()
