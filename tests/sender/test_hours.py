"""Quiet hours over a real socket, by a clock that the test moves."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from linksvc import counters, holds
from linksvc.database import reading, writing
from linksvc.holds import Held
from linksvc.keys import Keyring
from linksvc.models import Campaign
from linksvc.settings import Settings
from sender.worker import run_sender
from tests import factories
from tests.sender.conftest import FAST, Books
from tests.sender.scripted_smsc import scripted_smsc, until

SATURDAY_EVENING = datetime(2026, 11, 21, 20, 29, 59, tzinfo=UTC)
CLOSED = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)
SUNDAY_NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
MONDAY_8 = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@dataclass
class HandClock:
    at: datetime

    def __call__(self) -> datetime:
        return self.at


def sending_campaign(engine: Engine, workspace_id: int) -> int:
    campaign_id = factories.produced_campaign(engine, workspace_id, 5, text="Bonjour")
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    return campaign_id


async def test_what_is_late_on_saturday_leaves_on_monday_at_eight(
    engine: Engine, books: Books, route_settings: Settings, keyring: Keyring
) -> None:
    workspace_id = factories.workspace(engine, quiet_hours=True, quiet_holidays=True)
    clock, stop = HandClock(SATURDAY_EVENING), asyncio.Event()
    async with scripted_smsc() as smsc:
        factories.route(engine, port=smsc.port)
        sender = asyncio.create_task(run_sender(route_settings, engine, keyring, stop, clock, timing=FAST))
        early = sending_campaign(engine, workspace_id)
        await until(lambda: len(books.facts("accepted")) == 5)
        clock.at = CLOSED
        late = sending_campaign(engine, workspace_id)
        await until(lambda: len(books.facts("held")) == 5)
        assert books.states(early) == {"submitted": 5}
        assert books.states(late) == {"held": 5}
        with reading(engine) as session:
            assert holds.list_holds(session, late) == (Held("quiet_hours", "FR", MONDAY_8, 5),)
            assert session.get_one(Campaign, late).state == "sending"
        clock.at = SUNDAY_NOON
        assert holds.release(engine, late, factories.NOW, clock) == 0
        await asyncio.sleep(0.3)
        assert len(smsc.submissions) == 5
        clock.at = MONDAY_8
        assert holds.release(engine, late, factories.NOW, clock) == 5
        await until(lambda: len(books.facts("accepted")) == 10)
        stop.set()
        await asyncio.wait_for(sender, 60)
    assert len(smsc.submissions) == 10
    assert books.states(late) == {"submitted": 5}
    with reading(engine) as session:
        assert session.get_one(Campaign, late).state == "sent"
