import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.concatenation import Concatenation, add_header, read_header

narrow = st.builds(Concatenation, st.integers(0, 0xFF), st.integers(1, 255), st.integers(1, 255))
wide = st.builds(Concatenation, st.integers(0, 0xFFFF), st.integers(1, 255), st.integers(1, 255))


@given(st.binary(max_size=134), narrow)
def test_a_header_is_read_as_it_was_written(payload: bytes, place: Concatenation) -> None:
    written = add_header(payload, place)
    assert len(written) == len(payload) + 6
    assert read_header(written) == (place, payload)


@given(st.binary(max_size=133), wide)
def test_a_header_with_a_reference_of_sixteen_bits_is_an_octet_longer(payload: bytes, place: Concatenation) -> None:
    written = add_header(payload, place, wide=True)
    assert len(written) == len(payload) + 7
    assert read_header(written) == (place, payload)


def test_a_reference_is_never_cut_silently() -> None:
    with pytest.raises(OverflowError):
        add_header(b"", Concatenation(256, 2, 1))


def test_an_eight_bit_reference_and_other_elements_are_read() -> None:
    assert add_header(b"text", Concatenation(0x2A, 2, 1)) == b"\x05\x00\x03\x2a\x02\x01text"
    assert read_header(b"\x09\x05\x02\x00\x01\x00\x03\x2a\x02\x01text")[0] == Concatenation(0x2A, 2, 1)
    assert read_header(b"\x04\x05\x02\x00\x01text") == (None, b"text")


@given(st.binary(max_size=60))
def test_any_payload_is_read_without_an_error(payload: bytes) -> None:
    read_header(payload)
