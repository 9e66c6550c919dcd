"""A transmitter and a receiver that stand and fall together."""

import asyncio
from dataclasses import replace

import pytest

from sender.connection import Connection, open_connection
from sender.pdus import Pdu, Status
from sender.session import Timers
from sender.session_errors import BindRefused, NotSent
from sender.transport import Account
from tests.sender.scripted_smsc import Line, ScriptedSmsc, scripted_smsc, until
from tests.sender.waiting import submit, take_nothing

TIMERS = Timers(connect_s=5.0, response_s=5.0, enquire_s=30.0)
MESSAGE: dict[str, str | int | bytes] = {"source_addr": "36180", "destination_addr": "33639980001", "short_message": b"a"}


async def pair(smsc: ScriptedSmsc, timers: Timers = TIMERS) -> Connection:
    account = Account("127.0.0.1", smsc.port, "ricochet", "secret", system_type="sms", bind_type="pair")
    return await open_connection(account, take_nothing, timers)


async def test_a_pair_submits_on_one_session_and_receives_on_the_other() -> None:
    async with scripted_smsc() as smsc:
        connection = await pair(smsc)
        assert [line.role for line in smsc.lines] == ["receiver", "transmitter"]
        assert [pdu.text("system_type") for pdu in smsc.binds] == ["sms", "sms"]
        assert (await submit(connection, MESSAGE)).text("message_id") == "00000001"
        assert (await smsc.bound_as("receiver").receipt("1")).status == Status.OK
        await connection.unbind()
        assert [pdu.command for pdu in smsc.other] == ["unbind", "unbind"]
    assert (connection.usable, connection.reason) == (False, "unbound")


async def test_both_sessions_of_a_pair_are_kept_alive() -> None:
    async with scripted_smsc() as smsc:
        connection = await pair(smsc, replace(TIMERS, enquire_s=0.05))
        await until(lambda: len([pdu for pdu in smsc.other if pdu.command == "enquire_link"]) >= 4)
        assert connection.usable
        await connection.close()


async def test_a_receiver_that_is_gone_stops_the_transmitter_which_still_hears_its_answers() -> None:
    waiting: list[tuple[Line, Pdu]] = []

    async def keep(line: Line, pdu: Pdu) -> None:
        waiting.append((line, pdu))

    async with scripted_smsc(submitted=keep) as smsc:
        connection = await pair(smsc)
        under_way = asyncio.create_task(submit(connection, MESSAGE))
        await until(lambda: waiting)
        smsc.bound_as("receiver").hang_up()
        await until(lambda: not connection.usable)
        with pytest.raises(NotSent):
            await submit(connection, MESSAGE)
        smsc.accept(*waiting[0])
        assert (await under_way).status == Status.OK
        await connection.unbind()


async def test_a_transmitter_that_is_refused_leaves_no_receiver_behind() -> None:
    async with scripted_smsc() as smsc:
        take = smsc.take

        async def refuse_transmitters(line: Line, pdu: Pdu) -> None:
            if pdu.command == "bind_transmitter":
                line.answer(pdu, Status.INVALID_SYSTEM_ID)
            else:
                await take(line, pdu)

        smsc.take = refuse_transmitters  # type: ignore[method-assign]
        with pytest.raises(BindRefused):
            await pair(smsc)
        await until(lambda: all(task.done() for task in smsc.serving))
