"""A segment on disk after anything that may happen to it: no crash, no invented hit, and what is whole comes out."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import NOW
from tracker.frames import MARK, Frames
from tracker.hits import SpooledHit
from tracker.segment_reader import CHUNK_BYTES, START, STRETCH_BYTES, Entry, Remainder, open_segment
from tracker.segment_writer import SegmentWriter
from tracker.segments import HEADER_BYTES, SUFFIX, HitId, write_header

SEGMENT = UUID(int=7)
FRAMES = Frames(SEGMENT)
ELSEWHERE = HitId(UUID(int=1), 9)


def payload(n: int, user_agent: str = "phone") -> bytes:
    return SpooledHit(NOW, 1, 1, n, "GET", "192.0.2.0/24", user_agent=user_agent).pack()


def write(folder: str | Path, data: bytes) -> Path:
    path = Path(folder) / f"{SEGMENT}{SUFFIX}"
    path.write_bytes(data)
    return path


def segment(payloads: list[bytes]) -> bytes:
    return write_header(SEGMENT) + b"".join(map(FRAMES.write, range(len(payloads)), payloads))


def read(path: Path, most: int = 1_000) -> tuple[list[Entry], Remainder | None]:
    """All entries of a segment that grows no more, and what stands behind them."""
    entries: list[Entry] = []
    with open_segment(path) as reader:
        assert reader
        assert reader.closed
        while more := reader.read(entries[-1].after if entries else START, most):
            entries += more
        return entries, reader.remainder(entries[-1].after if entries else START)


@dataclass(frozen=True)
class Written:
    """A segment as it was written: its bytes, and each hit's frame."""

    data: bytes
    frames: dict[tuple[HitId, bytes], bytes]


def written_segment(user_agents: list[str], rewritten: bool, ended: bool) -> Written:
    frames = {}
    for index, user_agent in enumerate(user_agents):
        origin = HitId(ELSEWHERE.segment, index + 5) if rewritten and index % 2 else None
        hit = payload(index, user_agent)
        frames[(origin or HitId(SEGMENT, index), hit)] = FRAMES.write(index, hit, origin)
    end = FRAMES.write_end(len(user_agents)) if ended else b""
    return Written(write_header(SEGMENT) + b"".join(frames.values()) + end, frames)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
segments = st.builds(written_segment, st.lists(texts, min_size=1, max_size=12), rewritten=st.booleans(), ended=st.booleans())


@st.composite
def damages(draw: st.DrawFn, data: bytes) -> bytes:
    """One to five of the things that a disk, a power failure or a bad copy does."""
    damaged = bytearray(data)
    for _ in range(draw(st.integers(1, 5))):
        start, end = sorted((draw(st.integers(0, len(damaged))), draw(st.integers(0, len(damaged)))))
        match draw(st.sampled_from(["flip", "flips", "zeros", "noise", "cut", "zero tail", "repeat", "overwrite", "marks"])):
            case "flip" if start < len(damaged):
                damaged[start] ^= 1 << draw(st.integers(0, 7))
            case "flips":
                for place in range(start, end, draw(st.integers(1, 50))):
                    damaged[place] ^= draw(st.integers(1, 255))
            case "zeros":
                damaged[start:end] = bytes(end - start)
            case "noise":
                noise = draw(st.binary(max_size=100))
                damaged[start : start + len(noise)] = noise
            case "cut":
                del damaged[end:]
            case "zero tail":
                damaged[end:] = bytes(draw(st.integers(0, 500)))
            case "repeat":
                damaged[end:end] = damaged[start:end]
            case "overwrite":
                place = draw(st.integers(0, len(damaged)))
                damaged[place : place + end - start] = damaged[start:end]
            case "marks":
                damaged[start:start] = MARK * draw(st.integers(1, 5))
    return bytes(damaged)


@settings(max_examples=300)
@given(segments, st.data(), st.sampled_from([1, 3, 1_000]))
def test_whatever_happens_to_a_segment_every_whole_hit_comes_out_and_no_other(
    written: Written, data: st.DataObject, most: int
) -> None:
    damaged = data.draw(damages(written.data))
    with TemporaryDirectory() as folder:
        entries, _ = read(write(folder, damaged), most)
    out = {(entry.id, entry.payload) for entry in entries if entry.sound}
    assert out <= written.frames.keys(), "each is one that was written, with its own id"
    assert out == {hit for hit, frame in written.frames.items() if frame in damaged[HEADER_BYTES:]}


