"""The SMSC on a real socket: binds, errors, answers, receipts, deliveries until they are taken."""

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import chain, repeat

import pytest

from linksvc.fragments import split
from sender.concatenation import UDHI, Concatenation, add_header
from sender.message_ids import canonical
from sender.pdus import Pdu, Status
from sender.receipts import is_receipt, parse
from sender.simulator.agenda import Agenda
from sender.simulator.behaviour import Behaviour
from sender.simulator.delays import Delay
from sender.simulator.fates import Fates
from sender.simulator.intake import Sms
from sender.simulator.knobs import Knobs
from sender.simulator.ledger import Ledger
from sender.simulator.population import Person, people
from sender.simulator.reassembly import Submission
from sender.simulator.settings import IdForm, SmscSettings
from sender.simulator.smsc import Smsc
from tests.factories import NOW
from tests.sender.simulator.esme import SENDER, esme
from tests.sender.simulator.running import QUICK, simulator, until

NUMBER = "+33639980000"
LONG = "Bonjour Zoé, " + "voici de quoi fêter l'été : €5 offerts. " * 6
"""GSM-7 in neither one part nor one alphabet: ê is foreign to it."""

IMPATIENT = replace(QUICK, redeliver_after_s=0.05)


def person(**behaviour: object) -> Person:
    return replace(people(1, seed=1)[0], number=NUMBER, behaviour=Behaviour(**behaviour))  # type: ignore[arg-type]


def receipts(pdus: list[Pdu]) -> list[Pdu]:
    return [pdu for pdu in pdus if is_receipt(pdu)]


@pytest.mark.parametrize(
    ("account", "status"),
    [
        ({"system_id": "stranger"}, Status.INVALID_SYSTEM_ID),
        ({"password": "guess"}, Status.INVALID_PASSWORD),
    ],
)
async def test_a_wrong_account_is_refused_and_cut_off(account: dict[str, str], status: Status) -> None:
    async with simulator() as (_, port), esme(port) as client:
        assert await client.bind(**account) == status
        await client.cut_off()


async def test_only_so_many_binds_are_held() -> None:
    async with simulator(replace(QUICK, max_binds=1)) as (_, port), esme(port) as first, esme(port) as second:
        assert await first.bind() == Status.OK
        assert await first.bind() == Status.ALREADY_BOUND
        assert await second.bind() == Status.ALREADY_BOUND
        await first.close()
        async with esme(port) as third:
            assert await third.bind() == Status.OK


async def test_nothing_is_taken_before_a_bind_or_on_a_receivers() -> None:
    async with simulator() as (running, port), esme(port) as client:
        assert (await client.answer_to(client.send_part(NUMBER, b"Bonjour"))).status == Status.INVALID_BIND_STATUS
        assert await client.bind("receiver") == Status.OK
        assert (await client.answer_to(client.send_part(NUMBER, b"Bonjour"))).status == Status.INVALID_BIND_STATUS
        assert not running.ledger.messages(NUMBER)


async def test_links_are_kept_alive_and_left_politely() -> None:
    async with simulator() as (_, port), esme(port) as client:
        await client.bind()
        assert (await client.call("enquire_link")).command == "enquire_link_resp"
        assert (await client.call("unbind")).command == "unbind_resp"
        await client.cut_off()


async def test_a_connection_that_never_binds_is_closed() -> None:
    async with simulator(replace(QUICK, bind_within_s=0.02)) as (_, port), esme(port) as client:
        await client.cut_off()


async def test_a_dead_connection_is_found_out() -> None:
    settings = replace(QUICK, bind_within_s=0.1, enquire_every_s=0.4)
    async with simulator(settings) as (_, port), esme(port) as living, esme(port) as dead:
        dead.is_alive = False
        await living.bind()
        await dead.bind()
        await dead.cut_off()
        asked = living.count("enquire_link")
        await living.until(lambda _: living.count("enquire_link") > asked + 1)


async def test_garbage_gets_a_generic_nack_and_the_connection_lives() -> None:
    async with simulator() as (_, port), esme(port) as client:
        await client.bind()
        client.writer.write(bytes.fromhex("00000010 00000777 00000000 0000002a"))
        nack = await client.answer_to(42)
        assert (nack.command, nack.status) == ("generic_nack", Status.INVALID_COMMAND_ID)
        client.writer.write(bytes.fromhex("00000012 00000004 00000000 0000002b 0101"))
        assert (await client.answer_to(43)).command == "generic_nack"
        assert (await client.call("query_sm", message_id="1", source_addr="x")).status == Status.INVALID_COMMAND_ID
        assert (await client.submit(NUMBER, "Bonjour"))[0].status == Status.OK


