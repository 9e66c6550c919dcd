"""Nothing that comes over a socket is more than an answer, a generic_nack or the end of its session."""

import asyncio
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from sender.frames import Frames
from sender.pdus import FramingError, Status, UnreadablePdu, decode, encode, read_pdu
from sender.session import Session, Timers
from sender.transport import Account
from tests.sender.pdu_corpus import CORPUS
from tests.sender.scripted_smsc import ScriptedSmsc, scripted_smsc, until
from tests.sender.simulator.running import simulator
from tests.sender.waiting import take_nothing

TIMERS = Timers(connect_s=5.0, response_s=30.0)
PROBE = 0x7000_0001
EXAMPLES = settings(max_examples=60, deadline=None)

samples = st.sampled_from([sample.data for sample in CORPUS])


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    """A sample with bytes of its body replaced, put in or taken out; its length is right."""
    data = draw(samples)
    header, body = data[4:16], bytearray(data[16:])
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(body)))
        body[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return struct.pack(">L", 16 + len(body)) + header + body


framed = st.builds(
    lambda code, body: struct.pack(">LLLL", 16 + len(body), code, 0, 9) + body,
    st.one_of(st.integers(0, 0x22), st.integers(0x8000_0000, 0x8000_0022), st.integers(0, 0xFFFF_FFFF)),
    st.binary(max_size=80),
)
streams = st.lists(
    st.one_of(samples, changed(), changed(), framed, st.binary(min_size=1, max_size=40)), min_size=1, max_size=8
)


@contextmanager
def quiet_loop() -> Iterator[asyncio.Runner]:
    """An event loop in which no task may fail unseen."""
    failures: list[dict[str, object]] = []
    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(lambda _, context: failures.append(context))
        yield runner
    assert failures == []


def answers_to(stream: bytes) -> tuple[Counter[tuple[str, int]], bool]:
    """How each PDU of a stream is to be answered, and whether the session must end."""
    answers: Counter[tuple[str, int]] = Counter()
    ends = False
    try:
        for frame in Frames().feed(stream):
            answers.update(filter(None, [_answer_to(frame)]))
            ends = ends or ("unbind_resp", int.from_bytes(frame[12:16], "big")) in answers
    except FramingError:
        answers["generic_nack", 0] += 1
        ends = True
    return answers, ends


def _answer_to(frame: bytes) -> tuple[str, int] | None:
    try:
        pdu = decode(frame)
    except UnreadablePdu as error:
        return None if error.is_response else ("generic_nack", error.sequence)
    if pdu.is_response or pdu.command == "alert_notification":
        return None
    known = pdu.command in {"deliver_sm", "data_sm", "enquire_link", "unbind"}
    return (f"{pdu.command}_resp" if known else "generic_nack"), pdu.sequence


async def play(smsc: ScriptedSmsc, pieces: list[bytes]) -> None:
    """Sends a stream to a bound session, and sees to it that each PDU is answered, or the session ended."""
    session = await Session.open(Account("127.0.0.1", smsc.port, "ricochet", "secret"), "transceiver", take_nothing, TIMERS)
    smsc.other.clear()
    expected, ends = answers_to(b"".join(pieces))
    for piece in pieces:
        smsc.line.writer.write(piece)
        await asyncio.sleep(0)
    if ends:
        await asyncio.wait_for(session.closed.wait(), 30)
    else:
        await until(lambda: len(smsc.other) >= expected.total())
        assert session.usable
    heard = Counter((pdu.command, pdu.sequence) for pdu in smsc.other)
    assert heard <= expected if ends else heard == expected
    await session.close()


def test_a_session_answers_refuses_or_ends_whatever_comes() -> None:
    with quiet_loop() as runner:

        @EXAMPLES
        @given(streams)
        def law(pieces: list[bytes]) -> None:
            async def run() -> None:
                async with scripted_smsc() as smsc:
                    await play(smsc, pieces)

            runner.run(run())

        law()


async def knock(port: int, pieces: list[bytes], bound: bool) -> None:
    """Sends a stream to the simulator, which answers what follows, or hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if bound:
        writer.write(encode("bind_transceiver", 1, system_id="ricochet", password="secret"))
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0)
    writer.write(encode("enquire_link", PROBE))
    writer.write_eof()
    try:
        async with asyncio.timeout(30):
            while pdu := await read_pdu(reader):
                if (pdu.command, pdu.sequence) == ("enquire_link_resp", PROBE):
                    break
    except OSError:
        pass  # It hung up while there was still something to read.
    writer.close()


def test_the_simulator_answers_or_hangs_up_whatever_comes_and_goes_on() -> None:
    with quiet_loop() as runner:

        @EXAMPLES
        @given(st.lists(st.tuples(streams, st.booleans()), min_size=1, max_size=3))
        def law(clients: list[tuple[list[bytes], bool]]) -> None:
            async def run() -> None:
                async with simulator() as (_, port):
                    for pieces, bound in clients:
                        await knock(port, pieces, bound)
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(encode("bind_transceiver", 1, system_id="ricochet", password="secret"))
                    answer = await asyncio.wait_for(read_pdu(reader), 30)
                    assert answer and (answer.command, answer.status) == ("bind_transceiver_resp", Status.OK)
                    writer.close()

            runner.run(run())

        law()
