"""The format of a segment: whatever is cut off or damaged, what is whole is read and nothing is invented."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.segments import HEADER_BYTES, MAX_BODY, HitId, read_body, read_frames, read_header, write_frame, write_header

SEGMENT = UUID(int=7)
payloads = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=8)


@given(payloads, st.booleans())
def test_what_is_written_is_read(written: list[bytes], closed: bool) -> None:
    data = b"".join(map(write_frame, written))
    frames = list(read_frames(data, closed))
    assert [read_body(frame.body, HitId(SEGMENT, 0))[1] for frame in frames] == written
    assert frames[-1].end == len(data)


@given(payloads, st.data())
def test_a_torn_tail_takes_only_the_frame_it_tore(written: list[bytes], data: st.DataObject) -> None:
    whole = [write_frame(payload) for payload in written]
    cut = data.draw(st.integers(0, sum(map(len, whole)) - 1))
    frames = list(read_frames(b"".join(whole)[:cut], closed=True))
    ends = [sum(map(len, whole[: i + 1])) for i in range(len(whole))]
    assert [frame.end for frame in frames] == [end for end in ends if end <= cut]
    assert all(frame.sound for frame in frames)


@given(payloads, st.integers(1, 64))
def test_a_tail_of_zeros_is_not_a_frame(written: list[bytes], zeros: int) -> None:
    data = b"".join(map(write_frame, written))
    assert len(list(read_frames(data + bytes(zeros), closed=True))) == len(written)


@given(payloads, st.data())
def test_a_flipped_bit_is_noticed_and_the_frames_before_it_stand(written: list[bytes], data: st.DataObject) -> None:
    whole = [write_frame(payload) for payload in written]
    hit = data.draw(st.integers(0, len(whole) - 1))
    place = data.draw(st.integers(0, len(whole[hit]) * 8 - 1))
    damaged = bytearray(whole[hit])
    damaged[place // 8] ^= 1 << place % 8
    frames = list(read_frames(b"".join([*whole[:hit], bytes(damaged), *whole[hit + 1 :]]), closed=True))
    assert [frame.body for frame in frames[:hit]] == [frame[8:] for frame in whole[:hit]]
    assert not any(frame.sound and frame.body not in [frame[8:] for frame in whole] for frame in frames)
    if place >= 64:
        assert [frame.sound for frame in frames] == [i != hit for i in range(len(whole))], "reading goes on behind it"


def test_in_a_segment_that_grows_a_wrong_checksum_is_waited_for() -> None:
    half_written = bytearray(write_frame(b"two"))
    half_written[-1] ^= 1
    data = write_frame(b"one") + bytes(half_written) + write_frame(b"three")
    assert len(list(read_frames(data, closed=False))) == 1
    assert [frame.sound for frame in read_frames(data, closed=True)] == [True, False, True]


def test_a_hit_takes_its_first_id_along() -> None:
    first = HitId(UUID(int=1), 42)
    (frame,) = read_frames(write_frame(b"hit", first), closed=True)
    assert read_body(frame.body, HitId(SEGMENT, 0)) == (first, b"hit")


@pytest.mark.parametrize("body", [b"", b"\x02hit", b"\x01short"])
def test_a_frame_of_no_known_kind_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        read_body(body, HitId(SEGMENT, 0))


def test_a_hit_that_no_reader_would_take_is_not_written() -> None:
    with pytest.raises(ValueError, match="bytes"):
        write_frame(bytes(MAX_BODY))


def test_a_header_names_its_segment_and_a_damaged_one_nothing() -> None:
    header = write_header(SEGMENT)
    assert len(header) == HEADER_BYTES
    assert read_header(header + b"more") == SEGMENT
    assert read_header(header[:-1]) is None
    for place in range(HEADER_BYTES):
        assert read_header(header[:place] + bytes([header[place] ^ 1]) + header[place + 1 :]) is None
