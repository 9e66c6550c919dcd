"""The SMPP session over a real socket: liveness, goodbyes, and what it says to nonsense."""

import asyncio
import socket
import struct
from dataclasses import replace

import pytest

from sender import session as sessions
from sender.pdus import Pdu, PduError, Status, encode
from sender.session import Reply, Session, Timers
from sender.session_errors import AnswerLost, BindRefused, NotSent, Unreachable
from sender.transport import Account
from tests.sender.scripted_smsc import Line, ScriptedSmsc, scripted_smsc, until
from tests.sender.waiting import submit, take_nothing

TIMERS = Timers(connect_s=5.0, response_s=5.0, enquire_s=30.0)
MESSAGE: dict[str, str | int | bytes] = {"source_addr": "36180", "destination_addr": "33639980001", "short_message": b"a"}


async def silence(*_: object) -> None:
    await asyncio.sleep(0)


async def bind(smsc: ScriptedSmsc, timers: Timers = TIMERS) -> Session:
    return await Session.open(Account("127.0.0.1", smsc.port, "ricochet", "secret"), "transceiver", take_nothing, timers)


async def test_it_binds_as_a_transceiver_submits_and_unbinds() -> None:
    async with scripted_smsc() as smsc:
        session = await bind(smsc)
        answer = await submit(session, MESSAGE)
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
    await asyncio.wait_for(left.wait(), 30)
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
        await asyncio.wait_for(session.closed.wait(), 30)
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
        session = await bind(smsc, replace(TIMERS, enquire_s=0.05, response_s=0.7))
        await until(lambda: "enquire_link" in [pdu.command for pdu in smsc.other])
        assert session.usable
        smsc.take = silence  # type: ignore[method-assign, assignment]
        await asyncio.wait_for(session.closed.wait(), 30)
        assert session.reason == "enquire_link was not answered"
        await session.close()


async def test_nothing_is_enquired_before_the_bind_is_answered() -> None:
    async with scripted_smsc() as smsc:
        heard: list[str] = []

        async def note(_: Line, pdu: Pdu) -> None:
            heard.append(pdu.command)

        smsc.take = note  # type: ignore[method-assign]
        with pytest.raises(Unreachable, match="did not answer the bind"):
            await bind(smsc, replace(TIMERS, connect_s=0.5, enquire_s=0.05))
    assert heard == ["bind_transceiver"]


async def test_only_the_bind_s_own_answer_is_taken_for_it() -> None:
    async with scripted_smsc() as smsc:

        async def distract(line: Line, pdu: Pdu) -> None:
            line.writer.write(encode("enquire_link", 1))
            line.writer.write(encode("submit_sm_resp", pdu.sequence, message_id="1"))
            line.writer.write(encode("generic_nack", 0, Status.UNKNOWN_ERROR))
            line.answer(pdu, Status.INVALID_PASSWORD)

        smsc.take = distract  # type: ignore[method-assign]
        with pytest.raises(BindRefused, match="does not accept the password"):
            await bind(smsc)


async def test_a_pdu_that_is_begun_and_not_ended_ends_the_session() -> None:
    async with scripted_smsc() as smsc:
        session = await bind(smsc, replace(TIMERS, response_s=30.0, read_s=0.2))
        whole = encode("deliver_sm", 5, source_addr="33639980001", short_message=b"Bonjour")
        writer = smsc.line.writer
        for end in range(1, 10):  # One byte now and then is no sign of life.
            writer.write(whole[end - 1 : end])
            await asyncio.sleep(0.05)
            if session.closed.is_set():
                break
        await asyncio.wait_for(session.closed.wait(), 30)
        assert session.reason == "a PDU was begun and not ended"
        await session.close()


async def test_a_pdu_may_come_in_pieces() -> None:
    async with scripted_smsc() as smsc:
        session = await bind(smsc)
        for byte in encode("enquire_link", 7) + encode("enquire_link", 8):
            smsc.line.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        await until(lambda: [pdu.sequence for pdu in smsc.other] == [7, 8])
        await session.close()


