"""The frames of a segment: whatever is damaged, what is whole is found and nothing is invented."""

from itertools import product
from time import process_time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW
from tracker.frames import HEAD_BYTES, MARK, MAX_PAYLOAD, Damage, Frame, Frames, check_payload
from tracker.hits import SpooledHit
from tracker.segment_reader import STRETCH_BYTES
from tracker.segments import HitId

SEGMENT = UUID(int=7)
FRAMES = Frames(SEGMENT)


def payload(text: str) -> bytes:
    return SpooledHit(NOW, 1, 1, 0, "GET", "192.0.2.0/24", user_agent=text).pack()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
payloads = st.lists(texts.map(payload) | st.binary(min_size=1, max_size=80), min_size=1, max_size=8)


def sound(data: bytes, frames: Frames = FRAMES) -> list[tuple[int, bytes]]:
    return [(piece.place, piece.payload) for piece in frames.read(data) if isinstance(piece, Frame)]


@given(payloads)
def test_what_is_written_is_read(written: list[bytes]) -> None:
    data = b"".join(map(FRAMES.write, range(9), written))
    pieces = list(FRAMES.read(data))
    assert sound(data) == list(enumerate(written))
    assert [piece.hit for piece in pieces if isinstance(piece, Frame)] == [HitId(SEGMENT, i) for i in range(len(written))]
    assert pieces[-1].end == len(data)


@given(st.integers(0, 2**31), payloads)
def test_many_at_once_are_framed_as_each_is_alone(first: int, written: list[bytes]) -> None:
    assert FRAMES.write_all(first, written) == b"".join(FRAMES.write(first + i, hit) for i, hit in enumerate(written))


@given(payloads, st.data())
def test_a_torn_tail_takes_only_the_frame_it_tore(written: list[bytes], data: st.DataObject) -> None:
    whole = list(map(FRAMES.write, range(9), written))
    cut = data.draw(st.integers(0, sum(map(len, whole)) - 1))
    zeros = data.draw(st.sampled_from([0, 1, 300]))
    torn = b"".join(whole)[:cut]
    ends = [sum(map(len, whole[: i + 1])) for i in range(len(whole))]
    kept = [end for end in ends if end <= cut]
    assert [piece.end for piece in FRAMES.read(torn + bytes(zeros))] == kept
    assert FRAMES.cut_off((torn + bytes(zeros))[(kept or [0])[-1] :])


@given(payloads, st.data())
def test_a_damaged_frame_takes_nobody_along_whatever_part_of_it_is_hit(written: list[bytes], data: st.DataObject) -> None:
    whole = list(map(FRAMES.write, range(9), [*written, b"last"]))
    hit = data.draw(st.integers(0, len(written) - 1))
    place = data.draw(st.integers(0, len(whole[hit]) * 8 - 1))
    damaged = bytearray(whole[hit])
    damaged[place // 8] ^= 1 << place % 8
    pieces = list(FRAMES.read(b"".join([*whole[:hit], bytes(damaged), *whole[hit + 1 :]])))
    (stretch,) = (piece for piece in pieces if isinstance(piece, Damage))
    assert stretch == Damage(sum(map(len, whole[:hit])), sum(map(len, whole[: hit + 1]))), (
        "one stretch, no more than the frame"
    )
    assert [piece.place for piece in pieces if isinstance(piece, Frame)] == [i for i in range(len(whole)) if i != hit]


def test_frames_of_another_segment_are_not_frames_of_this_one() -> None:
    """A disk that loses its power may show blocks that another file had before."""
    strange = b"".join(map(Frames(UUID(int=8)).write, range(3), [b"a", b"b", b"c"]))
    assert sound(strange) == []
    assert sound(strange + FRAMES.write(0, b"ours")) == [(0, b"ours")]


def test_a_frame_within_a_hit_is_never_found() -> None:
    """A caller who knows the segment's id and the next index sends a whole frame as a user agent; then the hit around it
    is damaged, so that the reader looks for frames in it."""
    forged = FRAMES.write(1, payload("forged"))
    frame = bytearray(FRAMES.write(0, payload(forged.decode("latin-1"))))
    assert MARK not in frame[1:], "JSON holds no control character"
    frame[-1] ^= 1
    assert sound(bytes(frame) + FRAMES.write(1, b"next")) == [(1, b"next")]


@given(st.binary(max_size=200))
def test_what_holds_a_mark_is_refused_before_it_is_written(noise: bytes) -> None:
    with pytest.raises(ValueError, match="mark"):
        check_payload(noise + MARK + noise)


def test_a_hit_that_no_reader_would_take_is_refused() -> None:
    check_payload(bytes(MAX_PAYLOAD))
    with pytest.raises(ValueError, match="bytes"):
        check_payload(bytes(MAX_PAYLOAD + 1))
    largest = FRAMES.write(0, bytes(MAX_PAYLOAD), HitId(UUID(int=1), 2))
    assert sound(largest) == [(0, bytes(MAX_PAYLOAD))]


def test_a_hit_takes_its_first_id_along() -> None:
    first = HitId(UUID(int=1), 42)
    (frame,) = FRAMES.read(FRAMES.write(3, b"hit", first))
    assert isinstance(frame, Frame)
    assert (frame.hit, frame.place, frame.payload) == (first, 3, b"hit")


def test_an_end_is_told_from_a_hit() -> None:
    hit, end = FRAMES.read(FRAMES.write(0, b"hit") + FRAMES.write_end(1))
    assert isinstance(end, Frame)
    assert (end.hit, end.place, end.end - end.start) == (None, 1, HEAD_BYTES)
    assert isinstance(hit, Frame)


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        MARK[:2] + b"x",
        b"x" * 200,
        bytes(5) + b"x",
        FRAMES.write(0, b"hit")[:-1] + b"x",
        FRAMES.write(0, b"hit"),
    ],
)
def test_what_no_writer_leaves_behind_is_not_taken_for_a_torn_tail(data: bytes) -> None:
    assert not FRAMES.cut_off(data)


def test_rubbish_is_looked_through_in_a_moment() -> None:
    """Marks without end, plausible lengths, frames of another segment: none costs more than its length."""
    plausible = MARK + b"\x00" + (65_535).to_bytes(4, "little") + bytes(12)
    foreign = Frames(UUID(int=8)).write(0, bytes(200))
    last = FRAMES.write(5, b"last")
    for rubbish, before in product((b"\xa5", b"\0", MARK, plausible, foreign), (0, 1)):
        data = bytes(before) + rubbish * (STRETCH_BYTES // len(rubbish) // 4)
        started = process_time()
        assert sound(data + last) == [(5, b"last")]
        assert process_time() - started < 5