async def test_what_cannot_be_framed_ends_the_connection() -> None:
    async with simulator() as (_, port), esme(port) as client:
        await client.bind()
        client.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await client.cut_off()
        assert client.events[-1].command == "generic_nack"


async def test_a_message_is_answered_delivered_and_reported() -> None:
    async with simulator() as (running, port), esme(port) as client:
        await client.bind()
        (answer,) = await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        (told,) = client.deliveries
        receipt = parse(told, NOW)
        assert answer.text("message_id").isupper()
        assert canonical(told.text("receipted_message_id")) == canonical(answer.text("message_id"))
        assert int(receipt.ids[1]) == int(answer.text("message_id"), 16)
        assert (receipt.state, receipt.error, receipt.is_final) == ("DELIVERED", "000", True)
        assert (told.text("source_addr"), told.text("destination_addr")) == (NUMBER.removeprefix("+"), SENDER)
        assert told.payload.endswith(b"text:Bonjour")
        (record,) = running.ledger.messages(NUMBER)
        assert (record.submitted, record.state) == (True, "DELIVERED")


async def test_ids_are_written_as_asked() -> None:
    settings = replace(QUICK, answer_id=IdForm.DECIMAL, receipt_id=IdForm.HEX_PADDED, tlv_id=None, first_id=2_000_000_011)
    async with simulator(settings) as (running, port), esme(port) as client:
        await client.bind()
        (answer,) = await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        assert answer.text("message_id") == "2000000011"
        assert b"id:000000007735940b " in client.deliveries[0].payload
        assert "message_state" not in client.deliveries[0].fields


async def test_a_restarted_smsc_gives_other_ids() -> None:
    ids = []
    for _ in range(2):
        async with simulator() as (_, port), esme(port) as client:
            await client.bind()
            ids += [(await client.submit(NUMBER, "Bonjour"))[0].text("message_id") for _ in range(3)]
    assert len(set(ids)) == 6


@pytest.mark.parametrize(
    ("wish", "settings", "count"),
    [
        (0, QUICK, 0),
        (1, QUICK, 1),
        (2, QUICK, 0),
        (2, replace(QUICK, failed=1), 1),
    ],
)
async def test_receipts_come_to_those_who_asked(wish: int, settings: SmscSettings, count: int) -> None:
    async with simulator(settings) as (running, port), esme(port) as client:
        await client.bind()
        await client.answer_to(client.send_part(NUMBER, b"Bonjour", registered_delivery=wish))
        await until(running.idle)
        assert len(client.deliveries) == count


async def test_an_early_receipt_comes_before_its_answer() -> None:
    async with simulator(replace(QUICK, early_receipts=1)) as (running, port), esme(port) as client:
        await client.bind()
        await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        assert [pdu.command for pdu in client.events] == ["bind_transceiver_resp", "deliver_sm", "submit_sm_resp"]


async def test_a_transmitter_gets_its_answer_though_nobody_takes_the_early_receipt() -> None:
    async with simulator(replace(QUICK, early_receipts=1)) as (running, port), esme(port) as client:
        await client.bind("transmitter")
        assert (await client.submit(NUMBER, "Bonjour"))[0].status == Status.OK
        assert not running.idle()
        assert not running.ledger.anomalies


async def test_duplicates_and_stations_on_the_way_change_nothing() -> None:
    settings = replace(QUICK, duplicate_receipts=1, en_route_receipts=1)
    async with simulator(settings) as (running, port), esme(port) as client:
        await client.bind()
        await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        assert [parse(pdu, NOW).state for pdu in client.deliveries] == ["ENROUTE", "DELIVERED", "DELIVERED"]
        assert running.ledger.messages(NUMBER)[0].state == "DELIVERED"


async def test_a_missing_receipt_leaves_the_message_pending() -> None:
    async with simulator(replace(QUICK, missing_receipts=1)) as (running, port), esme(port) as client:
        await client.bind()
        await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        assert not client.deliveries
        assert running.ledger.messages(NUMBER)[0].state == "PENDING"


