"""Schedules, caps and quiet hours from the command line."""

import re
from datetime import timedelta

import pytest

from linksvc import counters
from linksvc.clock import now
from linksvc.database import open_engine, reading, writing
from linksvc.models import Campaign, Message, SendBatch, SentDay, Workspace
from linksvc.send_batches import Run, deal
from tests import factories
from tests.ricochet.conftest import Terminal


@pytest.fixture
def draft(lumen: Terminal, sqlite_url: str) -> str:  # noqa: ARG001 - it makes the workspace
    engine = open_engine(sqlite_url)
    factories.contact(engine, 1)
    campaign_id = factories.campaign(engine, 1)
    engine.dispose()
    return f"cmp_{campaign_id}"


def test_a_campaign_without_a_link_shows_that_nobody_can_click(lumen: Terminal, draft: str, sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    unlinked = factories.campaign(engine, 1, text="Bonjour {{ stop }}", destination_url="")
    engine.dispose()
    assert re.search(r"clicked +no link in the text\n", lumen.done("campaign", "show", f"cmp_{unlinked}"))
    assert "no link" not in lumen.done("campaign", "show", draft)


def test_a_campaign_is_scheduled_moved_and_shown(lumen: Terminal, draft: str) -> None:
    sent = lumen.done("campaign", "send", draft, "--at", "2099-11-27T10:00", "--timezone", "recipient")
    assert sent == f"{draft} will be sent at 2099-11-27 10:00 (recipient).\n"
    lumen.done("campaign", "send", draft, "--at", "2099-11-27T10:00", "--expires", "2099-11-27")
    shown = lumen.done("campaign", "show", draft)
    assert ": scheduled\n" in shown
    assert re.search(r"to be sent +2099-11-27T10:00:00 \(Europe/Paris\)", shown)
    assert re.search(r"expires +2099-11-28T00:00:00 \(Europe/Paris\)", shown)
    assert "2026-11-27T10:00" in lumen.refused("campaign", "send", draft, "--at", "soon")
    assert "9999 is no year of a date and hour" in lumen.refused("campaign", "send", draft, "--at", "9999-12-31T23:59")
    assert "That time is over" in lumen.refused("campaign", "send", draft, "--at", "2020-01-01T10:00")
    assert "say the date and hour" in lumen.refused("campaign", "send", draft, "--timezone", "Europe/Paris")
    assert "lacks its zone" in lumen.refused("campaign", "send", draft, "--expires", "2099-11-27T10:00")


def test_a_campaign_is_paused_resumed_and_cancelled(lumen: Terminal, draft: str) -> None:
    assert "it is draft" in lumen.refused("campaign", "pause", draft)
    lumen.done("campaign", "send", draft, "--at", "2099-11-27T10:00")
    assert lumen.done("campaign", "pause", draft) == f"{draft} is paused.\n"
    assert ": paused\n" in lumen.done("campaign", "show", draft)
    assert lumen.done("campaign", "resume", draft) == f"{draft} goes on.\n"
    assert lumen.done("campaign", "cancel", draft) == f"{draft} is cancelled.\n"
    assert ": cancelled\n" in lumen.done("campaign", "show", draft)
    assert "it is cancelled" in lumen.refused("campaign", "resume", draft)
    assert "no such campaign" in lumen.refused("campaign", "cancel", "cmp_99")


def test_what_is_held_back_is_shown_in_the_workspaces_time(lumen: Terminal, sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    campaign_id = factories.produced_campaign(engine, 1, 3)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
        for batch in session.exec(SendBatch.__table__.select()):
            session.exec(SendBatch.__table__.delete().where(SendBatch.first_n == batch.first_n))
        deal(session, campaign_id, 0, [Run("FR", "", 3, factories.NOW + timedelta(hours=22))])
        session.exec(SendBatch.__table__.update().values(reason="quiet_hours"))
    engine.dispose()
    shown = lumen.done("campaign", "show", f"cmp_{campaign_id}")
    assert "Held back: 3 to FR until 2026-11-21 08:00 (Europe/Paris), quiet hours.\n" in shown


def test_a_cap_counts_what_was_sent_before_it(lumen: Terminal, sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    campaign_id = factories.produced_campaign(engine, 1, 3)
    with writing(engine) as session:
        for n, ago in ((0, 0), (1, 2), (2, 9)):
            session.get_one(Message, (campaign_id, n)).submitted_at = now() - timedelta(days=ago)
    assert lumen.done("workspace", "caps") == "No cap.\n"
    for _ in range(2):
        assert lumen.done("workspace", "caps", "--messages", "3", "--days", "7") == "At most 3 in 7 days.\n"
    with reading(engine) as session:
        assert len(session.exec(SentDay.__table__.select().where(SentDay.count == 1)).all()) == 2
        assert session.get_one(Workspace, 1).cap_days == 7
    engine.dispose()
    assert "1 to 1,000 messages" in lumen.refused("workspace", "caps", "--messages", "0", "--days", "7")
    assert lumen.run("workspace", "caps", "--messages", "3").status == 2
    assert lumen.done("workspace", "caps") == "At most 3 in 7 days.\n"
    assert lumen.done("workspace", "caps", "--none") == "No cap.\n"


def test_quiet_hours_and_holidays_are_kept_unless_told_otherwise(lumen: Terminal) -> None:
    assert lumen.done("workspace", "quiet") == "hours     kept\nholidays  kept\n"
    assert lumen.done("workspace", "quiet", "--no-holidays") == "hours     kept\nholidays  not kept\n"
    assert lumen.done("workspace", "quiet", "--no-hours", "--holidays") == "hours     not kept\nholidays  kept\n"


def test_a_draft_is_what_it_was_after_a_wrong_time(lumen: Terminal, draft: str, sqlite_url: str) -> None:
    lumen.refused("campaign", "send", draft, "--at", "2020-01-01T10:00")
    engine = open_engine(sqlite_url)
    with reading(engine) as session:
        assert session.get_one(Campaign, int(draft[4:])).state == "draft"
    engine.dispose()
