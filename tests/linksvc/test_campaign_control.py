"""Send, schedule, pause, resume, cancel."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import col, func, select

from linksvc import campaign_control, counters, facts, holds, production, send_batches
from linksvc.applier import apply_batch
from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest, NotFound, RicochetError
from linksvc.holds import Held
from linksvc.keys import Keyring
from linksvc.models import Campaign, Contact, Fact, Message, SendBatch
from linksvc.schedules import RECIPIENT, Schedule
from linksvc.send_batches import Run
from tests import factories
from tests.factories import NOW

TEN = Schedule(datetime.fromisoformat("2026-11-27T10:00"), "Europe/Paris")
TEN_IN_PARIS = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def draft(engine: Engine, workspace_id: int) -> int:
    factories.contact(engine, workspace_id)
    return factories.campaign(engine, workspace_id)


def send(engine: Engine, workspace_id: int, campaign_id: int, *when: object, now: datetime = NOW) -> Campaign:
    with writing(engine) as session:
        campaign_control.send(session, workspace_id, campaign_id, now, *when)  # type: ignore[arg-type]
    return row(engine, campaign_id)


def row(engine: Engine, campaign_id: int) -> Campaign:
    with reading(engine) as session:
        found = session.get_one(Campaign, campaign_id)
        session.expunge(found)
        return found


def produce(engine: Engine, keyring: Keyring, campaign_id: int, now: datetime) -> None:
    with writing(engine) as session:
        campaign_control.start_due(session, now)
    while production.produce_batch(engine, keyring, campaign_id, lambda: now):
        pass


def sending(engine: Engine, workspace_id: int, size: int) -> int:
    """A campaign whose messages are queued, in batches."""
    campaign_id = factories.produced_campaign(engine, workspace_id, size)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
        if not session.exec(select(func.count()).select_from(SendBatch)).one():
            send_batches.deal(session, campaign_id, 0, [Run("FR", "", size, NOW)])
    return campaign_id


def states(engine: Engine, campaign_id: int) -> dict[str, int]:
    while apply_batch(engine, campaign_id, "test", lambda: NOW):
        pass
    with reading(engine) as session:
        found = select(Message.state, func.count()).where(Message.campaign_id == campaign_id).group_by(Message.state)
        return dict(session.exec(found).all())


def test_a_campaign_goes_at_once_unless_told_otherwise(engine: Engine, workspace_id: int, draft: int) -> None:
    sent = send(engine, workspace_id, draft)
    assert (sent.state, sent.send_at, sent.send_timezone) == ("producing", None, "")


def test_a_campaign_waits_for_its_time_and_meets_the_audience_of_that_time(
    engine: Engine, workspace_id: int, draft: int, keyring: Keyring
) -> None:
    waiting = send(engine, workspace_id, draft, TEN)
    assert (waiting.state, waiting.send_at, waiting.send_requested_at) == ("scheduled", TEN_IN_PARIS, NOW)
    factories.contact(engine, workspace_id, "+33639980002")
    produce(engine, keyring, draft, TEN_IN_PARIS - timedelta(seconds=1))
    assert row(engine, draft).state == "scheduled"
    produce(engine, keyring, draft, TEN_IN_PARIS)
    assert (row(engine, draft).state, row(engine, draft).produced) == ("sending", 2)


def test_a_schedule_in_recipients_zones_is_made_when_the_first_of_them_is_there(
    engine: Engine, workspace_id: int, draft: int
) -> None:
    waiting = send(engine, workspace_id, draft, Schedule(TEN.local, RECIPIENT))
    assert waiting.send_at == datetime(2026, 11, 26, 20, 0, tzinfo=UTC)
    assert (waiting.state, waiting.send_local, waiting.send_timezone) == ("scheduled", "2026-11-27T10:00:00", "recipient")


def test_another_time_can_be_given_while_it_waits_and_none_later(engine: Engine, workspace_id: int, draft: int) -> None:
    send(engine, workspace_id, draft, TEN)
    later = Schedule(TEN.local + timedelta(days=1), "Europe/Paris")
    assert send(engine, workspace_id, draft, later).send_at == TEN_IN_PARIS + timedelta(days=1)
    assert send(engine, workspace_id, draft).state == "producing"
    with pytest.raises(Conflict):
        send(engine, workspace_id, draft, TEN)


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ((Schedule(datetime.fromisoformat("2026-11-20T09:59"), "Europe/Paris"),), "schedule_past"),
        ((Schedule(datetime.fromisoformat("2026-11-20T09:59"), RECIPIENT),), "schedule_past"),
        ((None, NOW), "expiry_invalid"),
        ((TEN, TEN_IN_PARIS), "expiry_invalid"),
    ],
)
def test_times_that_cannot_be_are_refused(
    engine: Engine, workspace_id: int, draft: int, when: tuple[object, ...], code: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        send(engine, workspace_id, draft, *when)
    assert caught.value.code == code
    assert row(engine, draft).state == "draft"


def test_a_time_that_is_over_in_the_east_but_not_here_is_taken(engine: Engine, workspace_id: int, draft: int) -> None:
    soon = Schedule(datetime.fromisoformat("2026-11-20T10:30"), RECIPIENT)
    assert send(engine, workspace_id, draft, soon).state == "producing"


def test_a_campaign_is_paused_and_resumed(engine: Engine, workspace_id: int) -> None:
    campaign_id = sending(engine, workspace_id, 1)
    for _ in range(2):
        with writing(engine) as session:
            campaign_control.pause(session, workspace_id, campaign_id, NOW)
        assert row(engine, campaign_id).paused_at == NOW
    with writing(engine) as session:
        campaign_control.resume(session, workspace_id, campaign_id)
    assert row(engine, campaign_id).paused_at is None


def test_a_paused_schedule_does_not_begin(engine: Engine, workspace_id: int, draft: int, keyring: Keyring) -> None:
    send(engine, workspace_id, draft, TEN)
    with writing(engine) as session:
        campaign_control.pause(session, workspace_id, draft, NOW)
    produce(engine, keyring, draft, TEN_IN_PARIS)
    assert row(engine, draft).state == "scheduled"
    with writing(engine) as session:
        campaign_control.resume(session, workspace_id, draft)
    produce(engine, keyring, draft, TEN_IN_PARIS)
    assert row(engine, draft).state == "sending"


@pytest.mark.parametrize("state", ["draft", "sent", "cancelled"])
@pytest.mark.parametrize("wish", ["pause", "resume"])
def test_what_does_not_run_is_neither_paused_nor_resumed(
    engine: Engine, workspace_id: int, draft: int, state: str, wish: str
) -> None:
    with writing(engine) as session:
        session.get_one(Campaign, draft).state = state
    now = [NOW] if wish == "pause" else []
    with pytest.raises(Conflict, match=f"it is {state}"), writing(engine) as session:
        getattr(campaign_control, wish)(session, workspace_id, draft, *now)


def test_nobody_elses_campaign_is_touched(engine: Engine, draft: int) -> None:
    other = factories.workspace(engine, "Autre")
    with writing(engine) as session:
        for step in (campaign_control.send, campaign_control.pause, campaign_control.cancel):
            with pytest.raises(NotFound):
                step(session, other, draft, NOW)
        with pytest.raises(NotFound):
            campaign_control.resume(session, other, draft)


def test_a_cancelled_campaign_takes_back_all_that_was_not_handed_over(engine: Engine, workspace_id: int) -> None:
    campaign_id = sending(engine, workspace_id, 120)
    with writing(engine) as session:
        # Some are claimed, by a worker that is busy elsewhere.
        send_batches.claim(session, send_batches.find_free(session, campaign_id, NOW, 1), "busy", NOW + timedelta(hours=1))
    for _ in range(2):
        with writing(engine) as session:
            campaign_control.cancel(session, workspace_id, campaign_id, NOW)
    with reading(engine) as session:
        assert campaign_control.campaigns_to_withdraw(session, NOW) == [campaign_id]
    while campaign_control.withdraw_batch(engine, campaign_id, lambda: NOW):
        pass
    assert states(engine, campaign_id) == {"cancelled": 120}
    assert (row(engine, campaign_id).state, row(engine, campaign_id).cancelled_at) == ("cancelled", NOW)
    with reading(engine) as session:
        assert campaign_control.campaigns_to_withdraw(session, NOW) == []


def test_what_was_not_made_yet_is_cancelled_at_once_and_a_campaign_in_the_making_makes_no_more(
    engine: Engine, workspace_id: int, draft: int, keyring: Keyring
) -> None:
    send(engine, workspace_id, draft, TEN)
    with writing(engine) as session:
        campaign_control.cancel(session, workspace_id, draft, NOW)
    assert (row(engine, draft).state, row(engine, draft).finished_at) == ("cancelled", NOW)
    produce(engine, keyring, draft, TEN_IN_PARIS)
    assert row(engine, draft).produced == 0

    begun = factories.campaign(engine, workspace_id)
    send(engine, workspace_id, begun)
    assert production.produce_batch(engine, keyring, begun, lambda: NOW)
    with writing(engine) as session:
        campaign_control.cancel(session, workspace_id, begun, NOW)
    assert not production.produce_batch(engine, keyring, begun, lambda: NOW)
    while campaign_control.withdraw_batch(engine, begun, lambda: NOW):
        pass
    assert states(engine, begun) == {"cancelled": 1}
    assert row(engine, begun).state == "cancelled"


def test_what_was_sent_cannot_be_cancelled(engine: Engine, workspace_id: int, draft: int) -> None:
    with writing(engine) as session:
        session.get_one(Campaign, draft).state = "sent"
    with pytest.raises(RicochetError, match="it is sent"), writing(engine) as session:
        campaign_control.cancel(session, workspace_id, draft, NOW)


def test_what_waits_when_its_campaign_expires_will_not_leave(engine: Engine, workspace_id: int) -> None:
    campaign_id = sending(engine, workspace_id, 60)
    with writing(engine) as session:
        session.get_one(Campaign, campaign_id).expires_at = NOW + timedelta(hours=1)
        session.get_one(Campaign, campaign_id).paused_at = NOW
    assert campaign_control.withdraw_batch(engine, campaign_id, lambda: NOW) == 0
    over = NOW + timedelta(hours=1)
    with reading(engine) as session:
        assert campaign_control.campaigns_to_withdraw(session, over) == [campaign_id]
    while campaign_control.withdraw_batch(engine, campaign_id, lambda: over):
        pass
    assert states(engine, campaign_id) == {"expired_unsent": 60}
    assert row(engine, campaign_id).state == "sent"


def hold(engine: Engine, campaign_id: int, ns: range, reason: str, until: datetime) -> None:
    """As the sender's last checks do it."""
    with writing(engine) as session:
        mine = send_batches.find_free(session, campaign_id, NOW, 10)
        send_batches.take_out(session, mine, ns)
        send_batches.put_back(session, campaign_id, ns, until, reason)
        facts.record(session, [holds.fact_of(campaign_id, n, reason, until, NOW) for n in ns], NOW)


