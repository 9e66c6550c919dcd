import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.pdus import Pdu, decode, encode
from sender.receipts import is_receipt, normalise, other_base, parse
from tests.conftest import DATA

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
RECORDS = [json.loads(line) for line in (DATA / "receipts.jsonl").read_text().splitlines()]


def deliver(record: dict[str, object]) -> Pdu:
    """The receipt as it would come over the wire."""
    tlvs = dict(record["tlv"])  # type: ignore[call-overload]
    if "network_error_code" in tlvs:
        tlvs["network_error_code"] = bytes.fromhex(tlvs["network_error_code"])
    field = "message_payload" if "message_payload" in str(record["name"]) else "short_message"
    text = str(record["short_message_latin1"]).encode("latin-1")
    return decode(encode("deliver_sm", 1, esm_class=4, data_coding=record["data_coding"], **{field: text}, **tlvs))


def receipt(text: str, *, esm_class: int = 4, **fields: object) -> Pdu:
    return Pdu("deliver_sm", 1, 0, {"esm_class": esm_class, "short_message": text.encode("latin-1")} | fields)


@pytest.mark.parametrize("record", RECORDS, ids=[record["name"] for record in RECORDS])
def test_receipts_of_the_field_are_read(record: dict[str, object]) -> None:
    found, want = parse(deliver(record), NOW), record["want"]
    assert isinstance(want, dict)
    assert list(found.ids) == want["ids"]
    assert (found.state, found.error) == (want["state"], want["err"])
    done = datetime.fromisoformat(want["done"]).replace(tzinfo=UTC) if want["done"] else None
    assert found.done_at == done


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("38601FA", "38601fa"),
        ("0059113978", "59113978"),
        ("38601fa", "0059113978"),
        ("59113978", "038601FA"),
        ("c87c2273-7edb-4bc7-8d3a-7f57f21b625e", "C87C2273-7EDB-4BC7-8D3A-7F57F21B625E"),
    ],
)
def test_one_id_written_in_two_ways_is_one(answer: str, told: str) -> None:
    key = normalise(told)
    assert normalise(answer) in (key, other_base(key))


def test_counters_of_one_time_are_never_taken_for_each_other() -> None:
    assert other_base("10") is None
    assert other_base("a") is None
    assert other_base("12345678901234567890123") is None


@given(st.integers(min_value=10_000_000, max_value=2**64))
def test_the_other_base_is_mutual(number: int) -> None:
    decimal, hexadecimal = str(number), f"{number:x}"
    if hexadecimal.isdigit():
        assert other_base(decimal) is None
    elif len(decimal) <= 20:
        assert (other_base(decimal), other_base(hexadecimal)) == (hexadecimal, decimal)


def test_an_id_of_zeros_stays_one() -> None:
    assert normalise("0000") == "0"
    assert normalise("") == ""


def test_intermediate_notifications_and_handset_acknowledgements_are_never_final() -> None:
    for esm_class in (0x20, 0x08, 0x10):
        pdu = receipt("id:1 stat:DELIVRD", esm_class=esm_class)
        assert is_receipt(pdu)
        assert not parse(pdu, NOW).is_final
    assert parse(receipt("id:1 stat:ACCEPTD"), NOW).is_final is False
    assert not is_receipt(receipt("STOP", esm_class=0x40))


def test_an_unknown_word_is_an_unknown_outcome_and_a_missing_one_is_none() -> None:
    assert parse(receipt("id:1 stat:GONE"), NOW).state == "UNKNOWN"
    assert parse(receipt("id:1"), NOW).state == ""


def test_a_text_that_quotes_a_receipt_does_not_change_it() -> None:
    assert parse(receipt("id:7 stat:DELIVRD err:000 text:id:8 stat:REJECTD"), NOW).ids == ("7",)
    assert parse(receipt("id:7 stat:DELIVRD err:000 text:id:8 stat:REJECTD"), NOW).state == "DELIVERED"


def test_dates_follow_their_offset_and_the_nearer_reading() -> None:
    assert parse(receipt("id:1 done date:2611200930+0100"), NOW).done_at == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert parse(receipt("id:1 done date:202611200930"), NOW).done_at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert parse(receipt("id:1 done date:20261120093015"), NOW).done_at == datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)
    assert parse(receipt("id:1 done date:yesterday"), NOW).done_at is None


def test_a_network_error_code_stands_in_for_a_missing_err() -> None:
    assert parse(receipt("id:1 stat:UNDELIV", network_error_code=b"\x03\x00\x21"), NOW).error == "33"
    assert parse(receipt("id:1 stat:UNDELIV", network_error_code=b"021"), NOW).error == "021"


@given(st.binary(max_size=120), st.sampled_from([0, 3, 8, 245]))
def test_any_bytes_are_read_without_an_error(text: bytes, data_coding: int) -> None:
    fields = {"esm_class": 4, "short_message": text, "data_coding": data_coding}
    parse(Pdu("deliver_sm", 1, 0, fields), NOW)