@pytest.mark.parametrize(
    ("share", "states"),
    [("failed", {"UNDELIVERABLE", "REJECTED"}), ("expired", {"EXPIRED"}), ("unknown", {"UNKNOWN"})],
)
async def test_bad_ends_are_told(share: str, states: set[str]) -> None:
    async with simulator(replace(QUICK, **{share: 1})) as (running, port), esme(port) as client:  # type: ignore[arg-type]
        await client.bind()
        await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        assert parse(client.deliveries[0], NOW).state in states
        assert running.ledger.messages(NUMBER)[0].state in states


async def test_a_refused_message_stays_refused() -> None:
    async with simulator(replace(QUICK, refused=1)) as (running, port), esme(port) as client:
        await client.bind()
        statuses = {answer.status for _ in range(2) for answer in await client.submit(NUMBER, LONG)}
        assert len(statuses) == 1
        assert statuses <= {Status.INVALID_DESTINATION, Status.SUBMIT_FAILED}
        assert not running.ledger.messages(NUMBER)
        assert len(running.ledger.refusals) == 2 * len(split(LONG).parts)


async def test_a_throttled_part_is_taken_the_second_time() -> None:
    async with simulator(replace(QUICK, throttled=1)) as (running, port), esme(port) as client:
        await client.bind()
        first = await client.answer_to(client.send_part(NUMBER, b"Bonjour"))
        second = await client.answer_to(client.send_part(NUMBER, b"Bonjour"))
        assert (first.status, second.status) == (Status.THROTTLED, Status.OK)
        assert running.ledger.messages(NUMBER)[0].accepted == {1: 1}


async def test_more_than_the_window_is_throttled() -> None:
    async with (
        simulator(replace(QUICK, window=3, answer_delay=Delay(0.3, most_s=0.3, spread=0))) as (_, port),
        esme(port) as client,
    ):
        await client.bind()
        sequences = [client.send_part(f"+3363998{i:04d}", b"Bonjour") for i in range(5)]
        statuses = [(await client.answer_to(sequence)).status for sequence in sequences]
        assert statuses == [Status.OK] * 3 + [Status.THROTTLED] * 2


async def test_a_receipt_goes_out_until_it_is_acknowledged() -> None:
    answers = chain([None, Status.TEMPORARY_APPLICATION_ERROR, Status.QUEUE_FULL, None], repeat(Status.OK))
    async with simulator(IMPATIENT) as (running, port), esme(port, lambda _: next(answers)) as client:
        await client.bind()
        await client.submit(NUMBER, "Bonjour")
        assert running.ledger.messages(NUMBER)[0].state == "PENDING"
        await until(running.idle)
        assert len(client.deliveries) >= 5
        assert len({pdu.payload for pdu in client.deliveries}) == 1
        assert len({pdu.sequence for pdu in client.deliveries}) == len(client.deliveries)
        assert running.ledger.messages(NUMBER)[0].state == "DELIVERED"


async def test_a_receipt_turned_down_for_good_is_an_anomaly() -> None:
    async with simulator() as (running, port), esme(port, lambda _: Status.UNKNOWN_ERROR) as client:
        await client.bind()
        await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        assert [anomaly.what for anomaly in running.ledger.anomalies] == ["receipt refused"]
        assert running.ledger.messages(NUMBER)[0].state == "PENDING"


async def test_receipts_are_kept_for_a_client_that_comes_back() -> None:
    numbers = [f"+3363998{i:04d}" for i in range(30)]
    async with simulator(QUICK) as (running, port):
        async with esme(port, lambda _: None) as client:
            await client.bind()
            for number in numbers:
                await client.submit(number, "Bonjour")
            await client.until(lambda events: len(receipts(events)) == QUICK.delivery_window)
        assert not running.idle()
        async with esme(port) as client:
            assert await client.bind("receiver") == Status.OK
            await until(running.idle)
            assert Counter("+" + pdu.text("source_addr") for pdu in client.deliveries) == Counter(numbers)
        assert all(running.ledger.messages(number)[0].state == "DELIVERED" for number in numbers)


async def test_receivers_share_the_deliveries() -> None:
    async with simulator() as (running, port), esme(port) as sender, esme(port) as one, esme(port) as two:
        await sender.bind("transmitter")
        await one.bind("receiver")
        await two.bind("receiver")
        for i in range(20):
            await sender.submit(f"+3363998{i:04d}", "Bonjour")
        await until(running.idle)
        assert not sender.deliveries
        assert one.deliveries
        assert two.deliveries
        assert len(one.deliveries) + len(two.deliveries) == 20


