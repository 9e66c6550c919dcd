"""Claims, marks and their recovery, without a socket: who may send what, and what becomes of what was left."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select, update

from linksvc import leases
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.models import Attempt, Campaign, Lease
from sender import binds, inbound, recovery
from sender.binds import Bind, BindLost, holding, worker_name
from sender.claims import CLAIM_LASTS, claim_batches, find_due, open_campaigns
from sender.marks import mark_again
from sender.messages import OpenCampaign, Submission
from tests import factories
from tests.factories import NOW
from tests.sender.marking import (
    answer,
    claim,
    claimed,
    facts,
    held_bind,
    marked,
    receive,
    said_stop,
    stop,
    the_open_campaign,
)


@pytest.fixture
def route_id(engine: Engine) -> int:
    return factories.route(engine)


@pytest.fixture
def bind(engine: Engine, route_id: int) -> Bind:
    return held_bind(engine, route_id)


@pytest.fixture
def open_campaign(engine: Engine) -> OpenCampaign:
    factories.produced_campaign(engine, factories.workspace(engine), 6, batch_size=1)
    return the_open_campaign(engine)


def test_a_message_is_claimed_by_one_worker_until_the_claim_lapses(engine: Engine, open_campaign: OpenCampaign) -> None:
    assert claim(engine, open_campaign, "a", 4) == [0, 1, 2, 3]
    assert claim(engine, open_campaign, "b", 4) == [4, 5]
    assert claim(engine, open_campaign, "c", 4) == []
    later = NOW + CLAIM_LASTS
    with reading(engine) as session:
        assert find_due(session, NOW) == set()
        assert find_due(session, later) == {open_campaign.id}
    assert claim(engine, open_campaign, "c", 9, later) == [0, 1, 2, 3, 4, 5]


def test_rows_that_another_transaction_claims_are_passed_over(postgresql_url: str) -> None:
    from linksvc.database import open_engine

    engine = open_engine(postgresql_url)
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 4, batch_size=2)
    with writing(engine) as first, writing(engine) as second:
        one = claim_batches(first, campaign_id, "a", 2, NOW)
        two = claim_batches(second, campaign_id, "b", 2, NOW)
        assert [claim.n for claim in one + two] == [0, 1, 2, 3]
    engine.dispose()


def test_a_campaign_opens_when_its_links_are_known(engine: Engine, open_campaign: OpenCampaign) -> None:
    with writing(engine) as session:
        session.exec(update(Campaign).values(first_submit_after=NOW + timedelta(seconds=2)))
    with reading(engine) as session:
        assert open_campaigns(session, NOW) == []
        assert open_campaigns(session, NOW + timedelta(seconds=2)) == [open_campaign]


def test_what_was_marked_is_never_claimed_again(engine: Engine, bind: Bind, open_campaign: OpenCampaign) -> None:
    messages = claimed(engine, open_campaign, bind, 3)
    assert [one.source for one in marked(engine, bind, open_campaign, messages)] == ["0.1.1", "1.1.1", "2.1.1"]
    assert claim(engine, open_campaign, "late", 9, NOW + timedelta(days=1)) == [3, 4, 5]
    assert marked(engine, bind, open_campaign, messages) == []


def test_a_claim_that_another_worker_took_since_is_not_marked(
    engine: Engine, bind: Bind, open_campaign: OpenCampaign
) -> None:
    messages = claimed(engine, open_campaign, bind, 2)
    assert claim(engine, open_campaign, "late", 1, NOW + CLAIM_LASTS) == [0]
    assert [one.message.n for one in marked(engine, bind, open_campaign, messages)] == [1]


def test_a_bind_has_one_holder_and_the_one_who_lost_it_can_write_nothing(engine: Engine, bind: Bind) -> None:
    assert recovery.seize(engine, bind.route_id, worker_name(bind.route_id), now) is None
    with writing(engine) as session:
        session.exec(update(Lease).values(until=NOW - timedelta(days=9_000)))
    after = recovery.seize(engine, bind.route_id, worker_name(bind.route_id), now)
    assert after is not None
    with pytest.raises(BindLost), holding(engine, bind, now):
        pass
    with holding(engine, after, now):
        pass


def test_the_bind_of_a_process_that_is_no_more_is_taken_at_once(engine: Engine, route_id: int) -> None:
    living = worker_name(route_id)
    host, process, started, *rest = living.split(":")
    assert not binds.is_dead(living)
    assert not binds.is_dead(":".join(["elsewhere", process, started, *rest]))
    dead = ":".join([host, process, f"{started}0", *rest])
    assert binds.is_dead(dead)
    with writing(engine) as session:
        assert leases.take(session, binds.lease_name(route_id), dead, now(), binds.LASTS)
    assert recovery.seize(engine, route_id, living, now) is not None


def test_what_a_dead_worker_left_is_settled_by_the_next(engine: Engine, bind: Bind, open_campaign: OpenCampaign) -> None:
    messages = claimed(engine, open_campaign, bind, 5, parts=2)
    submissions = marked(engine, bind, open_campaign, messages[:4])
    by_source = {one.source: one for one in submissions}
    answer(engine, bind, by_source["0.1.1"], "accepted", id="a1")
    answer(engine, bind, by_source["0.2.1"], "retry", 0x58)
    answer(engine, bind, by_source["1.1.1"], "retry", 0x58)
    answer(engine, bind, by_source["1.2.1"], "retry", 0x58)
    answer(engine, bind, by_source["2.1.1"], "accepted", id="a2")
    recovered = recovery.Recovered(unknown=3, refused=1, freed=2)
    with writing(engine) as session:
        assert recovery.recover(session, bind, bind.worker, NOW) == recovered
        assert recovery.recover(session, bind, "", NOW).unknown == 0
    assert [source for _, source in facts(engine, "outcome_unknown")] == ["2.2.1", "3.1.1", "3.2.1"]
    assert [source for _, source in facts(engine, "refused")] == ["0.2.1"]
    # Message 1 was refused for the moment and never left; message 4 was claimed only; 5 was never claimed.
    assert claim(engine, open_campaign, "next", 9) == [1, 4, 5]


def test_a_freed_message_is_counted_on_and_not_freed_from_under_another_worker(
    engine: Engine, bind: Bind, open_campaign: OpenCampaign
) -> None:
    (message,) = claimed(engine, open_campaign, bind, 1)
    (submission,) = marked(engine, bind, open_campaign, [message])
    answer(engine, bind, submission, "retry", 0x58)
    with writing(engine) as session:
        recovery.recover(session, bind, bind.worker, NOW)
    other = Bind(bind.route_id, "other")
    (again,) = claimed(engine, open_campaign, other, 1)
    with writing(engine) as session:
        recovery.recover(session, bind, bind.worker, NOW)
    assert [one.source for one in marked(engine, other, open_campaign, [again])] == ["0.1.2"]


def test_nothing_of_a_number_that_said_stop_is_marked_again(engine: Engine, bind: Bind, open_campaign: OpenCampaign) -> None:
    fresh, begun = claimed(engine, open_campaign, bind, 2, parts=2)
    submissions = marked(engine, bind, open_campaign, [fresh, begun])
    answer(engine, bind, submissions[2], "accepted", id="a")
    for one in (submissions[0], submissions[1], submissions[3]):
        answer(engine, bind, one, "retry", 0x58)
    for number in (fresh.number, begun.number):
        stop(engine, bind, number)
    with writing(engine) as session:
        again = mark_again(session, bind, [submissions[0], submissions[3]], NOW)
    assert again == []
    assert facts(engine, "unsent") == [(0, "0")]
    assert facts(engine, "refused") == [(1, "1.2.1")]


def test_a_mark_waits_for_a_stop_that_is_being_stored(engine: Engine, bind: Bind, open_campaign: OpenCampaign) -> None:
    messages = claimed(engine, open_campaign, bind, 2)
    submissions: list[Submission] = []
    thread = threading.Thread(target=lambda: submissions.extend(marked(engine, bind, open_campaign, messages)))
    with writing(engine) as session:
        inbound.store(session, bind.route_id, [said_stop(messages[0].number)], NOW)
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
    thread.join(10)
    assert [one.message.n for one in submissions] == [1]
    assert facts(engine, "unsent") == [(0, "0")]


def test_an_id_that_is_given_out_again_means_the_newer_fragment(
    engine: Engine, bind: Bind, open_campaign: OpenCampaign
) -> None:
    first, second = marked(engine, bind, open_campaign, claimed(engine, open_campaign, bind, 2))
    answer(engine, bind, first, "accepted", id="7")
    receive(engine, bind, "7")
    answer(engine, bind, second, "accepted", id="0007")
    assert facts(engine, "receipt") == [(0, "0.1.1")]
    receive(engine, bind, "7", "UNDELIVERABLE")
    assert facts(engine, "receipt") == [(0, "0.1.1"), (1, "1.1.1")]


def test_short_counters_in_hexadecimal_are_never_taken_for_decimal_ones(
    engine: Engine, bind: Bind, open_campaign: OpenCampaign
) -> None:
    first, second = marked(engine, bind, open_campaign, claimed(engine, open_campaign, bind, 2))
    answer(engine, bind, first, "accepted", id="a")
    receive(engine, bind, "10")
    assert facts(engine, "receipt") == []
    answer(engine, bind, second, "accepted", id="10")
    assert facts(engine, "receipt") == [(1, "1.1.1")]


def test_attempts_tell_the_whole_story(engine: Engine, bind: Bind, open_campaign: OpenCampaign) -> None:
    (submission,) = marked(engine, bind, open_campaign, claimed(engine, open_campaign, bind, 1))
    answer(engine, bind, submission, "accepted", id="00AB")
    with reading(engine) as session:
        row = session.exec(select(Attempt)).one()
    assert (row.outcome, row.smsc_id, row.worker, row.parts) == ("accepted", "00AB", bind.worker, 1)
