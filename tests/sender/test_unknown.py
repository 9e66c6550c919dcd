"""What nobody knows the outcome of: listed, with what speaks for its arrival, and sent again only if a person says so."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select, update

from linksvc import counters
from linksvc.applier import apply_batch
from linksvc.database import open_engine, reading, writing
from linksvc.errors import Conflict, NotFound
from linksvc.models import Attempt, Campaign, SendBatch
from sender import recovery, unknown
from sender.binds import Bind
from sender.messages import Outgoing
from sender.unknown import UnknownOutcome
from tests import factories
from tests.factories import NOW
from tests.sender.marking import answer, claimed, facts, held_bind, marked, receive, the_open_campaign


@pytest.fixture
def route_id(engine: Engine) -> int:
    return factories.route(engine)


@pytest.fixture
def bind(engine: Engine, route_id: int) -> Bind:
    return held_bind(engine, route_id)


def lose(engine: Engine, bind: Bind, size: int, parts: int = 1, answered: int = 0) -> list[Outgoing]:
    """Marks so many messages, has so many parts answered, and loses the sender."""
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), size)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    campaign = the_open_campaign(engine)
    messages = claimed(engine, campaign, bind, size, parts)
    for submission in marked(engine, bind, campaign, messages)[:answered]:
        answer(engine, bind, submission, "accepted", id=f"{submission.message.n}")
    with writing(engine) as session:
        recovery.recover(session, bind, bind.worker, NOW)
    while apply_batch(engine, campaign.id, "test", lambda: NOW):
        pass
    return messages


def listed(engine: Engine, campaign_id: int | None = None) -> list[UnknownOutcome]:
    with reading(engine) as session:
        return unknown.list_unknown(session, None if campaign_id is None else [campaign_id])


def resend(engine: Engine, campaign_id: int, n: int) -> None:
    with writing(engine) as session:
        unknown.resend(session, campaign_id, n, NOW)


def test_what_is_unknown_is_listed_with_what_speaks_for_its_having_arrived(engine: Engine, bind: Bind) -> None:
    messages = lose(engine, bind, 3, parts=2, answered=1)
    campaign_id = messages[0].campaign.id
    receive(engine, bind, "1234567890", number=messages[2].number.lstrip("+"))
    assert listed(engine) == [
        UnknownOutcome(campaign_id, 0, messages[0].number, "main", 2, 1, NOW, ""),
        UnknownOutcome(campaign_id, 1, messages[1].number, "main", 2, 2, NOW, ""),
        UnknownOutcome(campaign_id, 2, messages[2].number, "main", 2, 2, NOW, "DELIVERED"),
    ]
    assert listed(engine, campaign_id + 1) == []


def test_what_a_person_sends_again_leaves_once_more_and_its_campaign_goes_on(engine: Engine, bind: Bind) -> None:
    messages = lose(engine, bind, 2)
    campaign = messages[0].campaign
    with reading(engine) as session:
        assert session.exec(select(Campaign.state)).one() == "sent"
    resend(engine, campaign.id, 1)
    with pytest.raises(Conflict) as refused:
        resend(engine, campaign.id, 1)
    assert refused.value.code == "outcome_known"
    again = claimed(engine, the_open_campaign(engine), bind, 9)
    (submission,) = marked(engine, bind, campaign, again)
    assert submission.source == "1.1.2"
    answer(engine, bind, submission, "accepted", id="a")
    while apply_batch(engine, campaign.id, "test", lambda: NOW):
        pass
    assert facts(engine, "accepted") == [(1, "1.1.2")]
    with reading(engine) as session:
        assert session.exec(select(Campaign.state)).one() == "sent"
        assert set(session.exec(select(Attempt.n, Attempt.outcome))) == {(0, "unknown"), (1, "resent"), (1, "accepted")}


def test_a_campaign_is_not_over_while_a_message_is_queued_again(engine: Engine, bind: Bind) -> None:
    campaign_id = lose(engine, bind, 2)[0].campaign.id
    resend(engine, campaign_id, 0)
    factories.learn_hits(engine, factories.hit(campaign_id, 0))
    while apply_batch(engine, campaign_id, "test", lambda: NOW):
        pass
    with reading(engine) as session:
        assert session.exec(select(Campaign.state)).one() == "sending"


def test_what_has_left_in_part_or_may_leave_no_more_is_not_sent_again(engine: Engine, bind: Bind) -> None:
    campaign_id = lose(engine, bind, 2, parts=2, answered=1)[0].campaign.id
    for n in (7, -1, 10**23):
        with pytest.raises(NotFound):
            resend(engine, campaign_id, n)
    with pytest.raises(Conflict) as refused:
        resend(engine, campaign_id, 0)
    assert refused.value.code == "partly_sent"
    with writing(engine) as session:
        session.exec(update(Campaign).values(expires_at=NOW - timedelta(seconds=1)))
    with pytest.raises(Conflict) as refused:
        resend(engine, campaign_id, 1)
    assert refused.value.code == "campaign_over"
    with reading(engine) as session:
        assert session.exec(select(SendBatch)).all() == []


def run(data_dir: Path, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "RICOCHET_DATA_DIR": str(data_dir), "COLUMNS": "40"}
    command = [sys.executable, "-m", "ricochet", "outcomes", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_the_command_lists_and_sends_again(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url)
    assert run(tmp_path, "list") == (0, "The outcome of every message is known.\n")
    route_id = factories.route(engine)
    messages = lose(engine, held_bind(engine, route_id), 3, parts=2, answered=1)
    campaign = f"cmp_{messages[0].campaign.id}"
    status, said = run(tmp_path, "list", campaign)
    assert status == 0 and all(message.number in said for message in messages) and "1 of 2" in said
    line = said.splitlines()[0].split("\t")
    assert (line[1:4], line[5:]) == ([campaign, "0", messages[0].number], ["1 of 2", "none"])
    assert run(tmp_path, "list", "--limit", "1")[1].endswith("There are 2 more; --limit takes up to 10,000.\n")
    huge = "9" * 23
    assert "10000" in run(tmp_path, "list", "--limit", huge)[1]
    assert run(tmp_path, "resend", campaign, huge) == (2, f"ricochet: There is no message {huge} of campaign {campaign}.\n")
    assert run(tmp_path, "resend", campaign) == (2, "ricochet: Name messages of the campaign, or say --all.\n")
    status, said = run(tmp_path, "resend", campaign, "1", "0")
    assert status == 2 and "A part of message 0" in said
    assert run(tmp_path, "resend", campaign, "1") == (0, "1 message is queued again.\n")
    assert run(tmp_path, "resend", campaign, "--all") == (0, "1 message is queued again.\n")
    with reading(engine) as session:
        assert sorted(session.exec(select(SendBatch.first_n))) == [1, 2]
    engine.dispose()
