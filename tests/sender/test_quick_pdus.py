"""The short way writes the bytes that smpplib writes, and reads the fields that the long way reads."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender import pdus, quick_pdus
from sender.pdus import Pdu, PduError, UnreadablePdu
from tests.sender.pdu_corpus import CORPUS, Sample

NUMBERS = st.one_of(st.integers(0, 255), st.sampled_from([-1, 256, 65_535, 65_536, 1 << 32]))
STRINGS = st.one_of(
    st.text(alphabet="0123456789+abcXYZ", max_size=21),
    st.text(alphabet=st.characters(max_codepoint=300), max_size=21),
    st.sampled_from(["x" * length for length in (4, 5, 6, 15, 16, 17, 19, 20, 21, 63, 64, 65)]),
)
OCTETS = st.binary(max_size=260)
VALUES = {
    **dict.fromkeys(("service_type", "source_addr", "destination_addr", "validity_period"), STRINGS),
    **dict.fromkeys(("schedule_delivery_time", "receipted_message_id", "message_id", "source_subaddress"), STRINGS),
    **dict.fromkeys(("source_addr_ton", "source_addr_npi", "dest_addr_ton", "dest_addr_npi", "esm_class"), NUMBERS),
    **dict.fromkeys(("protocol_id", "priority_flag", "registered_delivery", "data_coding", "sm_length"), NUMBERS),
    **dict.fromkeys(("replace_if_present_flag", "sm_default_msg_id", "sar_msg_ref_num", "message_state"), NUMBERS),
    **dict.fromkeys(("sar_total_segments", "sar_segment_seqnum", "user_message_reference", "source_port"), NUMBERS),
    **dict.fromkeys(("short_message", "message_payload", "network_error_code", "callback_num"), OCTETS),
    "alert_on_message_delivery": NUMBERS,
    "no_such_field": NUMBERS,
}
ODD = st.one_of(st.none(), st.booleans(), st.floats(), STRINGS, OCTETS, NUMBERS)

some_fields = st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=8).flatmap(
    lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names})
)
usual_fields = st.fixed_dictionaries(
    {"source_addr": STRINGS, "destination_addr": STRINGS, "short_message": st.binary(max_size=160)},
    optional={"esm_class": st.sampled_from([0, 0x40]), "data_coding": st.sampled_from([0, 8]), "validity_period": STRINGS},
)
odd_fields = st.dictionaries(st.sampled_from(sorted(VALUES)), ODD, max_size=3)
COMMANDS = ("submit_sm", "deliver_sm", "submit_sm_resp", "deliver_sm_resp", "enquire_link", "enquire_link_resp")


def written(encode: object, command: str, sequence: int, status: int, fields: dict[str, str | int | bytes]) -> bytes | None:
    try:
        data: bytes = encode(command, sequence, status, **fields)  # type: ignore[operator]
    except PduError:
        return None
    return data


def read(decode: object, data: bytes) -> Pdu | tuple[int, int, bool]:
    try:
        pdu: Pdu = decode(data)  # type: ignore[operator]
    except UnreadablePdu as error:
        return error.sequence, error.status, error.is_response
    return pdu


@given(
    st.sampled_from((*COMMANDS, "data_sm", "bind_transceiver", "unbind")),
    st.one_of(st.integers(1, 0x7FFF_FFFF), st.integers(-1, 1 << 33)),
    st.one_of(st.just(0), st.integers(-1, 1 << 33)),
    st.one_of(usual_fields, some_fields, odd_fields),
)
def test_what_is_written_is_what_smpplib_writes(
    command: str, sequence: int, status: int, fields: dict[str, str | int | bytes]
) -> None:
    long_way = written(pdus.encode, command, sequence, status, fields)
    assert written(quick_pdus.encode, command, sequence, status, fields) == long_way
    if long_way is not None:
        assert read(quick_pdus.decode, long_way) == read(pdus.decode, long_way)


@pytest.mark.parametrize("sample", CORPUS, ids=lambda sample: sample.what)
def test_samples_are_read_alike(sample: Sample) -> None:
    assert read(quick_pdus.decode, sample.data) == read(pdus.decode, sample.data)


@given(st.data())
def test_what_is_broken_is_read_alike(data: st.DataObject) -> None:
    """Samples that were cut, stretched, or had bytes changed."""
    body = bytearray(data.draw(st.sampled_from(CORPUS)).data[16:])
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(body)))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    code = data.draw(st.sampled_from((0x04, 0x05, 0x15, 0x8000_0004, 0x8000_0005, 0x8000_0015)))
    frame = struct.pack(">LLLL", 16 + len(body), code, 0, 7) + body
    assert read(quick_pdus.decode, frame) == read(pdus.decode, frame)


def test_what_is_usual_goes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def long_way(*_: object, **__: object) -> None:
        raise AssertionError("the long way was taken")

    monkeypatch.setattr(pdus, "encode", long_way)
    monkeypatch.setattr(pdus, "decode", long_way)
    message: dict[str, str | int | bytes] = {
        "source_addr_ton": 5,
        "source_addr": "Lumen",
        "destination_addr": "33639980001",
        "esm_class": 0x40,
        "registered_delivery": 1,
        "validity_period": "261122120000000+",
        "short_message": b"Bonjour",
    }
    sar: dict[str, str | int | bytes] = {"sar_msg_ref_num": 1, "sar_total_segments": 2, "sar_segment_seqnum": 1}
    receipt: dict[str, str | int | bytes] = {"receipted_message_id": "1f", "message_state": 2}
    for command, fields in (
        ("submit_sm", message),
        ("submit_sm", message | sar),
        ("submit_sm", message | {"short_message": b"", "message_payload": b"x" * 500}),
        ("submit_sm_resp", {"message_id": "38601FA"}),
        ("submit_sm_resp", {}),
        ("deliver_sm", message | receipt | {"network_error_code": b"\3\0\1"}),
        ("deliver_sm_resp", {}),
        ("enquire_link", {}),
        ("enquire_link_resp", {}),
    ):
        pdu = quick_pdus.decode(quick_pdus.encode(command, 7, 0, **fields))
        assert pdu.command == command
        assert fields.items() <= pdu.fields.items() | {("short_message", b"")}