async def test_a_stream_that_is_no_smpp_is_told_so_and_left() -> None:
    async with scripted_smsc() as smsc:
        session = await bind(smsc)
        smsc.line.writer.write(struct.pack(">LLLL", 1 << 20, 5, 0, 1) + b"x" * 100)
        await asyncio.wait_for(session.closed.wait(), 30)
        await until(lambda: smsc.other)
        assert session.reason == "the stream is no SMPP: a PDU of 1048576 bytes was announced"
        await session.close()
    assert [(pdu.command, pdu.status) for pdu in smsc.other] == [("generic_nack", Status.INVALID_COMMAND_LENGTH)]


async def test_a_peer_that_reads_nothing_is_not_read_from_for_ever() -> None:
    async with scripted_smsc() as smsc:
        session = await bind(smsc, replace(TIMERS, enquire_s=0.2, response_s=0.4))
        serving = next(task for task, line in smsc.serving.items() if line is smsc.line)
        writer = smsc.line.writer
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        writer.transport.pause_reading()

        async def flood() -> None:
            while True:
                writer.write(encode("enquire_link", 7) * 4_000)
                await writer.drain()

        flooding = asyncio.create_task(flood())
        await asyncio.wait_for(session.closed.wait(), 30)
        flooding.cancel()
        assert session.reason == "enquire_link was not answered"
        await session.close()
        writer.transport.abort()
        await asyncio.wait([serving])


async def test_a_receipt_in_a_data_sm_is_delivered_and_answered_as_such() -> None:
    heard: list[Pdu] = []

    def take(pdu: Pdu, reply: Reply) -> None:
        heard.append(pdu)
        reply(Status.OK)

    async with scripted_smsc() as smsc:
        session = await Session.open(Account("127.0.0.1", smsc.port, "ricochet", "secret"), "receiver", take, TIMERS)
        answer = await smsc.line.request("data_sm", esm_class=4, receipted_message_id="38601fa", message_state=2)
        assert (answer.command, answer.status) == ("data_sm_resp", Status.OK)
        await session.close()
    (pdu,) = heard
    assert (pdu.text("receipted_message_id"), pdu.number("message_state"), pdu.payload) == ("38601fa", 2, b"")


async def test_an_answer_that_comes_after_it_was_given_up_is_handed_over_once() -> None:
    waiting: list[tuple[Line, Pdu]] = []

    async def keep(line: Line, pdu: Pdu) -> None:
        waiting.append((line, pdu))

    late: list[Pdu] = []
    async with scripted_smsc(submitted=keep) as smsc:
        session = await bind(smsc, replace(TIMERS, response_s=0.3))
        with pytest.raises(AnswerLost, match="submit_sm was not answered"):
            await submit(session, MESSAGE, late.append)
        line, pdu = waiting[0]
        for _ in range(2):
            line.answer(pdu, message_id="abc")
        await until(lambda: late)
        line.writer.write(encode("enquire_link", 9))
        await until(lambda: smsc.other)
        await session.close()
    assert [pdu.text("message_id") for pdu in late] == ["abc"]


async def test_an_smsc_that_unbinds_is_submitted_nothing_more_but_may_answer_what_it_has() -> None:
    waiting: list[tuple[Line, Pdu]] = []

    async def keep(line: Line, pdu: Pdu) -> None:
        waiting.append((line, pdu))

    async with scripted_smsc(submitted=keep) as smsc:
        session = await bind(smsc)
        under_way = asyncio.create_task(submit(session, MESSAGE))
        await until(lambda: waiting)
        smsc.line.writer.write(encode("unbind", 10))
        await until(lambda: not session.usable)
        with pytest.raises(NotSent):
            await submit(session, MESSAGE)
        smsc.accept(*waiting[0])
        assert (await under_way).status == Status.OK
        await session.unbind()
    assert [(pdu.command, pdu.sequence) for pdu in smsc.other] == [("unbind_resp", 10)]
    assert session.reason == "the SMSC unbound the session"


async def test_both_sides_may_say_goodbye_at_once() -> None:
    async with scripted_smsc() as smsc:
        session = await bind(smsc, replace(TIMERS, connect_s=30.0))
        take = smsc.take

        async def unbind_instead(line: Line, pdu: Pdu) -> None:
            if pdu.command == "unbind":
                line.writer.write(encode("unbind", 10))
            else:
                await take(line, pdu)

        smsc.take = unbind_instead  # type: ignore[method-assign]
        await asyncio.wait_for(session.unbind(), 20)
    assert [(pdu.command, pdu.sequence) for pdu in smsc.other] == [("unbind_resp", 10)]


