"""The SMPP session over a real socket: liveness, goodbyes, and what it says to nonsense."""

import asyncio
import struct
from dataclasses import replace

import pytest

from sender.pdus import Pdu, PduError, Status, encode
from sender.session import Session, Timers
from sender.session_errors import AnswerLost, BindRefused, NotSent, Unreachable
from sender.transport import Account
from tests.sender.scripted_smsc import Line, ScriptedSmsc, scripted_smsc, until

TIMERS = Timers(connect_s=0.5, response_s=0.5, enquire_s=30.0)
MESSAGE: dict[str, str | int | bytes] = {"source_addr": "36180", "destination_addr": "33639980001", "short_message": b"a"}


async def take_nothing(_: Pdu) -> Status:
    return Status.OK


async def bind(smsc: ScriptedSmsc, timers: Timers = TIMERS) -> Session:
    return await Session.open(Account("127.0.0.1", smsc.port, "ricochet", "secret"), "transceiver", take_nothing, timers)


async def test_it_binds_as_a_transceiver_submits_and_unbinds() -> None:
    async with scripted_smsc() as smsc:
        session = await bind(smsc)
        answer = await session.submit(MESSAGE)
        assert (answer.status, answer.text("message_id")) == (0, "00000001")
        await session.unbind()
        assert session.closed.is_set()
        assert [pdu.command for pdu in smsc.other] == ["unbind"]
    (asked,) = smsc.binds
    assert (asked.text("system_id"), asked.text("password")) == ("ricochet", "secret")
    assert asked.number("interface_version") == 0x34


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (Status.INVALID_PASSWORD, True),
        (Status.INVALID_SYSTEM_ID, True),
        (Status.INVALID_SYSTEM_TYPE, True),
        (Status.BIND_FAILED, False),
        (Status.SYSTEM_ERROR, False),
        (0x0555, False),
    ],
)
async def test_a_refused_bind_says_whether_a_person_must_mend_it(status: int, permanent: bool) -> None:
    async with scripted_smsc(bind_status=status) as smsc:
        with pytest.raises(BindRefused) as caught:
            await bind(smsc)
    assert (caught.value.status, caught.value.permanent) == (status, permanent)


async def test_a_bind_that_exists_already_counts_as_one() -> None:
    async with scripted_smsc(bind_status=Status.ALREADY_BOUND) as smsc:
        session = await bind(smsc)
        await session.close()


async def test_a_peer_that_is_no_smsc_is_unreachable() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        left.set()

    left = asyncio.Event()
    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    account = Account("127.0.0.1", port, "ricochet", "secret")
    with pytest.raises(Unreachable):
        await Session.open(account, "transceiver", take_nothing, TIMERS)
    await asyncio.wait_for(left.wait(), 5)
    server.close()
    await server.wait_closed()
    with pytest.raises(Unreachable):
        await Session.open(account, "transceiver", take_nothing, TIMERS)
    with pytest.raises(PduError):
        await Session.open(replace(account, password="longer than eight"), "transceiver", take_nothing, TIMERS)


async def test_it_answers_enquiries_goodbyes_and_nonsense() -> None:
    async with scripted_smsc() as smsc:
        session = await bind(smsc)
        writer = smsc.line.writer
        writer.write(encode("enquire_link", 7))
        writer.write(struct.pack(">LLLL", 16, 0x00010200, 0, 8))
        writer.write(encode("query_sm", 9, message_id="1"))
        writer.write(encode("unbind", 10))
        await asyncio.wait_for(session.closed.wait(), 5)
        await until(lambda: len(smsc.other) == 4)
        await session.close()
    said = [(pdu.command, pdu.sequence, pdu.status) for pdu in smsc.other]
    assert said == [
        ("enquire_link_resp", 7, 0),
        ("generic_nack", 8, Status.INVALID_COMMAND_ID),
        ("generic_nack", 9, Status.INVALID_COMMAND_ID),
        ("unbind_resp", 10, 0),
    ]


async def test_an_smsc_that_answers_no_enquiry_is_left() -> None:
    async with scripted_smsc() as smsc:
        session = await bind(smsc, replace(TIMERS, enquire_s=0.05, response_s=0.1))
        await until(lambda: "enquire_link" in [pdu.command for pdu in smsc.other])
        assert not session.closed.is_set()

        async def silence(*_: object) -> None:
            await asyncio.sleep(0)

        smsc.take = silence  # type: ignore[method-assign]
        await asyncio.wait_for(session.closed.wait(), 5)
        await session.close()


async def test_a_lost_connection_tells_what_was_sent_from_what_was_not() -> None:
    async def hang_up(line: Line, _: Pdu) -> None:
        line.hang_up()

    async with scripted_smsc(submitted=hang_up) as smsc:
        session = await bind(smsc)
        with pytest.raises(AnswerLost):
            await session.submit(MESSAGE)
        await asyncio.wait_for(session.closed.wait(), 5)
        with pytest.raises(NotSent):
            await session.submit(MESSAGE)
        await session.close()


async def test_a_generic_nack_answers_the_submission_it_names() -> None:
    async def nack(line: Line, pdu: Pdu) -> None:
        line.writer.write(encode("generic_nack", pdu.sequence, Status.INVALID_COMMAND_LENGTH))

    async with scripted_smsc(submitted=nack) as smsc:
        session = await bind(smsc)
        assert (await session.submit(MESSAGE)).status == Status.INVALID_COMMAND_LENGTH
        await session.close()


async def test_a_handler_that_fails_makes_the_smsc_try_again() -> None:
    async def fail(_: Pdu) -> Status:
        raise ValueError

    async with scripted_smsc() as smsc:
        session = await Session.open(Account("127.0.0.1", smsc.port, "ricochet", "secret"), "transceiver", fail, TIMERS)
        assert (await smsc.line.deliver(short_message=b"x")).status == Status.TEMPORARY_APPLICATION_ERROR
        await session.close()
