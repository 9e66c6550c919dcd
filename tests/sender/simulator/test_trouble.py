"""Each trouble on a real socket, and the ledger's word for it."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import pytest

from linksvc.fragments import decode_gsm
from sender.concatenation import UDHI, read_header
from sender.pdus import FramingError, Pdu, Status, UnreadablePdu, encode, read_pdu
from sender.receipts import is_receipt, parse
from sender.simulator.behaviour import REPLIES, STOPS, says_stop
from sender.simulator.delays import Delay
from sender.simulator.ledger import Ledger
from sender.simulator.reports import UNKNOWN_ID
from sender.simulator.scenario import Scenario
from sender.simulator.settings import Mix
from sender.simulator.simulator import Simulator
from sender.simulator.traffic import LONG_TEXTS
from tests.factories import NOW
from tests.sender.pdu_corpus import CORPUS
from tests.sender.simulator.esme import PASSWORD, Esme, esme
from tests.sender.simulator.running import QUICK, simulator, until

NUMBERS = [f"+3363998{i:04d}" for i in range(12)]
NUMBER = NUMBERS[0]


@asynccontextmanager
async def bare(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that is about to be bound, and nobody who reads it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(encode("bind_transceiver", 1, system_id="ricochet", password=PASSWORD))
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def submission(number: str) -> bytes:
    return encode("submit_sm", 2, destination_addr=number[1:], registered_delivery=1, short_message=b"Bonjour")


async def submit_unheard(client: Esme, running: Simulator) -> None:
    """Submits to everybody and waits for no answer."""
    for number in NUMBERS:
        client.send_part(number, b"Bonjour")
    await until(lambda: len(running.ledger.lost_requests) + sum(map(len, map(running.ledger.messages, NUMBERS))) >= 12)
    await until(running.idle)


async def test_a_lost_answer_leaves_a_message_that_is_reported_all_the_same() -> None:
    async with simulator(replace(QUICK, lost_answers=1)) as (running, port), esme(port) as client:
        await client.bind()
        await submit_unheard(client, running)
        assert not client.count("submit_sm_resp")
        assert len(client.deliveries) == 12
        for number in NUMBERS:
            (record,) = running.ledger.messages(number)
            assert (record.submitted, record.lost_answers, record.state) == (True, {1}, "DELIVERED")


async def test_a_lost_request_is_taken_when_it_comes_again() -> None:
    async with simulator(replace(QUICK, lost_requests=1)) as (running, port), esme(port) as client:
        await client.bind()
        client.send_part(NUMBER, b"Bonjour")
        assert (await client.answer_to(client.send_part(NUMBER, b"Bonjour"))).status == Status.OK
        assert (len(running.ledger.lost_requests), client.count("submit_sm_resp")) == (1, 1)
        assert running.ledger.messages(NUMBER)[0].accepted == {1: 1}


async def test_half_an_answer_is_the_last_thing_a_connection_says() -> None:
    async with simulator(replace(QUICK, half_answers=1)) as (running, port), bare(port) as (reader, writer):
        assert await read_pdu(reader)
        writer.write(submission(NUMBER))
        await until(lambda: bool(running.ledger.messages(NUMBER) and running.ledger.messages(NUMBER)[0].lost_answers))
        writer.write(encode("enquire_link", 3))
        await running.stop()
        rest = await reader.read()
        assert 4 < len(rest) < int.from_bytes(rest[:4], "big")


async def test_refusals_have_the_statuses_of_the_mix_once_or_for_good() -> None:
    settings = replace(QUICK, errors=Mix((("0x08", 0.5), ("1375", 0.5))))
    async with simulator(settings) as (running, port), esme(port) as client:
        await client.bind()
        tries = {
            tuple([(await client.answer_to(client.send_part(number, b"Bonjour"))).status for _ in range(2)])
            for number in NUMBERS
        }
        assert {pair for pair in tries if pair[0]} == {(1375, 1375), (8, 0)}
        assert {refusal.status for refusal in running.ledger.refusals} <= {8, 1375}


async def test_more_than_the_limit_of_all_connections_is_refused() -> None:
    settings = replace(QUICK, limit_per_s=4, limit_status=Status.QUEUE_FULL)
    async with simulator(settings) as (_, port), esme(port) as one, esme(port) as other:
        await one.bind()
        await other.bind()
        began = time.monotonic()
        sent = [(client, client.send_part(number, b"x")) for number in NUMBERS for client in (one, other)]
        statuses = Counter([(await client.answer_to(sequence)).status for client, sequence in sent])
        assert statuses[Status.OK] <= 4 * (1 + int(time.monotonic() - began))
        assert statuses[Status.OK] + statuses[Status.QUEUE_FULL] == 24


async def test_a_late_receipt_comes_after_its_delay() -> None:
    settings = replace(QUICK, late_receipts=1, late_delay=Delay.parse("0.3"))
    async with simulator(settings) as (running, port), esme(port) as client:
        await client.bind()
        await client.submit(NUMBER, "Bonjour")
        began = time.monotonic()
        await until(running.idle)
        assert time.monotonic() - began > 0.25
        assert running.ledger.messages(NUMBER)[0].state == "DELIVERED"


async def test_a_malformed_receipt_names_nobody_and_is_still_told_as_a_receipt() -> None:
    async with simulator(replace(QUICK, malformed_receipts=1)) as (running, port), esme(port) as client:
        await client.bind()
        for number in NUMBERS:
            await client.submit(number, "Bonjour")
        await until(running.idle)
        assert len(client.deliveries) == 12
        assert all(is_receipt(pdu) and not parse(pdu, NOW).ids for pdu in client.deliveries)
        assert len({entry.oddity for entry in running.ledger.odd_receipts}) > 2
        assert {running.ledger.messages(number)[0].state for number in NUMBERS} == {"PENDING"}
        assert not running.ledger.anomalies


async def test_a_receipt_for_an_id_that_was_never_given_comes_beside_the_true_one() -> None:
    async with simulator(replace(QUICK, unknown_id_receipts=1)) as (running, port), esme(port) as client:
        await client.bind()
        (answer,) = await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        ids = [pdu.text("receipted_message_id").upper() for pdu in client.deliveries]
        assert len(ids) == 2
        assert ids.count(answer.text("message_id")) == 1
        (odd,) = running.ledger.odd_receipts
        assert (odd.oddity, odd.status) == (UNKNOWN_ID, Status.OK)
        assert running.ledger.messages(NUMBER)[0].state == "DELIVERED"


async def test_pdus_that_nobody_can_read_come_between_the_others() -> None:
    async with simulator(replace(QUICK, malformed_pdus=1)) as (running, port), bare(port) as (reader, writer):
        for number in NUMBERS[:2]:
            writer.write(submission(number))
        seen: Counter[str] = Counter()
        while seen["deliver_sm"] < 2:
            try:
                pdu = await read_pdu(reader)
                seen[pdu.command if pdu else "end"] += 1
            except UnreadablePdu as error:
                seen[error.status.name] += 1
        assert seen["INVALID_COMMAND_ID"] == seen["INVALID_COMMAND_LENGTH"] == 1
        assert running.ledger.garbled == 2


async def test_a_faked_message_is_reported_and_reaches_nobody() -> None:
    async with simulator(replace(QUICK, fake_receipts=0.5)) as (running, port), esme(port) as client:
        await client.bind()
        for number in NUMBERS:
            await client.submit(number, "Bonjour")
        await until(running.idle)
        records = [running.ledger.messages(number)[0] for number in NUMBERS]
        assert {record.state for record in records} == {"DELIVERED"}
        assert 0 < sum(record.faked for record in records) < 12


async def test_a_connection_is_cut_in_mid_window_and_nothing_that_was_taken_is_forgotten() -> None:
    settings = replace(QUICK, disconnect_after=8, answer_delay=Delay.parse("0.1"), delivery_delay=Delay.parse("0.2"))
    async with simulator(settings) as (running, port):
        async with esme(port) as client:
            await client.bind()
            for number in NUMBERS:
                client.send_part(number, b"Bonjour")
            with suppress(ConnectionError):
                await client.cut_off()
        (cut,) = running.ledger.disconnects
        taken = [number for number in NUMBERS if running.ledger.messages(number)]
        assert cut.why == "disconnect_after"
        assert 4 <= cut.unanswered == len(taken) <= 12
        await until(lambda: all(running.ledger.messages(number)[0].lost_answers for number in taken))
        async with esme(port) as client:
            await client.bind("receiver")
            await until(running.idle)
        assert {running.ledger.messages(number)[0].state for number in taken} == {"DELIVERED"}


async def test_what_a_connection_has_still_to_say_when_it_is_cut_is_not_taken_and_breaks_nothing() -> None:
    seen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))
    cut_each_time = "".join(f'[[step]]\nafter = {after}\nact = "disconnect"\n' for after in range(1, 100))
    running = Simulator((), QUICK, scenario=Scenario.parse(cut_each_time))
    port = await running.start()
    try:
        for first, second in zip(NUMBERS[::2], NUMBERS[1::2], strict=True):
            async with esme(port) as one, esme(port) as other:
                await one.bind(), await other.bind()
                # Both come in one turn of the loop: the first cuts the other's connection too.
                one.send_part(first, b"Bonjour"), other.send_part(second, b"Bonjour")
                with suppress(ConnectionError):
                    await one.cut_off()
                with suppress(ConnectionError):
                    await other.cut_off()
            assert sum(bool(running.ledger.messages(number)) for number in (first, second)) == 1
    finally:
        await running.stop()
    assert seen == []


async def test_connections_are_cut_from_time_to_time() -> None:
    async with simulator(replace(QUICK, disconnect_every_s=0.05)) as (running, port):
        for _ in range(3):
            async with esme(port) as client:
                await client.bind()
                with suppress(ConnectionError):
                    await client.cut_off()
        assert [entry.why for entry in running.ledger.disconnects] == ["disconnect_every_s"] * 3


async def test_a_slow_reader_rests_between_pdus() -> None:
    async with simulator(replace(QUICK, read_pause_s=0.03)) as (_, port), esme(port) as client:
        await client.bind()
        began = time.monotonic()
        for _ in range(10):
            client.send("enquire_link")
        await client.until(lambda _: client.count("enquire_link_resp") == 10)
        assert time.monotonic() - began > 0.25


async def test_a_silent_smsc_says_nothing_until_it_speaks_again() -> None:
    async with simulator(replace(QUICK, silent=True)) as (running, port), esme(port) as client:
        client.send("bind_transceiver", system_id="ricochet", password=PASSWORD)
        client.send_part(NUMBER, b"Bonjour")
        await until(lambda: bool(running.ledger.messages(NUMBER)))
        assert not client.events
        running.turn(silent=False)
        assert (await client.call("enquire_link")).command == "enquire_link_resp"


async def test_every_bind_is_refused_as_told() -> None:
    async with simulator(replace(QUICK, bind_status=Status.BIND_FAILED)) as (_, port), esme(port) as client:
        assert await client.bind() == Status.BIND_FAILED
        await client.cut_off()


def test_who_wants_no_more_says_so_with_the_first_word() -> None:
    assert all(map(says_stop, (*STOPS, "STOP 36180", "Stop!")))
    assert not any(map(says_stop, (*REPLIES, *LONG_TEXTS, "", "  ", "non stop")))


def _texts(pdus: list[Pdu]) -> list[str]:
    """What the deliveries say, put together by number and reference."""
    whole: dict[tuple[str, int, int], dict[int, str]] = {}
    texts = []
    for pdu in pdus:
        place, body = read_header(pdu.payload) if pdu.number("esm_class") & UDHI else (None, pdu.payload)
        text = body.decode("utf-16-be") if pdu.number("data_coding") == 8 else decode_gsm(body)
        if place is None:
            texts.append(text)
            continue
        parts = whole.setdefault((pdu.text("source_addr"), place.reference, place.parts), {})
        parts[place.part] = text
        if len(parts) == place.parts:
            texts.append("".join(parts[part] for part in sorted(parts)))
    return texts


async def test_phones_write_whole_and_in_parts_once_and_twice() -> None:
    settings = replace(
        QUICK,
        inbound_per_s=2_000,
        inbound_count=60,
        inbound_stops=0.3,
        inbound_long=0.5,
        duplicate_inbound=0.2,
        inbound_to="38180",
    )
    statuses = chain([Status.TEMPORARY_APPLICATION_ERROR], repeat(Status.OK))
    async with simulator(settings) as (running, port), esme(port, lambda _: next(statuses)) as client:
        assert not running.idle()
        await client.bind("receiver")
        await until(running.idle)
        ledger = running.ledger
        first = [entry for entry in ledger.inbound if not entry.again]
        assert len(first) == 60
        assert 0 < len(ledger.inbound) - 60 < 30
        assert 8 < sum(entry.stop for entry in first) < 30
        assert all(entry.text in STOPS for entry in first if entry.stop)
        assert any(entry.text in LONG_TEXTS for entry in first)
        assert Counter(_texts(client.deliveries)) >= Counter(entry.text for entry in ledger.inbound)
        assert {pdu.text("destination_addr") for pdu in client.deliveries} == {"38180"}
        assert any(pdu.number("data_coding") == 8 and pdu.number("esm_class") & UDHI for pdu in client.deliveries)


async def test_the_file_tells_the_same_story_as_the_ledger(tmp_path: Path) -> None:
    settings = replace(
        QUICK, lost_answers=0.3, malformed_receipts=0.3, unknown_id_receipts=0.3, malformed_pdus=0.3, disconnect_after=20
    )
    running = Simulator((), settings, ledger_path=tmp_path / "ledger.jsonl")
    try:
        async with esme(await running.start()) as client:
            await client.bind()
            await submit_unheard(client, running)
    finally:
        await running.stop()
    read = Ledger.read(tmp_path / "ledger.jsonl")
    for number in NUMBERS:
        assert read.messages(number) == running.ledger.messages(number)
    assert (read.odd_receipts, read.garbled) == (running.ledger.odd_receipts, running.ledger.garbled)


def garbage(chance: random.Random) -> bytes:
    """A PDU of any command with any body, or one that was seen in the field with some bytes changed."""
    if chance.random() < 0.5:
        data = bytearray(chance.choice(CORPUS).data)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        return bytes(data)
    command = chance.choice([1, 2, 4, 5, 9, 0x15, 0x103, 0x80000004, 0x80000005, chance.randrange(2**32)])
    body = chance.randbytes(chance.randrange(120))
    length = 16 + len(body) + chance.choice([0, 0, 0, 4, -4])
    return length.to_bytes(4, "big") + command.to_bytes(4, "big") + bytes(4) + chance.randbytes(4) + body


@pytest.mark.parametrize("seed", range(4))
async def test_no_garbage_breaks_the_simulator(seed: int) -> None:
    chance = random.Random(seed)
    async with simulator(replace(QUICK, max_binds=30)) as (running, port), esme(port) as honest:
        await honest.bind()
        for _ in range(25):
            async with bare(port) as (reader, writer):
                writer.write(garbage(chance))
                writer.write_eof()
                with suppress(ConnectionError, FramingError, UnreadablePdu):
                    while await asyncio.wait_for(read_pdu(reader), 10):
                        pass
        assert (await honest.submit(NUMBER, "Bonjour"))[0].status == Status.OK
        await until(lambda: running.bound == 1 and running.idle())
        # A part that came by garbage may have been reported and turned down by nobody.
        assert not [anomaly for anomaly in running.ledger.anomalies if anomaly.what == "an action failed"]
