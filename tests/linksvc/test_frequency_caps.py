"""Frequency caps: what is counted, for how long, and when there is room again."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from shutil import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import col, delete, func, select

from linksvc.database import open_engine, reading, writing
from linksvc.errors import InvalidRequest
from linksvc.frequency_caps import Cap, Excess, count_day, find_cap, give_back, set_cap, take
from linksvc.models import Campaign, Message, SentDay
from tests import factories
from tests.factories import NOW

NUMBER = "+33639980001"
TODAY = datetime(2026, 11, 20, tzinfo=UTC)


def taken(engine: Engine, cap: Cap, now: datetime, numbers: tuple[str, ...] = (NUMBER,)) -> dict[str, Excess]:
    with writing(engine) as session:
        return take(session, 1, cap, numbers, now)


def counted(engine: Engine) -> int:
    with reading(engine) as session:
        return session.exec(select(func.coalesce(func.sum(SentDay.count), 0))).one()


def test_what_is_over_the_cap_is_not_counted_and_told_when_there_is_room(engine: Engine) -> None:
    factories.workspace(engine)
    cap = Cap(2, 3)
    assert taken(engine, cap, NOW) == {}
    assert taken(engine, cap, NOW + timedelta(days=1)) == {}
    over = {NUMBER: Excess(1, TODAY + timedelta(days=3))}
    assert taken(engine, cap, NOW + timedelta(days=1)) == over
    assert taken(engine, cap, NOW + timedelta(days=2)) == over
    assert counted(engine) == 2
    assert taken(engine, cap, TODAY + timedelta(days=3)) == {}


def test_several_messages_to_a_number_take_what_there_is(engine: Engine) -> None:
    factories.workspace(engine)
    over = taken(engine, Cap(2, 1), NOW, (NUMBER, "+33639980002", NUMBER, NUMBER))
    assert over == {NUMBER: Excess(1, TODAY + timedelta(days=1))}
    assert counted(engine) == 3


def test_what_did_not_leave_is_given_back_and_what_was_never_counted_is_not(engine: Engine) -> None:
    factories.workspace(engine)
    taken(engine, Cap(1, 1), NOW)
    for _ in range(2):
        with writing(engine) as session:
            give_back(session, 1, Counter({NUMBER: 1, "+33639980002": 1}), NOW)
        assert counted(engine) == 0
    assert taken(engine, Cap(1, 1), NOW) == {}


@settings(max_examples=60)
@given(st.lists(st.integers(0, 20 * 24), max_size=30), st.integers(1, 3), st.integers(1, 7))
def test_no_stretch_of_days_ever_holds_more_than_the_cap(
    tmp_engine: Engine, hours: list[int], messages: int, days: int
) -> None:
    cap = Cap(messages, days)
    with writing(tmp_engine) as session:
        session.exec(delete(SentDay))
    sent: Counter[datetime] = Counter()
    for hour in sorted(hours):
        now = NOW + timedelta(hours=hour)
        over = taken(tmp_engine, cap, now)
        day = now.replace(hour=0)
        window = sum(sent[day - timedelta(days=ago)] for ago in range(days))
        assert bool(over) == (window >= messages)
        if over:
            until = over[NUMBER].until
            # There is room then, and not a day earlier.
            assert sum(sent[until - timedelta(days=ago)] for ago in range(days)) < messages
            assert sum(sent[until - timedelta(days=1 + ago)] for ago in range(days)) >= messages
        else:
            sent[day] += 1
    assert counted(tmp_engine) == sent.total()


@pytest.fixture(scope="module")
def tmp_engine(sqlite_template: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = tmp_path_factory.mktemp("caps") / "caps.db"
    copy(str(sqlite_template), path)
    engine = open_engine(f"sqlite:///{path}")
    factories.workspace(engine)
    yield engine
    engine.dispose()


def test_what_was_sent_before_there_was_a_cap_counts_from_the_messages(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    marketing = factories.produced_campaign(engine, workspace_id, 3)
    other = factories.produced_campaign(engine, workspace_id, 1, kind="transactional")
    stranger = factories.produced_campaign(engine, factories.workspace(engine, "Autre"), 1)
    with writing(engine) as session:
        for message in session.exec(select(Message)):
            message.number = NUMBER
            message.submitted_at = NOW if message.n != 1 else NOW - timedelta(days=1)
        session.get_one(Campaign, marketing).finished_at = NOW
        session.get_one(Message, (marketing, 2)).submitted_at = None
    assert {other, stranger}
    for _ in range(2):
        for ago in (0, 1):
            with writing(engine) as session:
                count_day(session, workspace_id, NOW - timedelta(days=ago))
    with reading(engine) as session:
        found = session.exec(select(SentDay.day, SentDay.count).order_by(col(SentDay.day))).all()
    assert [tuple(row) for row in found] == [(TODAY - timedelta(days=1), 1), (TODAY, 1)]


def test_a_cap_is_set_and_taken_away_and_a_wrong_one_refused(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    for cap in (Cap(3, 7), None):
        with writing(engine) as session:
            set_cap(session, workspace_id, cap)
            assert find_cap(session, workspace_id) == cap
    for wrong in (Cap(0, 7), Cap(3, 0), Cap(3, 32), Cap(1_001, 7)):
        with pytest.raises(InvalidRequest, match="1 to 31 days"), writing(engine) as session:
            set_cap(session, workspace_id, wrong)