@settings(max_examples=100)
@given(segments, st.data())
def test_flipped_bytes_cost_only_the_hits_they_lie_in(written: Written, data: st.DataObject) -> None:
    places = data.draw(st.sets(st.integers(0, len(written.data) - 1), max_size=4))
    damaged = bytearray(written.data)
    for place in places:
        damaged[place] ^= data.draw(st.integers(1, 255))
    with TemporaryDirectory() as folder:
        entries, rest = read(write(folder, bytes(damaged)))
    at, hurt = HEADER_BYTES, 0
    whole = set()
    for hit, frame in written.frames.items():
        if any(at <= place < at + len(frame) for place in places):
            hurt += 1
        else:
            whole.add(hit)
        at += len(frame)
    assert {(entry.id, entry.payload) for entry in entries if entry.sound} == whole
    assert hurt >= sum(not entry.sound for entry in entries), "stretches that touch are one"
    if not places:
        assert rest is None


@settings(max_examples=100)
@given(segments, st.data())
def test_in_a_segment_that_grows_the_half_written_end_is_waited_for(written: Written, data: st.DataObject) -> None:
    cut = data.draw(st.integers(HEADER_BYTES, len(written.data)))
    with TemporaryDirectory() as folder:
        path = write(folder, written.data[:cut])
        writer = os.open(path, os.O_WRONLY | os.O_APPEND)
        with open_segment(path), open_segment(path) as growing:
            assert growing
            assert not growing.closed
            early = growing.read(START, 1_000)
            assert all(entry.sound for entry in early)
            os.write(writer, written.data[cut:])
            late = growing.read(early[-1].after if early else START, 1_000)
        os.close(writer)
    assert {(entry.id, entry.payload): b"" for entry in early + late}.keys() == written.frames.keys()
    assert all(entry.sound for entry in late)


def test_damage_in_a_segment_that_grows_is_not_waited_for(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, os.fdatasync)
    writer.append([payload(n) for n in range(3)], [None] * 3)
    with writer.path.open("r+b") as file:
        file.seek(HEADER_BYTES + 40)
        file.write(b"\xff")
    with open_segment(writer.path) as growing:
        assert growing
        assert [(entry.id.position, entry.sound) for entry in growing.read(START, 9)] == [(0, False), (1, True), (2, True)]
        last = growing.read(START, 9)[-1].after
        with writer.path.open("ab") as file:
            file.write(b"half a frame")
        assert growing.read(last, 9) == []
    writer.close()


