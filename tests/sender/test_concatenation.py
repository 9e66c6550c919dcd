from hypothesis import given
from hypothesis import strategies as st

from sender.concatenation import Concatenation, add_header, read_header

places = st.builds(Concatenation, st.integers(0, 0xFFFF), st.integers(1, 255), st.integers(1, 255))


@given(st.binary(max_size=134), places)
def test_a_header_is_read_as_it_was_written(payload: bytes, place: Concatenation) -> None:
    written = add_header(payload, place)
    assert len(written) == len(payload) + 7
    assert read_header(written) == (place, payload)


def test_an_eight_bit_reference_and_other_elements_are_read() -> None:
    assert read_header(b"\x05\x00\x03\x2a\x02\x01text") == (Concatenation(0x2A, 2, 1), b"text")
    assert read_header(b"\x09\x05\x02\x00\x01\x00\x03\x2a\x02\x01text")[0] == Concatenation(0x2A, 2, 1)
    assert read_header(b"\x04\x05\x02\x00\x01text") == (None, b"text")


@given(st.binary(max_size=60))
def test_any_payload_is_read_without_an_error(payload: bytes) -> None:
    read_header(payload)
