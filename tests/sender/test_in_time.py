"""What was said holds within a second: a STOP, a pause, a cancellation, while thousands of messages are queued."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select, update

from linksvc.clock import now
from linksvc.database import PAUSE_S, writing
from linksvc.models import Attempt, Campaign
from sender import inbound
from sender.binds import Bind
from sender.marks import mark
from tests import factories
from tests.factories import NOW
from tests.sender.conftest import Books, Sending
from tests.sender.marking import claimed, held_bind, said_stop, the_open_campaign
from tests.sender.scripted_smsc import scripted_smsc, until

QUEUED = 10_000

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def marked_at(engine: Engine) -> dict[int, datetime]:
    with writing(engine) as session:
        return dict(session.exec(select(Attempt.n, Attempt.occurred_at)).all())


@pytest.fixture
def queue(engine: Engine) -> int:
    """A campaign of which ten thousand messages are queued."""
    return factories.large_campaign(engine, factories.workspace(engine), QUEUED, text="Bonjour", rate_per_s=1_000)


def while_marking(engine: Engine, act: Callable[[Bind], None]) -> None:
    """Acts while a bind marks two thousand of the queued messages, forty at a time."""
    bind, other = (held_bind(engine, factories.route(engine, name)) for name in ("one", "two"))
    campaign = the_open_campaign(engine)
    messages = claimed(engine, campaign, bind, 2_000)

    def work() -> None:
        for first in range(0, len(messages), 40):
            with writing(engine) as session:
                mark(session, bind, campaign, messages[first : first + 40], now())
            time.sleep(PAUSE_S)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        act(other)
    finally:
        thread.join()


def test_no_attempt_is_marked_for_a_number_after_its_stop_was_stored(engine: Engine, queue: int) -> None:
    assert queue
    stopped: dict[int, datetime] = {}

    def stop(bind: Bind) -> None:
        for n in range(80, 2_000, 150):
            with writing(engine) as session:
                inbound.store(session, bind.route_id, [said_stop(f"+33{700_000_000 + n}")], now())
            stopped[n] = now()

    while_marking(engine, stop)
    made = marked_at(engine)
    assert all(made[n] <= at for n, at in stopped.items() if n in made)
    # Some came too late, and some in time.
    spared = {n for n in stopped if n not in made}
    assert spared and len(made) == 2_000 - len(spared)


@pytest.mark.parametrize("told", ["paused_at", "cancelled_at"])
def test_no_attempt_is_marked_after_a_pause_or_a_cancellation_was_stored(engine: Engine, queue: int, told: str) -> None:
    at: list[datetime] = []

    def tell(_: Bind) -> None:
        time.sleep(0.1)
        with writing(engine) as session:
            session.exec(update(Campaign).where(col(Campaign.id) == queue).values({told: NOW}))
        at.append(now())

    while_marking(engine, tell)
    made = marked_at(engine)
    assert len(made) < 2_000
    assert all(moment <= at[0] for moment in made.values())


async def test_nothing_leaves_for_a_number_a_second_after_its_stop_was_acknowledged(queue: int, sending: Sending) -> None:
    assert queue
    acknowledged: dict[str, float] = {}
    async with scripted_smsc() as smsc, sending(smsc, window_size=50, rate_per_s=400):
        await until(lambda: len(smsc.submissions) > 10)
        # The first may be on their way already; the last one's turn comes two seconds later at the earliest.
        for n in (20, 60, 90, 120, 150, 200, 250, 900):
            number = f"33{700_000_000 + n}"
            await smsc.line.reply(number, "STOP")
            acknowledged[number] = time.monotonic()
        await until(lambda: len(smsc.submissions) > 1_000, 60)
    left = {
        pdu.text("destination_addr"): at
        for pdu, at in zip(smsc.submissions, smsc.times, strict=True)
        # The others confirm a STOP.
        if pdu.payload == b"Bonjour"
    }
    assert all(left[number] <= at + 1 for number, at in acknowledged.items() if number in left)
    assert any(number not in left for number in acknowledged)


@on_one_database
async def test_a_pause_and_a_stop_hold_within_a_second_however_slow_the_campaign(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    """What waits for its pace since it was marked is checked again before it leaves."""
    four_parts = "0123456789" * 50
    factories.produced_campaign(engine, workspace_id, 9, rate_per_s=1, text=four_parts)
    async with scripted_smsc() as smsc, sending(smsc):
        await until(lambda: len(smsc.submissions) == 1)
        # Mostly that of the first message; on a slow machine it may have been put back behind the second.
        number = smsc.submissions[0].text("destination_addr")
        # The other parts of the first message were marked with the first; their pace lets one go each second.
        assert (await smsc.line.reply(number, "STOP")).status == 0
        stopped = time.monotonic()
        await until(lambda: smsc.submissions[-1].text("destination_addr") != number)
        with writing(engine) as session:
            session.exec(update(Campaign).values(paused_at=now()))
        await until(lambda: len(smsc.submissions) > 6 or time.monotonic() > smsc.times[-1] + 2.5)
    left = [(pdu.text("destination_addr"), at) for pdu, at in zip(smsc.submissions, smsc.times, strict=True)]
    assert all(at <= stopped + 1 for to, at in left if to == number)
    # What had begun is finished, and nothing else begins.
    assert len({to for to, _ in left}) == 2
    assert set(books.facts("refused")) == {(int(number) % 10, "stopped")}