async def test_what_came_in_is_answered_before_the_session_says_goodbye() -> None:
    replies: list[Reply] = []

    def store(_: Pdu, reply: Reply) -> None:
        replies.append(reply)

    async with scripted_smsc() as smsc:
        session = await Session.open(Account("127.0.0.1", smsc.port, "ricochet", "secret"), "transceiver", store, TIMERS)
        delivery = asyncio.create_task(smsc.line.deliver(short_message=b"x"))
        writer = smsc.line.writer
        writer.write(encode("enquire_link", 50))
        await until(lambda: smsc.other)
        leaving = asyncio.create_task(session.unbind())
        await asyncio.sleep(0)
        replies[0](Status.OK)
        assert (await delivery).status == Status.OK
        await leaving
    assert [pdu.command for pdu in smsc.other] == ["enquire_link_resp", "unbind"]


async def test_a_lost_connection_tells_what_was_sent_from_what_was_not() -> None:
    async def hang_up(line: Line, _: Pdu) -> None:
        line.hang_up()

    async with scripted_smsc(submitted=hang_up) as smsc:
        session = await bind(smsc)
        with pytest.raises(AnswerLost):
            await submit(session, MESSAGE)
        await asyncio.wait_for(session.closed.wait(), 30)
        with pytest.raises(NotSent):
            await submit(session, MESSAGE)
        await session.close()


@pytest.mark.parametrize(("told", "meant"), [(Status.INVALID_COMMAND_LENGTH,) * 2, (Status.OK, Status.UNKNOWN_ERROR)])
async def test_a_generic_nack_refuses_the_submission_it_names_and_no_other(told: Status, meant: Status) -> None:
    async def nack(line: Line, pdu: Pdu) -> None:
        for sequence in (0, pdu.sequence + 1, pdu.sequence):
            line.writer.write(encode("generic_nack", sequence, told))

    async with scripted_smsc(submitted=nack) as smsc:
        session = await bind(smsc)
        assert (await submit(session, MESSAGE)).status == meant
        assert session.usable
        await session.close()


async def test_an_answer_that_cannot_be_read_is_not_answered() -> None:
    async with scripted_smsc() as smsc:
        session = await bind(smsc)
        smsc.line.writer.write(struct.pack(">LLLL", 16, 0x8000_0111, 0, 1) + encode("enquire_link", 7))
        await until(lambda: smsc.other)
        await session.close()
    assert [pdu.command for pdu in smsc.other] == ["enquire_link_resp"]


async def test_a_handler_that_fails_makes_the_smsc_try_again() -> None:
    def fail(_: Pdu, __: Reply) -> None:
        raise ValueError

    async with scripted_smsc() as smsc:
        session = await Session.open(Account("127.0.0.1", smsc.port, "ricochet", "secret"), "transceiver", fail, TIMERS)
        assert (await smsc.line.deliver(short_message=b"x")).status == Status.TEMPORARY_APPLICATION_ERROR
        await session.close()


async def test_an_smsc_is_not_read_from_while_too_much_that_came_in_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_DELIVERIES", 3)
    replies: list[Reply] = []
    most = 0

    def store(_: Pdu, reply: Reply) -> None:
        nonlocal most
        replies.append(reply)
        most = max(most, len(replies))

    async with scripted_smsc() as smsc:
        session = await Session.open(Account("127.0.0.1", smsc.port, "ricochet", "secret"), "transceiver", store, TIMERS)
        answers = [asyncio.create_task(smsc.line.deliver(short_message=b"x")) for _ in range(10)]
        answered = 0
        while answered < 10:
            await until(lambda: replies)
            replies.pop(0)(Status.OK)
            answered += 1
        assert {answer.status for answer in await asyncio.gather(*answers)} == {Status.OK}
        await session.close()
    assert most <= 3


async def test_who_fails_to_take_an_answer_ends_the_session_and_leaves_nothing_waiting() -> None:
    def fail(_: object) -> None:
        raise ValueError

    lost: list[object] = []
    async with scripted_smsc() as smsc:
        session = await bind(smsc)
        session.submit(MESSAGE, fail)
        session.submit(MESSAGE, lost.append)
        await asyncio.wait_for(session.closed.wait(), 30)
        await session.close()
    assert [type(one) for one in lost] == [AnswerLost]
