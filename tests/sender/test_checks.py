"""What is checked at the last moment."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from time import sleep

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc import campaign_control
from linksvc.applier import apply_batch
from linksvc.database import open_engine, reading, writing
from linksvc.models import Campaign, Contact, Fact, Message, SentDay, Suppression
from sender import outcomes, recovery
from sender.checks import Decisions, Hold, decide, record
from sender.marks import give_up_waiting, mark_again, take_back
from sender.messages import Answer, OpenCampaign
from tests import factories
from tests.factories import NOW
from tests.sender.marking import claimed, held_bind, marked, the_open_campaign


def decided(engine: Engine, campaign_id: int, now=NOW) -> Decisions[Message]:
    """Asks about every message of the campaign."""
    with writing(engine) as session:
        row = session.get_one(Campaign, campaign_id)
        campaign = OpenCampaign(campaign_id, row.workspace_id, row.kind, row.sender, row.text, row.rate_per_s)
        messages = session.exec(select(Message).where(Message.campaign_id == campaign_id).order_by(Message.n)).all()
        session.expunge_all()
        return decide(session, campaign, messages, now)


def change(engine: Engine, campaign_id: int, **fields: object) -> None:
    with writing(engine) as session:
        row = session.get_one(Campaign, campaign_id)
        for name, value in fields.items():
            setattr(row, name, value)


def test_stop_and_withdrawn_consent_are_seen_at_the_last_moment(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 4)
    with writing(engine) as session:
        people = session.exec(select(Contact).order_by(Contact.id)).all()
        stop = Suppression(
            workspace_id=workspace_id, number=people[1].number, reason="stop", occurred_at=NOW, recorded_at=NOW
        )
        session.add(stop)
        people[2].marketing_consent_at = None
    decisions = decided(engine, campaign_id)
    assert [message.n for message in decisions.allowed] == [0, 3]
    assert decisions.unsent == {1: "stopped", 2: "stopped"}


def test_a_transactional_message_needs_no_consent_but_heeds_stop(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 2, kind="transactional")
    with writing(engine) as session:
        people = session.exec(select(Contact).order_by(Contact.id)).all()
        for person in people:
            person.marketing_consent_at = None
        stop = Suppression(
            workspace_id=workspace_id, number=people[0].number, reason="stop", occurred_at=NOW, recorded_at=NOW
        )
        session.add(stop)
    decisions = decided(engine, campaign_id)
    assert [message.n for message in decisions.allowed] == [1]
    assert decisions.unsent == {0: "stopped"}


@pytest.mark.parametrize(
    ("fields", "waiting", "unsent"),
    [
        ({"paused_at": NOW}, [0, 1], {}),
        ({"cancelled_at": NOW}, [], {0: "cancelled", 1: "cancelled"}),
        ({"cancelled_at": NOW, "paused_at": NOW}, [], {0: "cancelled", 1: "cancelled"}),
        ({"expires_at": NOW}, [], {0: "expired_unsent", 1: "expired_unsent"}),
        ({"expires_at": NOW, "paused_at": NOW}, [], {0: "expired_unsent", 1: "expired_unsent"}),
    ],
)
def test_nothing_leaves_a_campaign_that_was_stopped(
    engine: Engine, fields: dict[str, object], waiting: list[int], unsent: dict[int, str]
) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 2)
    change(engine, campaign_id, **fields)
    decisions = decided(engine, campaign_id)
    assert (list(decisions.allowed), list(decisions.waiting), decisions.unsent) == ([], waiting, unsent)


def test_a_campaign_leaves_until_it_expires(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    change(engine, campaign_id, expires_at=NOW + timedelta(seconds=1))
    assert len(decided(engine, campaign_id).allowed) == 1


SUNDAY_NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
MONDAY_8 = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def people(engine: Engine, *changes: dict[str, object]) -> None:
    """Changes the contacts, in the order of their ids, and the messages to them."""
    with writing(engine) as session:
        for person, fields in zip(session.exec(select(Contact).order_by(Contact.id)).all(), changes, strict=True):
            for name, value in fields.items():
                setattr(person, name, value)
            message = session.exec(select(Message).where(Message.contact_id == person.id)).one()
            message.number, message.country = person.number, person.country


def test_a_message_waits_for_the_hours_of_its_recipients_country(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, quiet_hours=True, quiet_holidays=True)
    campaign_id = factories.produced_campaign(engine, workspace_id, 3)
    people(
        engine,
        {},
        {"number": "+447700900001", "country": "GB"},
        {"number": "+18085550100", "country": "US"},
    )
    decisions = decided(engine, campaign_id, SUNDAY_NOON)
    assert [message.n for message in decisions.allowed] == [1]
    assert decisions.held == {
        0: Hold(MONDAY_8, "quiet_hours"),
        # One o'clock at night on Hawaii.
        2: Hold(datetime(2026, 11, 22, 18, 0, tzinfo=UTC), "quiet_hours"),
    }
    assert decided(engine, campaign_id, datetime(2026, 12, 25, 11, tzinfo=UTC)).held[0].reason == "holiday"


def test_a_transactional_message_waits_for_no_hours_and_no_cap(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, quiet_hours=True, quiet_holidays=True, cap_messages=1, cap_days=1)
    campaign_id = factories.produced_campaign(engine, workspace_id, 2, kind="transactional")
    for _ in range(2):
        assert len(decided(engine, campaign_id, SUNDAY_NOON).allowed) == 2


def test_what_would_wait_beyond_the_campaigns_end_expires_at_once(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, quiet_hours=True)
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    change(engine, campaign_id, expires_at=MONDAY_8)
    assert decided(engine, campaign_id, SUNDAY_NOON).unsent == {0: "expired_unsent"}
    change(engine, campaign_id, expires_at=MONDAY_8 + timedelta(seconds=1))
    assert decided(engine, campaign_id, SUNDAY_NOON).held == {0: Hold(MONDAY_8, "quiet_hours")}


def test_a_schedule_in_the_recipients_zone_holds_each_until_it_is_that_time_there(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 4)
    zones = ("Pacific/Kiritimati", "Europe/Paris", "", "Pacific/Niue")
    people(engine, *({"timezone": zone} for zone in zones))
    change(engine, campaign_id, send_local="2026-11-27T10:00", send_timezone="recipient", send_at=NOW)
    decisions = decided(engine, campaign_id, datetime(2026, 11, 26, 20, 0, tzinfo=UTC))
    assert [message.n for message in decisions.allowed] == [0]
    paris = Hold(datetime(2026, 11, 27, 9, 0, tzinfo=UTC), "scheduled")
    assert decisions.held == {1: paris, 2: paris, 3: Hold(datetime(2026, 11, 27, 21, 0, tzinfo=UTC), "scheduled")}


def test_a_schedule_in_closed_hours_waits_for_the_opening(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine, quiet_hours=True), 1)
    change(engine, campaign_id, send_local="2026-11-22T10:00", send_timezone="recipient", send_at=NOW)
    held = decided(engine, campaign_id, NOW).held
    assert held == {0: Hold(MONDAY_8, "scheduled")}


def test_a_cap_counts_over_campaigns_and_has_room_again_after_its_days(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, cap_messages=2, cap_days=7)
    first, second, third = (factories.produced_campaign(engine, workspace_id, 1) for _ in range(3))
    with writing(engine) as session:
        for message in session.exec(select(Message)):
            message.number = "+33639980001"
    assert len(decided(engine, first, NOW).allowed) == 1
    assert len(decided(engine, second, NOW + timedelta(days=2)).allowed) == 1
    day = datetime(2026, 11, 20, tzinfo=UTC)
    for later in (2, 3, 6):
        held = decided(engine, third, NOW + timedelta(days=later)).held
        assert held == {0: Hold(day + timedelta(days=7), "frequency_cap")}
    assert len(decided(engine, third, day + timedelta(days=7)).allowed) == 1
    assert decided(engine, first, day + timedelta(days=7)).held == {0: Hold(day + timedelta(days=9), "frequency_cap")}


def test_of_two_messages_to_one_number_in_a_batch_the_first_takes_the_last_room(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, cap_messages=1, cap_days=1, quiet_hours=True)
    campaign_id = factories.produced_campaign(engine, workspace_id, 3)
    with writing(engine) as session:
        for message in session.exec(select(Message).where(Message.n != 1)):
            message.number = "+33639980001"
    decisions = decided(engine, campaign_id, NOW)
    assert [message.n for message in decisions.allowed] == [0, 1]
    # Midnight in UTC is one o'clock in Paris: it waits for the morning.
    assert decisions.held == {2: Hold(datetime(2026, 11, 21, 7, 0, tzinfo=UTC), "frequency_cap")}


def test_two_campaigns_at_once_do_not_both_take_the_last_room(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    workspace_id = factories.workspace(engine, cap_messages=5, cap_days=1)
    campaigns = [factories.produced_campaign(engine, workspace_id, 20) for _ in range(4)]
    with writing(engine) as session:
        for message in session.exec(select(Message)):
            message.number = f"+3363998{message.n % 4:04d}"
    with ThreadPoolExecutor(4) as pool:
        decisions = list(pool.map(lambda campaign_id: decided(engine, campaign_id, NOW), campaigns))
    engine.dispose()
    allowed = Counter(message.number for one in decisions for message in one.allowed)
    assert set(allowed.values()) == {5}
    assert sum(len(one.held) for one in decisions) == 80 - 20


def counted(engine: Engine) -> dict[datetime, int]:
    with reading(engine) as session:
        return {row.day: row.count for row in session.exec(select(SentDay)) if row.count}


@pytest.mark.parametrize("way", ["again", "given up", "taken back", "refused", "recovered"])
def test_a_message_that_is_tried_again_after_midnight_is_not_held_by_its_own_count(engine: Engine, way: str) -> None:
    workspace_id = factories.workspace(engine, cap_messages=1, cap_days=7)
    factories.produced_campaign(engine, workspace_id, 1)
    bind, campaign = held_bind(engine, factories.route(engine)), the_open_campaign(engine)
    before, after = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 21, 0, 0, 5, tzinfo=UTC)
    (submission,) = marked(engine, bind, campaign, claimed(engine, campaign, bind, 1), before)
    assert counted(engine) == {datetime(2026, 11, 20, tzinfo=UTC): 1}
    if way != "taken back":
        refused = Answer(submission, "refused" if way == "refused" else "retry", 0x58, "", after)
        with writing(engine) as session:
            outcomes.store(session, bind.route_id, [refused], [], after)
    with writing(engine) as session:
        if way == "again":
            assert len(mark_again(session, bind, [submission], after)) == 1
        elif way == "given up":
            give_up_waiting(session, [submission], after)
        elif way == "taken back":
            take_back(session, bind, submission.message, after)
        elif way == "recovered":
            recovery.recover(session, bind, bind.worker, after)
    assert counted(engine) == ({datetime(2026, 11, 21, tzinfo=UTC): 1} if way == "again" else {})


def test_why_a_message_waits_is_recorded_once_for_each_hold(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, quiet_hours=True)
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    campaign = OpenCampaign(campaign_id, workspace_id, "marketing", "36180", "", 100)
    decisions = decided(engine, campaign_id, SUNDAY_NOON)
    for _ in range(2):
        with writing(engine) as session:
            record(session, campaign, decisions, SUNDAY_NOON)
    while apply_batch(engine, campaign_id, "test", lambda: SUNDAY_NOON):
        pass
    with reading(engine) as session:
        assert len(session.exec(select(Fact)).all()) == 1
        message = session.get_one(Message, (campaign_id, 0))
        assert (message.state, message.held_reason, message.held_until) == ("held", "quiet_hours", MONDAY_8)


def test_a_pause_does_not_wait_behind_senders_that_mark_all_the_time(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    stop = Event()

    def mark() -> None:
        while not stop.is_set():
            with writing(engine) as session:
                decide(session, OpenCampaign(campaign_id, workspace_id, "marketing", "36180", "", 100), [], NOW)
                sleep(0.02)

    def pause() -> None:
        with writing(engine) as session:
            campaign_control.pause(session, workspace_id, campaign_id, NOW)

    with ThreadPoolExecutor(6) as pool:
        marking = [pool.submit(mark) for _ in range(5)]
        try:
            pool.submit(pause).result(timeout=30)
        finally:
            stop.set()
        for one in marking:
            one.result()
    assert list(decided(engine, campaign_id).waiting) == [0]
    engine.dispose()