async def test_a_long_message_arrives_whole_whatever_the_order_of_its_parts() -> None:
    arrived: list[Sms] = []
    failures: list[Exception] = []
    ledger = Ledger()
    smsc = Smsc(knobs := Knobs(QUICK), Fates(knobs), Agenda(failures.append), ledger, lambda: NOW, arrived.append)
    async with esme(await smsc.start("127.0.0.1", 0)) as client:
        await client.bind()
        pieces = split(LONG)
        total = len(pieces.parts)
        for reference in (2, 3):
            for part in reversed(range(1, total + 1)):
                payload = add_header(pieces.parts[part - 1], Concatenation(reference, total, part))
                client.send_part(NUMBER, payload, data_coding=pieces.data_coding, esm_class=UDHI)
        await client.until(lambda events: len(receipts(events)) == 2 * total)
        await until(lambda: len(arrived) == 2)
    await smsc.stop()
    assert total > 2
    assert sorted(arrived, key=lambda sms: sms.message) == [Sms(NUMBER, SENDER, LONG, 0), Sms(NUMBER, SENDER, LONG, 1)]
    assert [(record.submitted, record.state) for record in ledger.messages(NUMBER)] == [(True, "DELIVERED")] * 2
    assert not failures


async def test_a_message_that_lacks_a_part_is_not_submitted() -> None:
    async with simulator(people=(person(),)) as (running, port), esme(port) as client:
        await client.bind()
        payload = add_header(b"Bonjour", Concatenation(1, 2, 1))
        await client.answer_to(client.send_part(NUMBER, payload, esm_class=UDHI))
        await until(running.idle)
        (record,) = running.ledger.messages(NUMBER)
        assert (record.submitted, record.state, len(client.deliveries)) == (False, "PENDING", 1)


def test_an_eight_bit_reference_is_read_too() -> None:
    fields = {"destination_addr": "33639980000", "esm_class": UDHI, "short_message": bytes.fromhex("0500037f0201") + b"abc"}
    submission = Submission.of(Pdu("submit_sm", 1, 0, fields))
    assert submission.place == Concatenation(0x7F, 2, 1)
    assert (submission.number, submission.body) == (NUMBER, b"abc")


async def test_a_header_that_makes_no_sense_is_refused() -> None:
    async with simulator() as (_, port), esme(port) as client:
        await client.bind()
        payload = add_header(b"Bonjour", Concatenation(1, 2, 3))
        answer = await client.answer_to(client.send_part(NUMBER, payload, esm_class=UDHI))
        assert answer.status == Status.SUBMIT_FAILED


@pytest.mark.parametrize(("reply", "stops"), [("Arrêt", True), ("stop svp", True), ("À samedi 😀", False)])
async def test_people_answer_until_they_are_heard(reply: str, stops: bool) -> None:
    someone = person(reply=reply, stops=stops)
    statuses = chain([Status.SYSTEM_ERROR, None], repeat(Status.OK))
    async with (
        simulator(IMPATIENT, (someone,)) as (running, port),
        esme(port, lambda pdu: 0 if is_receipt(pdu) else next(statuses)) as client,
    ):
        await client.bind()
        await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        written = [pdu for pdu in client.deliveries if not is_receipt(pdu)]
        assert len(written) >= 3
        coding = "utf-16-be" if written[0].number("data_coding") == 8 else "ascii"
        assert {pdu.payload.decode(coding) for pdu in written} == {reply}
        assert (written[0].text("source_addr"), written[0].text("destination_addr")) == (NUMBER.removeprefix("+"), SENDER)
        assert running.ledger.truth([someone])["opted_out"] == stops


async def test_the_smsc_takes_leave_of_its_clients() -> None:
    async with simulator() as (running, port), esme(port) as client:
        await client.bind()
        await running.stop()
        assert client.events[-1].command == "unbind"
        await client.cut_off()


async def test_the_smsc_waits_for_no_client_that_is_dead() -> None:
    async with simulator() as (running, port), esme(port) as client:
        await client.bind()
        client.is_alive = False
        await asyncio.wait_for(running.stop(), 20)
        await client.cut_off()
