import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.route_accounts import RouteReading
from sender.pdus import Pdu, decode, encode
from sender.receipt_texts import NOT_DELIVERED, labels_of, read_any
from sender.receipts import FINAL, INTERMEDIATE, Receipt, is_receipt, parse
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


def receipt(text: str | bytes, *, esm_class: int = 4, **fields: object) -> Pdu:
    octets = text.encode("latin-1") if isinstance(text, str) else text
    return Pdu("deliver_sm", 1, 0, {"esm_class": esm_class, "short_message": octets} | fields)


def told(text: str | bytes, reading: RouteReading | None = None, **fields: object) -> Receipt:
    return parse(receipt(text, **fields), NOW, reading or RouteReading())  # type: ignore[arg-type]


@pytest.mark.parametrize("record", RECORDS, ids=[record["name"] for record in RECORDS])
def test_receipts_of_the_field_are_read(record: dict[str, object]) -> None:
    found, want = parse(deliver(record), NOW), record["want"]
    assert isinstance(want, dict)
    assert list(found.ids) == want["ids"]
    assert (found.state, found.error) == (want["state"], want["err"])
    done = datetime.fromisoformat(want["done"]).replace(tzinfo=UTC) if want["done"] else None
    assert found.done_at == done


@pytest.mark.parametrize(
    "text",
    [
        "id:7 sub:001 dlvrd:001 submit date:2611200900 done date:2611200930 stat:DELIVRD err:000 text:Bonjour",
        "ID:7 SUB:001 DLVRD:001 SUBMIT DATE:2611200900 DONE DATE:2611200930 STAT:delivrd ERR:000 TEXT:Bonjour",
        "id: 7  sub: 001  submit date: 2611200900  done date: 2611200930  stat: DELIVRD  err: 000  text:",
        "id:7, stat:DELIVRD, err:000; done date:2611200930,",
        "id:7\r\nstat:DELIVERED\r\nerr:000\r\ndone_date:2611200930",
        "err:000 done date:2611200930 stat:DELIVRD id:7 text:Bonjour",
        "id : 7 stat :DELIVRD err :000 donedate:2611200930",
        "\0id:7\0stat:DELIVRD\0err:000\0done date:2611200930\0\0",
        "id:7 smsc:12 stat:DELIVRD route:x err:000 done date:2611200930 cost:1",
        "err:000 done date:20261120093000 stat:2 id:7",
    ],
)
def test_labels_stand_in_any_order_and_case(text: str) -> None:
    found = told(text)
    assert (found.ids, found.state, found.error) == (("7",), "DELIVERED", "000")
    assert found.done_at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_any_label_may_be_missing_or_empty() -> None:
    assert told("id:7") == Receipt(("7",), "", None, None, ("7",))
    assert told("stat:UNDELIV err:021").ids == ()
    assert told("id: sub:001 stat: err: text:") == Receipt(
        (), "", None, None, as_it_came=told("id: sub:001 stat: err: text:").as_it_came
    )


STATES = """
DELIVRD DELIVERED, EXPIRED EXPIRED, DELETED DELETED, UNDELIV UNDELIVERABLE, ACCEPTD ACCEPTED, UNKNOWN UNKNOWN,
REJECTD REJECTED, ENROUTE ENROUTE, FAILED UNDELIVERABLE, SKIPPED SKIPPED, Undelivered UNDELIVERABLE, GONE UNKNOWN, ² UNKNOWN
"""


@pytest.mark.parametrize(("word", "state"), [pair.split() for pair in STATES.split(",")])
def test_states_are_those_of_smpp_whatever_they_are_called(word: str, state: str) -> None:
    found = told(f"id:7 stat:{word} err:1")
    assert found.state == state
    assert found.is_final == (state not in ("ACCEPTED", "ENROUTE", "SCHEDULED"))


def test_parameters_win_over_the_text() -> None:
    found = told("id:0059113978 stat:DELIVRD err:000", receipted_message_id="38601fa", message_state=5)
    assert (found.ids, found.state, found.error) == (("38601fa", "59113978"), "UNDELIVERABLE", "000")
    assert found.keys == ("59113978",)
    assert told("id:7 stat:DELIVRD", message_state=99).state == "DELIVERED"
    assert told("id:7", message_state=99).state == "UNKNOWN"
    assert told("id:7 stat:DELIVRD", receipted_message_id="\0\0").ids == ("7",)


def test_each_id_is_read_in_the_form_that_the_route_says() -> None:
    reading = RouteReading(tlv_id="hex", receipt_id="decimal")
    assert told("id:0000000010 stat:DELIVRD", reading, receipted_message_id="A").keys == ("10",)
    assert told("id:0000000010 stat:DELIVRD", receipted_message_id="A").keys == ("a", "10")
    assert told("id:00aB stat:DELIVRD", RouteReading(receipt_id="text")).keys == ("00aB",)


