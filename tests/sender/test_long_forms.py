"""What is submitted must fit into an SMS on the air, whatever the text and the form: 140 octets, the header included."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.fragments import LONG_FORMS, PAYLOAD, SAR, UDH8, UDH16, LongForm, decode_gsm, split
from linksvc.route_accounts import NewRoute
from sender.concatenation import UDHI, read_header
from sender.long_forms import LONGEST_SHORT_MESSAGE, Part, Writing, payloads
from tests.linksvc.test_fragments import any_texts, gsm_texts

AIR = 140
forms = st.sampled_from(list(LONG_FORMS.values()))


def on_the_air(part: Part, data_coding: int) -> int:
    """The octets of the SMS that an SMSC makes of a part: the header, then the text, septets packed behind fill bits."""
    content = part.short_message
    header = 0
    if part.esm_class & UDHI:
        header = 1 + content[0]
        content = content[header:]
    elif part.tlvs:
        header = 7  # The SMSC writes it; of sixteen bits, if it takes the whole reference.
    if data_coding == 8:
        return header + len(content)
    fill_bits = -header * 8 % 7
    return (header * 8 + fill_bits + len(content) * 7 + 7) // 8


@given(gsm_texts | any_texts, st.sampled_from([UDH8, UDH16, SAR]), st.integers(0, 2**40))
def test_no_part_is_longer_than_an_sms(text: str, form: LongForm, reference: int) -> None:
    pieces = split(text, form)
    parts = payloads(pieces, form, reference)
    assert len(parts) == pieces.fragments
    for part in parts:
        assert on_the_air(part, pieces.data_coding) <= AIR
        assert len(part.short_message) <= LONGEST_SHORT_MESSAGE
        assert part.fragments == 1


@pytest.mark.parametrize(("form", "septets", "units"), [(UDH8, 153, 67), (UDH16, 152, 66), (SAR, 152, 66)])
def test_each_form_leaves_the_room_that_its_header_leaves(form: LongForm, septets: int, units: int) -> None:
    assert [len(part) for part in split("a" * 200, form).parts] == [septets, 200 - septets]
    assert [len(part) // 2 for part in split("ç" * 100, form).parts] == [units, 100 - units]


@given(gsm_texts | any_texts, forms, st.integers(0, 2**40))
def test_parts_join_to_the_text_in_every_form(text: str, form: LongForm, reference: int) -> None:
    pieces = split(text, form)
    said = bytearray()
    parts = payloads(pieces, form, reference)
    for number, part in enumerate(parts, 1):
        octets = part.short_message
        if part.esm_class & UDHI:
            place, octets = read_header(octets)
            assert place is not None
            assert (place.parts, place.part) == (len(parts), number)
            assert place.reference == reference & (0xFFFF if form is UDH16 else 0xFF)
        if form is SAR and len(parts) > 1:
            tlvs = part.tlvs
            assert (tlvs["sar_total_segments"], tlvs["sar_segment_seqnum"]) == (len(parts), number)
            assert tlvs["sar_msg_ref_num"] == reference & 0xFFFF
        said += octets or bytes(part.tlvs.get("message_payload", b""))  # type: ignore[arg-type]
    assert (said.decode("utf-16-be") if pieces.data_coding == 8 else decode_gsm(bytes(said))) == text


def test_a_long_text_for_message_payload_is_one_part_and_costs_what_the_smsc_makes_of_it() -> None:
    (part,) = payloads(split("a" * 400, PAYLOAD), PAYLOAD, 7)
    assert (part.short_message, part.tlvs, part.esm_class) == (b"", {"message_payload": b"a" * 400}, 0)
    assert part.fragments == 3 == split("a" * 400).fragments
    assert payloads(split("a" * 160, PAYLOAD), PAYLOAD, 7) == (Part(b"a" * 160),)


def test_utf8_that_outgrows_a_short_message_goes_into_message_payload() -> None:
    pieces = split("é" * 160, UDH8, "utf8")
    (part,) = payloads(pieces, UDH8, 1)
    assert part == Part(b"", tlvs={"message_payload": ("é" * 160).encode()})
    first, second = payloads(split("é" * 200, UDH8, "utf8"), UDH8, 1)
    assert first.esm_class == second.esm_class == UDHI
    assert first.tlvs["message_payload"] == b"\x05\x00\x03\x01\x02\x01" + ("é" * 153).encode()
    assert second.short_message == b"\x05\x00\x03\x01\x02\x02" + ("é" * 47).encode()


def test_a_route_says_how_its_texts_are_written() -> None:
    route = NewRoute("main", "smsc.example", 2775, "ricochet", alphabet="latin1", long_form="sar")
    assert Writing.of(route) == Writing(SAR, "latin1")
