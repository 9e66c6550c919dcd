"""Pause, resume, cancel, schedules and caps over a real socket: nothing leaves that may not."""

import asyncio
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlmodel import col, func, select

from linksvc import campaign_control, counters, holds
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.models import Attempt, Campaign, Contact, Message, SendBatch, SentDay
from sender.pdus import Pdu, Status
from tests import factories
from tests.sender.conftest import Books, Sending
from tests.sender.scripted_smsc import Line, ScriptedSmsc, scripted_smsc, until

FAST_ROUTE = {"rate_per_s": 1_000, "window_size": 50}


async def changed(engine: Engine, step: object, *arguments: object) -> tuple[datetime, float]:
    """Does it in a transaction; when it was committed, by the wall's clock and by the event loop's."""

    def do() -> datetime:
        with writing(engine) as session:
            step(session, *arguments)  # type: ignore[operator]
        return now()

    return await asyncio.to_thread(do), time.monotonic()


def marked_after(engine: Engine, moment: datetime) -> int:
    with reading(engine) as session:
        return session.exec(select(func.count()).select_from(Attempt).where(col(Attempt.occurred_at) > moment)).one()


async def nothing_leaves(smsc: ScriptedSmsc, since: float) -> None:
    """From a second after `since` on."""
    await asyncio.sleep(max(0.0, since + 1.5 - time.monotonic()))
    assert [at for at in smsc.times if at > since + 1.0] == []


async def test_pause_resume_and_cancel_act_within_a_second(engine: Engine, workspace_id: int, sending: Sending) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 400, rate_per_s=50, text="Bonjour")
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    async with scripted_smsc() as smsc, sending(smsc, **FAST_ROUTE):
        await until(lambda: len(smsc.submissions) > 10)
        committed, at = await changed(engine, campaign_control.pause, workspace_id, campaign_id, now())
        await nothing_leaves(smsc, at)
        assert marked_after(engine, committed) == 0

        paused_at = len(smsc.submissions)
        await changed(engine, campaign_control.resume, workspace_id, campaign_id)
        await until(lambda: len(smsc.submissions) > paused_at + 10)

        committed, at = await changed(engine, campaign_control.cancel, workspace_id, campaign_id, now())
        await nothing_leaves(smsc, at)
        assert marked_after(engine, committed) == 0
        left = len(smsc.submissions)
        await until(lambda: len(Books(engine).facts("accepted")) == left)
    while campaign_control.withdraw_batch(engine, campaign_id, now):
        pass
    assert len({pdu.text("destination_addr") for pdu in smsc.submissions}) == left
    assert Books(engine).states(campaign_id) == {"submitted": left, "cancelled": 400 - left}
    with reading(engine) as session:
        assert session.get_one(Campaign, campaign_id).state == "cancelled"
        assert session.exec(select(func.count()).select_from(SendBatch)).one() == 0


async def test_a_message_waits_for_its_schedule_and_leaves_once(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 4, text="Bonjour")
    zones = ("Pacific/Kiritimati", "Europe/Paris", "Europe/Paris", "Pacific/Niue")
    due = now() + timedelta(seconds=3)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
        for person, zone in zip(session.exec(select(Contact).order_by(col(Contact.id))).all(), zones, strict=True):
            person.timezone = zone
        campaign = session.get_one(Campaign, campaign_id)
        campaign.send_local = due.astimezone(ZoneInfo("Europe/Paris")).replace(tzinfo=None).isoformat()
        campaign.send_timezone, campaign.send_at = "recipient", factories.NOW
    async with scripted_smsc() as smsc, sending(smsc, **FAST_ROUTE):
        await until(lambda: len(smsc.submissions) == 3)
        began = now() - timedelta(seconds=time.monotonic())
        early = [at for at in smsc.times if began + timedelta(seconds=at) < due]
        assert len(early) <= 1
        assert smsc.submissions[0].text("destination_addr").endswith("0000") or not early
        assert (3, "scheduled") in books.facts("held")
        holds.release(engine, campaign_id, factories.NOW, now)
        await until(lambda: len(books.facts("accepted")) == 3)
    assert books.states(campaign_id) == {"submitted": 3, "held": 1}
    with reading(engine) as session:
        (waiting,) = holds.list_holds(session, campaign_id)
        assert (waiting.reason, waiting.messages, waiting.until > now()) == ("scheduled", 1, True)
        assert session.get_one(Campaign, campaign_id).state == "sending"


async def test_what_is_over_the_cap_is_held_and_what_is_refused_makes_room(
    engine: Engine, books: Books, sending: Sending
) -> None:
    workspace_id = factories.workspace(engine, cap_messages=1, cap_days=2)
    first = factories.produced_campaign(engine, workspace_id, 2, text="Un")
    second = factories.produced_campaign(engine, workspace_id, 2, text="Deux")
    with writing(engine) as session:
        people = session.exec(select(Contact).order_by(col(Contact.id))).all()
        numbers = [person.number for person in people[:2]]
    refused = numbers[0].lstrip("+")

    async def judge(line: Line, pdu: Pdu) -> None:
        if pdu.text("destination_addr") == refused and len(smsc.submissions) <= 2:
            line.answer(pdu, Status.INVALID_DESTINATION)
        else:
            smsc.accept(line, pdu)

    with writing(engine) as session:
        session.get_one(Campaign, second).paused_at = now()
        for n, number in enumerate(numbers):
            session.get_one(Message, (second, n)).number = number
    async with scripted_smsc(submitted=judge) as smsc, sending(smsc, **FAST_ROUTE):
        await until(lambda: len(books.facts("refused")) == 1 and len(books.facts("accepted")) == 1)
        await changed(engine, campaign_control.resume, workspace_id, second)
        await until(lambda: len(books.facts("accepted")) == 2 and len(books.facts("held")) == 1)
    assert books.facts("held") == [(1, "frequency_cap")]
    with reading(engine) as session:
        assert sum(row.count for row in session.exec(select(SentDay))) == 2
    assert books.states(first) == {"refused": 1, "submitted": 1}