def test_what_is_written_while_a_look_takes_page_after_page_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees one page as it was, zeros, and the next with what was written into both since."""
    writer = SegmentWriter(tmp_path, os.fdatasync, ahead=262_144)
    pread = os.pread

    def commit() -> None:
        writer.append([b"%0150d" % n for n in range(writer.hits, writer.hits + 20)])

    def page_by_page(descriptor: int, size: int, offset: int) -> bytes:
        if size < CHUNK_BYTES or writer.hits > 70:
            return pread(descriptor, size, offset)
        page_end = writer.bytes + 200 - offset
        early = pread(descriptor, page_end, offset)
        commit()
        return early + pread(descriptor, size - page_end, offset + page_end)

    commit()
    monkeypatch.setattr(os, "pread", page_by_page)
    with open_segment(writer.path) as growing:
        assert growing
        entries = [entry for batch in growing.batches(1_000) for entry in batch]
    writer.close()
    assert writer.hits == 80
    assert [(entry.id.position, entry.sound) for entry in entries] == [(n, True) for n in range(80)]


def test_a_stretch_longer_than_what_is_read_at_once_is_one_stretch(tmp_path: Path) -> None:
    rubbish = os.urandom(CHUNK_BYTES + 5_000)
    path = write(tmp_path, segment([payload(0)]) + rubbish + FRAMES.write(9, payload(9)) + FRAMES.write(10, payload(10)))
    entries, rest = read(path)
    assert [(entry.id.position, entry.sound) for entry in entries] == [(0, True), (1, False), (9, True), (10, True)]
    assert entries[1].payload == rubbish
    assert rest is None


def test_more_rubbish_than_memory_should_hold_is_taken_in_pieces(tmp_path: Path) -> None:
    rubbish = bytes(STRETCH_BYTES + 1_000)
    entries, rest = read(write(tmp_path, segment([payload(0)]) + rubbish + FRAMES.write(9, payload(9))))
    assert [(entry.id.position, entry.sound) for entry in entries] == [(0, True), (1, False), (1, False), (9, True)]
    assert b"".join(entry.payload for entry in entries if not entry.sound) == rubbish
    assert rest is None


def test_a_segment_of_nothing_but_rubbish_is_read_in_a_moment(tmp_path: Path) -> None:
    rubbish = os.urandom(STRETCH_BYTES - HEADER_BYTES)
    entries, rest = read(write(tmp_path, write_header(SEGMENT) + rubbish))
    assert entries == []
    assert rest == Remainder(rubbish, torn=False)


def frames(count: int) -> bytes:
    return b"".join(FRAMES.write(n, payload(n)) for n in range(count))


@pytest.mark.parametrize(
    ("tail", "torn"),
    [
        (FRAMES.write(2, payload(2))[:-4], True),
        (FRAMES.write(2, payload(2))[:9], True),
        (FRAMES.write(2, payload(2))[:50] + bytes(100), True),
        (FRAMES.write(2, payload(2))[:-1] + b"x", False),
        (b"rubbish", False),
        (b"rubbish" + bytes(100), False),
        (FRAMES.write_end(2) + b"rubbish", False),
    ],
)
def test_a_torn_tail_is_told_from_a_damaged_one(tmp_path: Path, tail: bytes, torn: bool) -> None:
    entries, rest = read(write(tmp_path, write_header(SEGMENT) + frames(2) + tail))
    assert len(entries) == 2
    assert rest
    assert rest.torn == torn
    assert rest.payload
    assert tail.rstrip(b"\0").endswith(rest.payload)


@pytest.mark.parametrize("end", [b"", FRAMES.write_end(2)])
@pytest.mark.parametrize("ahead", [0, 10, 4_096, CHUNK_BYTES + 1])
def test_behind_the_hits_or_a_proper_end_zeros_are_nothing(tmp_path: Path, end: bytes, ahead: int) -> None:
    entries, rest = read(write(tmp_path, write_header(SEGMENT) + frames(2) + end + bytes(ahead)))
    assert len(entries) == 2
    assert rest is None


def test_what_stands_behind_an_end_is_read_all_the_same(tmp_path: Path) -> None:
    entries, rest = read(
        write(tmp_path, write_header(SEGMENT) + FRAMES.write_end(0) + bytes(CHUNK_BYTES) + FRAMES.write(3, payload(3)))
    )
    assert [(entry.id.position, entry.sound) for entry in entries] == [(0, False), (3, True)]
    assert rest is None


def test_a_damaged_header_costs_nothing_while_the_name_says_the_id(tmp_path: Path) -> None:
    path = write(tmp_path, b"rubbish".ljust(HEADER_BYTES) + frames(2))
    assert [entry.id for entry in read(path)[0]] == [HitId(SEGMENT, 0), HitId(SEGMENT, 1)]
    with open_segment(path.rename(tmp_path / "nameless.spool")) as reader:
        assert reader is None


def test_whoever_only_looks_adopts_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, write_header(SEGMENT) + frames(2))
    with open_segment(path, adopt=False) as looked, open_segment(path) as adopted:
        assert looked
        assert adopted
        assert (looked.closed, adopted.closed) == (True, True)


def test_a_segment_that_another_ingester_has_just_finished_is_no_more(tmp_path: Path) -> None:
    path = write(tmp_path, write_header(SEGMENT) + frames(2))
    unlinked = tmp_path / "opened"
    os.link(path, unlinked)
    descriptor = os.open(unlinked, os.O_RDONLY)
    path.unlink()
    unlinked.unlink()
    with open_segment(Path(f"/proc/self/fd/{descriptor}")) as reader:
        assert reader is None
    os.close(descriptor)
