"""The quick SMSC: what it reads and writes is what the codec of everybody else reads and writes."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.pdus import Status, decode, encode
from sender.receipts import parse
from sender.simulator.quick import QuickSmsc, Submitted, read_submission, write_answer, write_receipt
from tests.factories import NOW
from tests.sender.simulator.esme import SENDER, esme
from tests.sender.simulator.running import until

ADDRESSES = st.text("0123456789ABCDEFGHIJ", max_size=15)
DATES = st.sampled_from(["", "261120090000000+", "000001000000000R"])


@given(
    source=ADDRESSES,
    destination=ADDRESSES,
    type=st.sampled_from(["", "CMT", "WAP"]),
    validity=DATES,
    schedule=DATES,
    flags=st.tuples(*[st.integers(0, 255)] * 4),
    text=st.binary(max_size=160),
    payload=st.binary(max_size=300),
)
def test_a_submission_is_read_as_the_codec_wrote_it(
    source: str,
    destination: str,
    type: str,
    validity: str,
    schedule: str,
    flags: tuple[int, int, int, int],
    text: bytes,
    payload: bytes,
) -> None:
    data = encode(
        "submit_sm",
        7,
        service_type=type,
        source_addr=source,
        source_addr_ton=flags[0],
        destination_addr=destination,
        dest_addr_npi=flags[1],
        esm_class=flags[2],
        schedule_delivery_time=schedule,
        validity_period=validity,
        registered_delivery=flags[3],
        **({"message_payload": payload} if payload else {"short_message": text}),
    )
    assert read_submission(data) == Submitted(source.encode(), destination.encode(), flags[3])


@given(st.binary(max_size=80))
def test_no_garbage_is_worse_than_a_submission_that_breaks_off(body: bytes) -> None:
    with suppress(ValueError, IndexError):
        read_submission(bytes(16) + body)


@given(sequence=st.integers(1, 0x7FFFFFFF), id=st.integers(10**12, 10**13), source=ADDRESSES, destination=ADDRESSES)
def test_what_it_writes_is_read_by_the_codec(sequence: int, id: int, source: str, destination: str) -> None:
    raw = b"%x" % id
    assert write_answer(sequence, raw) == encode("submit_sm_resp", sequence, message_id=raw.decode())
    pdu = decode(write_receipt(sequence, Submitted(source.encode(), destination.encode(), 1), raw, b"2611200901"))
    assert (pdu.command, pdu.sequence, pdu.status) == ("deliver_sm", sequence, 0)
    assert (pdu.text("source_addr"), pdu.text("destination_addr")) == (destination, source)
    receipt = parse(pdu, NOW)
    assert (receipt.state, receipt.error, receipt.is_final) == ("DELIVERED", "000", True)
    assert pdu.text("receipted_message_id") == raw.decode()


async def test_it_answers_and_reports_everything_though_the_window_is_small() -> None:
    smsc = QuickSmsc(receipt_after_s=0.001, window=3)
    async with esme(await smsc.start()) as client:
        assert await client.bind() == Status.OK
        sequences = [client.send_part(f"+336399800{i:02d}", b"Bonjour") for i in range(40)]
        ids = [(await client.answer_to(sequence)).text("message_id") for sequence in sequences]
        await until(lambda: smsc.reported == 40)
        assert [pdu.text("receipted_message_id") for pdu in client.deliveries] == ids
        assert client.deliveries[0].text("destination_addr") == SENDER
        assert (await client.call("enquire_link")).command == "enquire_link_resp"
        assert (await client.call("query_sm", message_id="1", source_addr="x")).status == Status.INVALID_COMMAND_ID
        assert (await client.call("unbind")).command == "unbind_resp"
        assert smsc.submitted == 40
    await smsc.stop()


@pytest.mark.parametrize(("with_receipts", "wish"), [(False, 1), (True, 0)])
async def test_it_reports_nothing_unasked(with_receipts: bool, wish: int) -> None:
    smsc = QuickSmsc(with_receipts=with_receipts, receipt_after_s=0)
    async with esme(await smsc.start()) as client:
        await client.bind()
        await client.answer_to(client.send_part("+33639980000", b"Bonjour", registered_delivery=wish))
        await client.call("enquire_link")
        await asyncio.sleep(0.02)
        assert not client.deliveries
    await smsc.stop()


async def test_what_cannot_be_framed_ends_the_connection() -> None:
    smsc = QuickSmsc()
    async with esme(await smsc.start()) as client:
        client.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await client.cut_off()
    await smsc.stop()
    assert not smsc.lines
