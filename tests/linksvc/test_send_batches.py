"""The queue of batches: whatever is done to it, a message is in one batch or in none."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, col, select, update

from linksvc import send_batches
from linksvc.database import reading, writing
from linksvc.models import Message, SendBatch
from linksvc.send_batches import AT_ONCE, LANES, MOST_MESSAGES, Run, lane_of
from tests import factories
from tests.factories import NOW

SIZE = 120


@pytest.fixture
def campaign_id(engine: Engine) -> int:
    return factories.produced_campaign(engine, factories.workspace(engine), SIZE)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A transaction that is never committed."""
    with writing(engine) as session:
        yield session
        session.rollback()


def queued(session: Session) -> list[tuple[int, ...]]:
    return [
        tuple(batch) for batch in session.exec(select(SendBatch.first_n, SendBatch.size).order_by(col(SendBatch.first_n)))
    ]


def messages(session: Session) -> list[int]:
    return [n for first, size in queued(session) for n in range(first, first + size)]


def test_messages_are_dealt_in_batches_of_one_country_and_network(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 0)
    runs = [Run("FR", "20801", 120, NOW), Run("FR", "20810", 1, NOW), Run("BE", "", 50, NOW + timedelta(days=1))]
    with writing(engine) as session:
        send_batches.deal(session, campaign_id, 7, runs)
    with reading(engine) as session:
        rows = session.exec(select(SendBatch).order_by(col(SendBatch.first_n))).all()
        assert [(row.first_n, row.size, row.country, row.network) for row in rows] == [
            (7, 50, "FR", "20801"),
            (57, 50, "FR", "20801"),
            (107, 20, "FR", "20801"),
            (127, 1, "FR", "20810"),
            (128, 50, "BE", ""),
        ]
        assert rows[-1].due_at == NOW + timedelta(days=1)
        assert [row.lane for row in rows] == [lane_of(campaign_id, row.first_n) for row in rows]


def test_lanes_are_drawn_evenly() -> None:
    lanes = [lane_of(7, n) for n in range(0, 50 * 4_000, 50)]
    assert all(0 <= lane < LANES for lane in lanes)
    tenths = [sum(lane // 1_000 == tenth for lane in lanes) for tenth in range(10)]
    # Five standard deviations of a binomial of 4,000 and a tenth.
    assert all(abs(count - 400) < 95 for count in tenths)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["out", "back", "away"]), st.sets(st.integers(0, SIZE - 1))), max_size=6))
def test_what_is_taken_out_is_gone_and_what_is_put_back_is_there_once(
    session: Session, campaign_id: int, steps: list[tuple[str, set[int]]]
) -> None:
    left = set(range(SIZE))
    with session.begin_nested() as savepoint:
        send_batches.claim(session, send_batches.find_free(session, campaign_id, NOW, 99), "me", NOW)
        for step, ns in steps:
            if step == "out":
                batches = send_batches.find_claimed(session, campaign_id, "me", sorted(ns))
                assert {n for batch in batches for n in batch.ns} >= ns & left
                send_batches.take_out(session, batches, ns)
                left -= ns
            elif step == "back":
                send_batches.put_back(session, campaign_id, ns - left, NOW, "quiet_hours")
                back = [batch for batch in send_batches.find_free(session, campaign_id, NOW, 999) if not batch.worker]
                send_batches.claim(session, back, "me", NOW)
                left |= ns
            else:
                for n in ns:
                    send_batches.take_away(session, campaign_id, n)
                left -= ns
            assert messages(session) == sorted(left)
            assert all(0 < size <= MOST_MESSAGES for _, size in queued(session))
        savepoint.rollback()


def test_what_comes_back_is_claimed_before_what_was_never_tried(engine: Engine, campaign_id: int) -> None:
    with writing(engine) as session:
        batches = send_batches.find_free(session, campaign_id, NOW, 1)
        send_batches.take_out(session, batches, range(50))
        send_batches.put_back(session, campaign_id, [31, 30, 33], AT_ONCE, "retry")
        send_batches.put_back(session, campaign_id, [3], NOW + timedelta(hours=1), "quiet_hours")
        found = send_batches.find_free(session, campaign_id, NOW, 9)
    assert [(batch.first_n, batch.size, batch.reason) for batch in found] == [
        (30, 2, "retry"),
        (33, 1, "retry"),
        (50, 50, ""),
        (100, 20, ""),
    ]


def test_messages_put_back_are_batches_of_one_country(engine: Engine, campaign_id: int) -> None:
    with writing(engine) as session:
        send_batches.take_out(session, send_batches.find_free(session, campaign_id, NOW, 9), range(SIZE))
        session.exec(update(Message).where(col(Message.n) >= 60).values(country="BE"))
        send_batches.put_back(session, campaign_id, range(SIZE), NOW, "holiday")
        rows = session.exec(
            select(SendBatch.first_n, SendBatch.size, SendBatch.country).order_by(col(SendBatch.first_n))
        ).all()
    assert rows == [(0, 50, "FR"), (50, 10, "FR"), (60, 50, "BE"), (110, 10, "BE")]


def test_the_claims_of_others_are_not_found_freed_or_withdrawn(engine: Engine, campaign_id: int) -> None:
    with writing(engine) as session:
        mine, theirs, _ = send_batches.find_free(session, campaign_id, NOW, 3)
        send_batches.claim(session, [mine], "me", NOW + timedelta(minutes=1))
        send_batches.claim(session, [theirs], "they", NOW + timedelta(minutes=1))
        assert [batch.first_n for batch in send_batches.find_claimed(session, campaign_id, "me", range(SIZE))] == [0]
        send_batches.free(session, [campaign_id], "me")
        assert [batch.first_n for batch in send_batches.find_free(session, campaign_id, NOW, 9)] == [0, 100]
        assert sorted(send_batches.withdraw(session, campaign_id, NOW, 1_000)) == [*range(50), *range(100, 120)]
        assert messages(session) == list(range(50, 100))