def test_intermediate_notifications_and_handset_acknowledgements_are_never_final() -> None:
    for esm_class in (0x20, 0x24, 0x08, 0x10, 0x18):
        pdu = receipt("id:1 stat:DELIVRD", esm_class=esm_class, message_state=2)
        assert is_receipt(pdu)
        assert not parse(pdu, NOW).is_final
    assert told("id:1 stat:ACCEPTD").is_final is False
    assert told("id:1", esm_class=0x20).state == "ENROUTE"


def test_a_receipt_is_known_by_its_class_or_by_the_id_that_only_receipts_have() -> None:
    assert not is_receipt(receipt("id:7 stat:DELIVRD", esm_class=0))
    assert not is_receipt(receipt("STOP", esm_class=0x40))
    assert is_receipt(receipt("whatever", esm_class=0, receipted_message_id="7"))
    assert told("id:7 stat:DELIVRD", esm_class=0, receipted_message_id="7").is_final
    assert is_receipt(Pdu("data_sm", 1, 0, {"esm_class": 4, "message_payload": b"id:7 stat:DELIVRD"}))


def test_a_text_that_quotes_a_receipt_does_not_change_it() -> None:
    assert told("id:7 stat:DELIVRD err:000 text:id:8 stat:REJECTD").ids == ("7",)
    assert told("id:7 stat:DELIVRD text:id:8 stat:REJECTD err:500 done date:2611200930") == told("id:7 stat:DELIVRD")
    quoting = told("err:000 text:id:8 stat:REJECTD", receipted_message_id="7", message_state=2)
    assert (quoting.ids, quoting.state) == (("7",), "DELIVERED")


OWN = "id:7 sub:001 dlvrd:001 err:000 "


@pytest.mark.parametrize(
    "text",
    [
        "id:7 sub:001 dlvrd:000 err:005 text:stat:DELIVRD id:9",
        "id:7 text:hello stat:DELIVRD",
        "id:7 text: stat:DELIVRD",
        "id:7 text: stat:2",
        "id:7 dlvrd:001 err:005 text: stat:DELIVRD",
        OWN + "text:stat:DELIVRD",
        OWN + "text:hello stat:DELIVRD",
        OWN + "text: your stat:DELIVRD",
        OWN + "text: stat:UNDELIV stat:DELIVRD",
        OWN + "text: stat:DELIVRD is what they say",
        OWN + "text: err:000 stat:DELIVRD",
        "id:7 err:005text:hello stat:DELIVRD",
        "text: dlvrd:001 stat:DELIVRD id:7",
        "stat: id:7 text: stat:DELIVRD",
    ],
)
def test_no_delivery_is_proved_by_a_quoted_text(text: str) -> None:
    found = told(text)
    assert found.state == ""
    assert "9" not in found.ids
    assert told(text, message_state=5).state == "UNDELIVERABLE"


def test_an_id_in_a_quoted_text_names_no_message() -> None:
    assert told("stat:DELIVRD err:000 text:id:9").ids == ()
    assert told("err:000 text:hello id:9", receipted_message_id="7").ids == ("7",)


def test_a_state_behind_the_text_is_read_where_it_can_be_told_safely() -> None:
    assert told("id:7 text:hello stat:UNDELIV err:005 done date:2611200930") == told(
        "id:7 stat:UNDELIV err:005 done date:2611200930"
    )
    assert told("id:7 text:stat:DELIVRD stat:EXPIRED").state == "EXPIRED"
    assert told("id:7 text:hello stat:ACCEPTD,").state == "ACCEPTED"
    assert told(OWN + "text: stat:DELIVRD").state == "DELIVERED"
    assert told("id:7 text:stat:UNDELIV").state == ""
    assert told("id:7 text:hello stat:UNDELIV is what they say").state == ""
    assert told("id:7 text:hello stat:open").state == ""
    assert told(OWN + "text:hello stat:UNDELIV").state == ""


def test_no_word_that_is_read_behind_a_text_means_delivered() -> None:
    assert {told(f"id:7 text:hello stat:{word}").state for word in NOT_DELIVERED} <= {*FINAL, *INTERMEDIATE} - {"DELIVERED"}


@pytest.mark.parametrize("coding", [0, 8])
def test_a_quoted_text_of_wide_octets_says_nothing(coding: int) -> None:
    wide = "stat:DELIVRD id:9".encode("utf-16-be")
    own = b"id:7 err:005 text:"
    assert told(own + wide, data_coding=coding) == told(own, data_coding=coding) == told("id:7 err:005")
    unnamed = told(b"err:0050 text:" + wide, data_coding=coding, receipted_message_id="7")
    assert (unnamed.ids, unnamed.state) == (("7",), "")


