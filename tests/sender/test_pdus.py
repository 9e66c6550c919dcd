import asyncio
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.frames import Frames
from sender.pdus import FramingError, PduError, Status, UnreadablePdu, decode, encode, read_pdu
from tests.sender.pdu_corpus import CORPUS, Sample

addresses = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=255), max_size=20)


def reader_of(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


@given(addresses, addresses, st.binary(max_size=254), st.integers(0, 255), st.integers(1, 0x7FFFFFFF))
def test_a_submission_is_read_as_it_was_written(
    source: str, destination: str, payload: bytes, data_coding: int, sequence: int
) -> None:
    pdu = decode(
        encode(
            "submit_sm",
            sequence,
            source_addr=source,
            destination_addr=destination,
            short_message=payload,
            data_coding=data_coding,
            registered_delivery=1,
        )
    )
    assert (pdu.command, pdu.sequence, pdu.status) == ("submit_sm", sequence, 0)
    assert (pdu.text("source_addr"), pdu.text("destination_addr")) == (source, destination)
    assert (pdu.payload, pdu.number("data_coding"), pdu.number("registered_delivery")) == (payload, data_coding, 1)


def test_optional_parameters_are_read_whatever_the_pdu_and_however_they_are_ended() -> None:
    data = encode("deliver_sm", 1, short_message=b"id:1")
    data += struct.pack(">HH", 0x001E, 7) + b"38601fa"
    data += struct.pack(">HHB", 0x0427, 1, 2)
    data += struct.pack(">HHH", 0x1401, 2, 7) + struct.pack(">HHB", 0x0420, 1, 1)
    data = struct.pack(">L", len(data)) + data[4:]
    pdu = decode(data)
    assert (pdu.text("receipted_message_id"), pdu.number("message_state")) == ("38601fa", 2)
    assert pdu.text("nothing") == "" and pdu.number("nothing", 9) == 9 and pdu.octets("nothing") == b""


def test_a_refusal_may_come_without_a_body_and_an_id_without_its_end() -> None:
    assert decode(struct.pack(">LLLL", 16, 0x80000004, 0x58, 7)).status == Status.THROTTLED
    assert decode(struct.pack(">LLLL", 19, 0x80000004, 0, 7) + b"abc").text("message_id") == "abc"


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("bind_transceiver", {"password": "123456789"}),
        ("submit_sm", {"source_adr": "x"}),
        ("submit_sm", {"source_addr": "Ω"}),
        ("submit_sm", {"source_addr": "x" * 21}),
        ("submit_sm", {"source_addr": "1\x002"}),
        ("deliver_sm", {"receipted_message_id": "é"}),
        ("submit_sm", {"short_message": b"x" * 256}),
        ("submit_sm", {"data_coding": 256}),
        ("no_such_command", {}),
    ],
)
def test_what_would_be_cut_or_lost_is_refused(command: str, fields: dict[str, str | int | bytes]) -> None:
    with pytest.raises(PduError):
        encode(command, 1, 0, **fields)


async def test_pdus_are_told_apart_and_the_end_between_two_is_no_error() -> None:
    reader = reader_of(encode("enquire_link", 1) + encode("submit_sm_resp", 2, message_id="x"))
    first, second = await read_pdu(reader), await read_pdu(reader)
    assert first and second
    assert (first.command, second.text("message_id"), await read_pdu(reader)) == ("enquire_link", "x", None)


async def test_an_unknown_command_can_be_answered_and_the_next_pdu_read() -> None:
    reader = reader_of(struct.pack(">LLLL", 16, 0x00010200, 0, 77) + encode("unbind", 78))
    with pytest.raises(UnreadablePdu) as caught:
        await read_pdu(reader)
    assert (caught.value.sequence, caught.value.status) == (77, Status.INVALID_COMMAND_ID)
    following = await read_pdu(reader)
    assert following and following.command == "unbind"


@pytest.mark.parametrize(
    "data",
    [b"\0\0", struct.pack(">L", 15), struct.pack(">L", 1 << 24), encode("enquire_link", 1)[:10], b"GET / HTTP/1.1\r\n"],
)
async def test_a_stream_that_is_no_smpp_ends(data: bytes) -> None:
    with pytest.raises(FramingError):
        await read_pdu(reader_of(data))


@pytest.mark.parametrize("sample", CORPUS, ids=lambda sample: sample.what)
def test_a_sample_is_read_or_refused_as_it_should_be(sample: Sample) -> None:
    if sample.refused is not None:
        with pytest.raises(UnreadablePdu) as caught:
            decode(sample.data)
        assert caught.value.status == sample.refused
        return
    pdu = decode(sample.data)
    fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in pdu.fields.items()}
    assert pdu.command == sample.command
    assert {name: fields.get(name) for name in sample.read} == sample.read


@given(st.lists(st.sampled_from(CORPUS), max_size=5), st.lists(st.integers(1, 40), max_size=20))
def test_a_stream_is_told_apart_however_it_is_cut(samples: list[Sample], cuts: list[int]) -> None:
    stream = b"".join(sample.data for sample in samples)
    frames, told = Frames(), []
    for length in [*cuts, len(stream) + 1]:
        piece, stream = stream[:length], stream[length:]
        told += list(frames.feed(piece))
    assert told == [sample.data for sample in samples]
    assert not frames.partial


def test_what_came_before_a_broken_length_is_still_told() -> None:
    frames = Frames().feed(encode("enquire_link", 1) + b"GET / HTTP/1.1")
    assert decode(next(frames)).command == "enquire_link"
    with pytest.raises(FramingError, match="a PDU of 1195725856 bytes was announced"):
        next(frames)


COMMANDS = (1, 2, 3, 4, 5, 6, 9, 0x15, 0x103, 0x80000003, 0x80000004, 0x80000005, 0x80000009, 0x80000000)


@given(st.sampled_from(COMMANDS), st.binary(max_size=200))
def test_any_body_is_read_or_refused_as_one_type_of_error(command: int, body: bytes) -> None:
    try:
        decode(struct.pack(">LLLL", 16 + len(body), command, 0, 1) + body)
    except UnreadablePdu as error:
        assert error.sequence == 1