def test_what_is_held_back_is_told_with_its_reason_and_its_end(engine: Engine, workspace_id: int) -> None:
    campaign_id = sending(engine, workspace_id, 100)
    morning, later = NOW + timedelta(hours=9), NOW + timedelta(days=3)
    hold(engine, campaign_id, range(70), "quiet_hours", morning)
    hold(engine, campaign_id, range(70, 90), "frequency_cap", later)
    with reading(engine) as session:
        assert holds.list_holds(session, campaign_id) == (
            Held("quiet_hours", "FR", morning, 70),
            Held("frequency_cap", "FR", later, 20),
        )
    assert states(engine, campaign_id) == {"held": 90, "queued": 10}


def test_what_was_held_back_is_queued_again_when_its_time_comes(engine: Engine, workspace_id: int) -> None:
    campaign_id = sending(engine, workspace_id, 100)
    morning = NOW + timedelta(hours=9)
    hold(engine, campaign_id, range(70), "quiet_hours", morning)
    hold(engine, campaign_id, range(70, 90), "frequency_cap", morning + timedelta(days=3))
    assert holds.release(engine, campaign_id, NOW, lambda: morning - timedelta(seconds=1)) == 0
    assert holds.release(engine, campaign_id, NOW, lambda: morning) == 70
    assert holds.release(engine, campaign_id, NOW, lambda: morning) == 0
    assert states(engine, campaign_id) == {"held": 20, "queued": 80}
    # Held again in the evening.
    hold_again = morning + timedelta(hours=24)
    with writing(engine) as session:
        facts.record(session, [holds.fact_of(campaign_id, 3, "quiet_hours", hold_again, morning)], morning)
    assert states(engine, campaign_id) == {"held": 21, "queued": 79}
    with reading(engine) as session:
        assert session.exec(select(func.count()).where(col(Fact.kind) == "released")).one() == 70
        assert session.exec(select(func.count()).select_from(Contact)).one() == 100
