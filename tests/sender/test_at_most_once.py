"""The guarantee that no message is handed over twice: two who believe they may, one who lost its bind, two processes."""

import asyncio
import os
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, func, select, update

from linksvc import send_batches
from linksvc.database import open_engine, reading, writing
from linksvc.models import Attempt, Campaign, SendBatch, Workspace
from linksvc.send_batches import AT_ONCE
from sender import recovery
from sender.binds import Bind
from sender.claims import CLAIM_LASTS
from sender.marks import give_up_waiting, mark_again, renew, take_back, undo
from sender.messages import OpenCampaign, Submission
from tests import factories
from tests.factories import NOW
from tests.sender.marking import answer, claim, claimed, facts, held_bind, marked, stop, the_open_campaign

ROOT = Path(__file__).parents[2]
SIZE = 5_000


@pytest.fixture
def bind(engine: Engine) -> Bind:
    return held_bind(engine, factories.route(engine))


@pytest.fixture
def other(engine: Engine) -> Bind:
    return held_bind(engine, factories.route(engine, "other"))


@pytest.fixture
def campaign(engine: Engine) -> OpenCampaign:
    factories.produced_campaign(engine, factories.workspace(engine), 60)
    return the_open_campaign(engine)


def attempts(engine: Engine) -> Counter[int]:
    with reading(engine) as session:
        return Counter(session.exec(select(Attempt.n).where(Attempt.part == 1)))


def queued(engine: Engine) -> list[tuple[int, int, str, str]]:
    with reading(engine) as session:
        rows = session.exec(select(SendBatch).order_by(col(SendBatch.first_n)))
        return [(row.first_n, row.size, row.reason, row.worker) for row in rows]


def test_of_two_who_believe_a_batch_is_theirs_one_marks_it(
    engine: Engine, bind: Bind, other: Bind, campaign: OpenCampaign
) -> None:
    mine = claimed(engine, campaign, bind, 50)
    # The database stood still for so long that the claim lapsed, and another took it; then both go on at once.
    claim(engine, campaign, other.worker, 50, NOW + CLAIM_LASTS)
    theirs = mine[:]
    made: dict[str, list[Submission]] = {}
    threads = [
        threading.Thread(target=lambda one=one, ns=ns: made.update({one.worker: marked(engine, one, campaign, ns)}))
        for one, ns in ((bind, mine), (other, theirs))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made[bind.worker]) == 0 and len(made[other.worker]) == 50
    assert set(attempts(engine).values()) == {1}