def test_a_header_that_is_not_there_does_not_cut_off_what_says_that_a_text_is_quoted() -> None:
    own = "id:0059113978 sub:001 dlvrd:000 submit date:1002101730 done date:1002101731 err:005 text:"
    quoting = own + "a" * (106 - len(own)) + " id:9 stat:DELIVRD"
    found = told(quoting, esm_class=0x44)
    assert (found.ids, found.state) == (("0059113978",), "")


quoted = st.lists(
    st.sampled_from(
        ["stat:DELIVRD", "stat:2", "id:9", "dlvrd:001", "err:000", "text:", "stat:UNDELIV", "\n", "hello", "stat:"]
    )
    | st.text(max_size=6),
    max_size=8,
).map(" ".join)


@given(quoted, st.sampled_from([" ", ""]), st.sampled_from(["latin-1", "utf-16-be", "utf-16-le"]), st.sampled_from([0, 8]))
def test_nothing_that_is_quoted_makes_a_receipt_a_delivery(text: str, space: str, codec: str, coding: int) -> None:
    for own in ("id:7 sub:001 dlvrd:000 err:005 text:", "id:7 stat:UNDELIV text:", "id:7 text:", "err:000 text:"):
        found = told((own + space).encode() + text.encode(codec, "replace"), data_coding=coding, esm_class=0x44)
        assert (found.state == "DELIVERED", found.ids) == (False, ("7",) if "id" in own else ())


@pytest.mark.parametrize("coding", [0, 3, 8, 245])
@pytest.mark.parametrize("codec", ["latin-1", "utf-16-be", "utf-16-le"])
def test_the_text_is_read_whatever_its_data_coding_claims(coding: int, codec: str) -> None:
    found = told("id:59113978 stat:DELIVRD err:0".encode(codec), data_coding=coding)
    assert (found.ids, found.state, found.error) == (("59113978",), "DELIVERED", "0")


def test_an_underscore_of_the_default_alphabet_is_one() -> None:
    assert told("id:ab\x11c stat:DELIVRD").ids == told("id:ab_c stat:DELIVRD").ids == ("ab_c",)
    assert told("id:ab\x11c stat:DELIVRD", RouteReading(alphabet="latin1")).ids == ("ab\x11c",)


def test_a_header_before_the_text_is_passed_over() -> None:
    assert told(b"\x05\x00\x03\x01\x02\x01id:7 stat:DELIVRD", esm_class=0x44).ids == ("7",)
    assert told(b"id:7 stat:DELIVRD", esm_class=0x44).ids == ("7",)


def test_a_network_error_code_stands_in_for_a_missing_err() -> None:
    assert told("id:1 stat:UNDELIV", network_error_code=b"\x03\x00\x21").error == "33"
    assert told("id:1 stat:UNDELIV", network_error_code=b"\x03\x00\x21").network_error == (3, 33)
    assert told("id:1 stat:UNDELIV", network_error_code=b"021").error == "021"
    assert told("id:1 stat:UNDELIV err:5", network_error_code=b"\x03\x00\x21").error == "5"
    assert told("id:1 stat:UNDELIV", network_error_code=b"\x03\x00").error is None


def test_what_names_no_message_is_kept_as_it_came() -> None:
    found = told("Delivered", destination_addr="36180", network_error_code=b"\x03\x00\x21", message_state=2)
    assert found.as_it_came is not None
    assert (found.as_it_came.sender, found.as_it_came.payload) == ("36180", b"Delivered")
    assert json.loads(found.as_it_came.parameters) == {"network_error_code": "030021", "message_state": 2}
    assert told("id:7").as_it_came is None


words = st.text("0123456789abcdefABCDEF.@-_ :\x00\x11é", max_size=8)
states = st.sampled_from(["DELIVRD", "UNDELIV", "delivrd", "X", ""])
lines = st.builds(
    "id:{} sub:001 dlvrd:{} submit date:2611200900 done date:{} stat:{} err:{} text:{}".format,
    words,
    st.sampled_from(["001", "1", "000", "x"]),
    st.sampled_from(["2611200930", "261120093015", "26112009"]),
    states,
    st.sampled_from(["000", "0x0b", "é", ""]),
    st.text(st.characters(max_codepoint=255), max_size=20) | st.just("id:9 stat:DELIVRD err:000"),
)


@given(lines, st.sampled_from(["gsm", "latin1", "utf8"]), st.sampled_from([0, 1, 3, 4, 8]), st.sampled_from([4, 0x44]))
def test_the_usual_form_is_read_as_any_other(line: str, alphabet: str, data_coding: int, esm_class: int) -> None:
    pdu = receipt(line, data_coding=data_coding, esm_class=esm_class)
    assert labels_of(pdu, alphabet) == read_any(pdu, alphabet)