def test_a_message_that_is_queued_twice_is_marked_once(
    engine: Engine, bind: Bind, other: Bind, campaign: OpenCampaign
) -> None:
    """No batch overlaps another; if one did, the attempts would still see to it."""
    with writing(engine) as session:
        send_batches.put_back(session, campaign.id, [7, 8, 9], AT_ONCE, "retry")
    singles = claimed(engine, campaign, bind, 3)
    batch = claimed(engine, campaign, other, 50)
    assert [one.n for one in singles] == [7, 8, 9] and {7, 8, 9} < {one.n for one in batch}
    made: list[Submission] = []
    threads = [
        threading.Thread(target=lambda one=one, ns=ns: made.extend(marked(engine, one, campaign, ns)))
        for one, ns in ((bind, singles), (other, batch))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(one.message.n for one in made) == dict.fromkeys(range(50), 1)
    assert attempts(engine) == dict.fromkeys(range(50), 1)
    assert [row[:2] for row in queued(engine)] == [(50, 10)]


def test_what_a_bind_claimed_twice_itself_is_marked_once(engine: Engine, bind: Bind, campaign: OpenCampaign) -> None:
    first = claimed(engine, campaign, bind, 60)
    # The database stood still for so long that the claim lapsed, and the bind's next claim found its own messages again.
    with writing(engine) as session:
        session.exec(update(SendBatch).values(claimed_until=NOW))
    again = claimed(engine, campaign, bind, 60)
    made = marked(engine, bind, campaign, [*first, *again])
    assert Counter(one.message.n for one in made) == dict.fromkeys(range(60), 1)
    assert marked(engine, bind, campaign, again) == []
    assert attempts(engine) == dict.fromkeys(range(60), 1)


def test_a_mark_in_doubt_is_undone_and_none_that_may_be_on_its_way(
    engine: Engine, bind: Bind, campaign: OpenCampaign
) -> None:
    messages = claimed(engine, campaign, bind, 50)
    with writing(engine) as session:
        session.exec(update(SendBatch).values(claimed_until=NOW))
    twice = claimed(engine, campaign, bind, 50)
    marked(engine, bind, campaign, messages[:10])
    with writing(engine) as session:
        assert undo(session, bind, twice[:10], NOW) == set()
    marked(engine, bind, campaign, messages[10:20], NOW + timedelta(seconds=1))
    with writing(engine) as session:
        assert undo(session, bind, [*twice[:10], *messages[10:20]], NOW) == set(range(10, 20))
    assert attempts(engine) == dict.fromkeys(range(10), 1)
    assert claim(engine, campaign, "late", 99, NOW) == [*range(10, 20), *range(50, 60)]


def test_a_lapsed_batch_comes_back_without_what_was_marked(engine: Engine, bind: Bind, campaign: OpenCampaign) -> None:
    messages = claimed(engine, campaign, bind, 50)
    marked(engine, bind, campaign, messages[10:20])
    later = NOW + CLAIM_LASTS
    assert claim(engine, campaign, "late", 99, later) == [*range(10), *range(20, 60)]


def test_a_refused_message_that_somebody_else_sends_by_now_is_not_marked_again(
    engine: Engine, bind: Bind, other: Bind, campaign: OpenCampaign
) -> None:
    (submission,) = marked(engine, bind, campaign, claimed(engine, campaign, bind, 1)[:1])
    answer(engine, bind, submission, "retry", 0x58)
    with writing(engine) as session:
        assert recovery.recover(session, bind, "", NOW).freed == 1
        assert recovery.recover(session, bind, "", NOW).freed == 0
    with writing(engine) as session:
        assert mark_again(session, bind, [submission], NOW) == []
    (again,) = marked(engine, other, campaign, claimed(engine, campaign, other, 1))
    assert (again.source, again.tries) == ("0.1.2", 2)


def test_what_found_no_session_was_not_tried(engine: Engine, bind: Bind, campaign: OpenCampaign) -> None:
    (submission,) = marked(engine, bind, campaign, claimed(engine, campaign, bind, 1)[:1])
    for nth, (status, tries) in enumerate(((0, 1), (0, 1), (0x58, 2)), 2):
        answer(engine, bind, submission, "retry", status)
        with writing(engine) as session:
            (submission,) = mark_again(session, bind, [submission], NOW)
        assert (submission.attempt, submission.tries) == (nth, tries)


def test_what_a_lost_session_had_waiting_is_queued_unless_a_part_of_it_has_left(
    engine: Engine, bind: Bind, campaign: OpenCampaign
) -> None:
    submissions = marked(engine, bind, campaign, claimed(engine, campaign, bind, 50, parts=2)[:2])
    answer(engine, bind, submissions[0], "accepted", id="a")
    for one in submissions[1:]:
        answer(engine, bind, one, "retry")
    with writing(engine) as session:
        assert give_up_waiting(session, submissions[1:], NOW) == {1}
    assert queued(engine)[0][:3] == (1, 1, "retry")


def test_a_mark_that_nothing_came_of_is_taken_back(engine: Engine, bind: Bind, campaign: OpenCampaign) -> None:
    (message, *_) = claimed(engine, campaign, bind, 50, parts=2)
    assert len(marked(engine, bind, campaign, [message])) == 2
    with writing(engine) as session:
        take_back(session, bind, message, NOW)
    assert attempts(engine) == {}
    assert queued(engine)[0] == (0, 1, "", "")
    assert [one.source for one in marked(engine, bind, campaign, claimed(engine, campaign, bind, 1, 2))] == [
        "0.1.1",
        "0.2.1",
    ]


def test_a_part_that_waited_long_leaves_unless_its_number_said_stop(
    engine: Engine, bind: Bind, campaign: OpenCampaign
) -> None:
    first, second = marked(engine, bind, campaign, claimed(engine, campaign, bind, 50, parts=2)[:1])
    later = NOW + timedelta(seconds=3)
    with writing(engine) as session:
        assert renew(session, bind, first, later)
    stop(engine, bind, first.message.number)
    with writing(engine) as session:
        assert not renew(session, bind, second, later)
    with reading(engine) as session:
        rows = session.exec(select(Attempt.part, Attempt.outcome, Attempt.occurred_at).order_by(col(Attempt.part))).all()
    assert rows == [(1, "marked", later), (2, "refused", NOW)]
    assert facts(engine, "refused") == [(0, "0.2.1")]


def test_nothing_of_a_paused_campaign_is_marked_and_all_of_it_is_queued(
    engine: Engine, bind: Bind, campaign: OpenCampaign
) -> None:
    messages = claimed(engine, campaign, bind, 50)
    (waiting,) = marked(engine, bind, campaign, messages[:1])
    answer(engine, bind, waiting, "retry", 0x58)
    with writing(engine) as session:
        session.exec(update(Campaign).values(paused_at=NOW))
    assert marked(engine, bind, campaign, messages[1:9]) == []
    with writing(engine) as session:
        assert mark_again(session, bind, [waiting], NOW) == []
        assert sum(session.exec(select(SendBatch.size))) == 60
        session.exec(update(Campaign).values(paused_at=None))
    assert claim(engine, campaign, "next", 9) == list(range(9))


def test_what_is_held_back_is_queued_until_then_for_that_reason(engine: Engine, bind: Bind, campaign: OpenCampaign) -> None:
    night, morning = NOW + timedelta(hours=13), NOW + timedelta(hours=22)
    with writing(engine) as session:
        session.exec(update(Workspace).values(quiet_hours=True))
    messages = claimed(engine, campaign, bind, 50)
    assert marked(engine, bind, campaign, messages[:8], at=night) == []
    assert [row[:3] for row in queued(engine)] == [(0, 8, "quiet_hours"), (8, 42, ""), (50, 10, "")]
    assert claim(engine, campaign, "early", 60, night) == list(range(8, 60))
    assert claim(engine, campaign, "next", 60, morning)[-8:] == list(range(8))


async def test_two_processes_mark_five_thousand_messages_once(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    factories.large_campaign(engine, factories.workspace(engine), SIZE)
    routes = [factories.route(engine, name) for name in ("one", "two")]
    processes = [await start(postgresql_url, route_id) for route_id in routes]
    for process in processes:
        assert process.stdin
        process.stdin.write(b"go\n")
    assert [await asyncio.wait_for(process.wait(), 60) for process in processes] == [0, 0]
    with reading(engine) as session:
        shared = dict(session.exec(select(Attempt.route_id, func.count()).group_by(col(Attempt.route_id))).all())
        assert session.exec(select(SendBatch)).all() == []
    assert attempts(engine) == dict.fromkeys(range(SIZE), 1)
    assert shared.keys() == set(routes) and sum(shared.values()) == SIZE
    engine.dispose()


async def start(url: str, route_id: int) -> asyncio.subprocess.Process:
    """A process that claims and marks until nothing is left, ready to go."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.sender.marking_process", str(route_id)),
        cwd=ROOT,
        env=os.environ | {"RICOCHET_DATABASE_URL": url},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout and await process.stdout.readline() == b"ready\n"
    return process
