"""The spool on a real disk; a disk that fails is a `sync` that raises, or a limit of the system."""

import asyncio
import errno
import os
import threading
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from tests.tracker.disks import disk_of
from tracker.frames import MARK
from tracker.losses import Loss, Losses
from tracker.segment_reader import START, Entry, list_segments, open_segment
from tracker.segments import DRAFT_SUFFIX, SUFFIX, HitId
from tracker.spool import MAX_WAITING, Spool, Spooled
from tracker.spool_room import MEASURED_EVERY_S, SpoolRoom

LARGE = 1_000_000
UNBOUNDED = 2**40


class Disk:
    """fdatasync, counted; `fails` says how often it shall fail from now on."""

    def __init__(self) -> None:
        self.syncs = 0
        self.fails = 0

    def __call__(self, descriptor: int) -> None:
        self.syncs += 1
        if self.fails:
            self.fails -= 1
            raise OSError(errno.EIO, "the disk failed")
        os.fdatasync(descriptor)


def read(path: Path) -> tuple[bool, list[Entry]]:
    """Whether the segment is closed, and what is in it."""
    with open_segment(path) as segment:
        assert segment
        return segment.closed, segment.read(START, 100_000)


def payloads(directory: Path) -> list[bytes]:
    return sorted(entry.payload for path in list_segments(directory) for entry in read(path)[1])


async def test_a_confirmed_hit_is_on_disk_and_its_segment_locked(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LARGE, UNBOUNDED)
    await spool.open()
    spooled = await spool.append(b"hit")
    (path,) = list_segments(tmp_path)
    (entry,) = read(path)[1]
    assert (entry.id, entry.payload) == (spooled, b"hit")
    assert not read(path)[0], "locked: it may still grow"
    await spool.close()
    assert read(path)[0], "closed: ingest may finish it"


async def test_hits_that_arrive_together_share_a_commit(tmp_path: Path) -> None:
    disk = Disk()
    spool = Spool(tmp_path, LARGE, UNBOUNDED, disk)
    await spool.open()
    before = disk.syncs
    written = [b"%04d" % i for i in range(500)]
    ids = await asyncio.gather(*map(spool.append, written))
    assert disk.syncs - before <= 2
    await spool.close()
    (path,) = list_segments(tmp_path)
    assert {entry.id: entry.payload for entry in read(path)[1]} == dict(zip(ids, written, strict=True)), (
        "each has its own id"
    )


async def test_a_segment_without_hits_is_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", LARGE, UNBOUNDED)
    await spool.open()
    assert len(list_segments(tmp_path / "spool")) == 1
    await spool.close()
    assert not list((tmp_path / "spool").iterdir())


async def test_a_full_segment_is_closed_and_the_next_opened(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 4_096, UNBOUNDED)
    await spool.open()
    for i in range(20):
        assert isinstance(await spool.append(b"%03d" % i + bytes(900)), HitId)
    sizes = [path.stat().st_size for path in list_segments(tmp_path)]
    await spool.close()
    assert len(sizes) == 4
    assert all(4_096 <= size < 4_096 + 1_100 for size in sizes)
    assert len(payloads(tmp_path)) == 20


async def test_after_a_failed_fdatasync_a_new_segment_is_opened_and_the_hits_keep_their_ids(tmp_path: Path) -> None:
    disk = Disk()
    spool = Spool(tmp_path, LARGE, UNBOUNDED, disk)
    await spool.open()
    await spool.append(b"before")
    (first,) = list_segments(tmp_path)
    disk.fails = 1
    ids = [await spool.append(b"during"), await spool.append(b"after")]
    await spool.close()
    (second,) = set(list_segments(tmp_path)) - {first}
    before, seen_again = read(first)[1]
    during, after = read(second)[1]
    assert (before.payload, during.payload, after.payload) == (b"before", b"during", b"after")
    assert during.id == seen_again.id, "if the old segment is readable after all, it is the same hit"
    assert after.id.position == 1
    assert ids == [during.id, after.id], "whoever waits is told the id by which the hit is stored"


async def test_a_disk_that_fails_twice_is_told_and_then_left_alone_for_a_while(tmp_path: Path) -> None:
    disk = Disk()
    spool = Spool(tmp_path, LARGE, UNBOUNDED, disk)
    await spool.open()
    disk.fails = 1_000
    assert await spool.append(b"one") is Loss.DISK_FAILED
    tried = disk.syncs
    assert await spool.append(b"two") is Loss.DISK_FAILED
    assert disk.syncs == tried
    await spool.close()
    assert not list(tmp_path.glob(f"*{DRAFT_SUFFIX}"))


async def test_a_full_disk_is_told_and_what_was_written_stays_readable(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LARGE, UNBOUNDED)
    await spool.open()
    await spool.append(b"before")
    with disk_of(10_000):
        assert await spool.append(bytes(20_000)) is Loss.DISK_FULL
    await asyncio.sleep(1.05)
    assert isinstance(await spool.append(b"after"), HitId)
    await spool.close()
    assert payloads(tmp_path) == [b"after", b"before"]


async def test_what_no_reader_would_take_is_a_defect_and_costs_no_other_its_place(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LARGE, UNBOUNDED)
    await spool.open()
    told: dict[bytes, Spooled] = {}
    bad = bytes(100_000), b"a " + MARK
    with capture_logs() as logs:
        spool.append_all([(payload, partial(told.__setitem__, payload)) for payload in (b"one", *bad, b"two")])
        assert told == dict.fromkeys(bad, Loss.INTERNAL)
        assert await spool.append(bad[0]) is Loss.INTERNAL
        assert isinstance(await spool.append(b"three"), HitId)
    assert [line["action"] for line in logs] == ["spool_defect"] * 3
    assert [type(told[hit]) for hit in (b"one", b"two")] == [HitId, HitId]
    await spool.close()
    assert payloads(tmp_path) == sorted((b"one", b"two", b"three"))


async def test_a_defect_is_told_and_no_id_is_given_twice(tmp_path: Path) -> None:
    defects = iter([False, True])

    def sync(_: int) -> None:
        if next(defects, False):
            raise RuntimeError("a defect")

    spool = Spool(tmp_path, LARGE, UNBOUNDED, sync)
    await spool.open()
    assert await spool.append(b"one") is Loss.INTERNAL
    after = await spool.append(b"two")
    await spool.close()
    ids = {entry.id: entry.payload for path in list_segments(tmp_path) for entry in read(path)[1]}
    assert isinstance(after, HitId)
    assert ids[after] == b"two"
    assert payloads(tmp_path) == [b"one", b"two"], "the first is there all the same, under an id of its own"


async def test_a_stalled_disk_fills_a_bounded_queue(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LARGE, UNBOUNDED)
    await spool.open()
    waiting = [spool.append(b"hit") for _ in range(MAX_WAITING)]
    assert await spool.append(b"one too many") is Loss.BACKLOG
    assert len(set(await asyncio.gather(*waiting))) == MAX_WAITING
    await spool.close()


async def test_who_gives_up_waiting_takes_nobody_along(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LARGE, UNBOUNDED)
    await spool.open()
    first, second = spool.append(b"first"), spool.append(b"second")
    first.cancel()
    assert isinstance(await second, HitId)
    await spool.close()
    assert payloads(tmp_path) == [b"first", b"second"]


def test_losses_are_counted_by_reason() -> None:
    losses = Losses(lambda: 0.0)
    for loss in (Loss.DISK_FULL, Loss.DISK_FULL, Loss.BACKLOG):
        losses.count(loss)
    assert losses.counts == {Loss.DISK_FULL: 2, Loss.BACKLOG: 1}


async def test_what_a_spool_did_is_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LARGE, UNBOUNDED)
    await spool.open()
    assert (spool.hits, spool.commits, spool.commit_seconds) == (0, 0, 0.0)
    await asyncio.gather(*(spool.append(b"hit") for _ in range(10)))
    assert spool.hits == 10
    assert 1 <= spool.commits <= 2
    assert spool.commit_seconds > 0
    assert spool.total_segments == 1
    assert spool.total_bytes == sum(path.stat().st_size for path in list_segments(tmp_path))
    await spool.close()


async def test_asked_for_it_a_spool_tries_its_disk_without_a_hit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.spool.REOPEN_AFTER_S", 0.0)
    disk = Disk()
    spool = Spool(tmp_path, LARGE, UNBOUNDED, disk)
    await spool.open()
    assert await spool.check() is None
    disk.fails = 2
    assert await spool.check() is Loss.DISK_FAILED
    assert await spool.check() is None, "whoever took it out of rotation learns that it is well again"
    assert isinstance(await spool.append(b"hit"), HitId)
    await spool.close()


@pytest.mark.parametrize("hits", [1, 50])
async def test_closing_waits_for_what_is_being_written(tmp_path: Path, hits: int) -> None:
    spool = Spool(tmp_path, LARGE, UNBOUNDED)
    await spool.open()
    (path,) = list_segments(tmp_path)
    futures = [spool.append(b"hit") for _ in range(hits)]
    await spool.close()
    assert [future.result() for future in futures] == [HitId(UUID(path.stem), i) for i in range(hits)]


async def test_beyond_its_bound_the_spool_drops_hits_and_keeps_them_again_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.spool_room.MEASURED_EVERY_S", 0.0)
    spool = Spool(tmp_path, 20_000, 10_000)
    await spool.open()
    answers = [await spool.append(bytes(1_000)) for _ in range(12)]
    assert [answer is Loss.SPOOL_FULL for answer in answers] == [False] * 9 + [True] * 3
    (path,) = list_segments(tmp_path)
    assert path.stat().st_size <= 10_000
    assert read(path)[0], "ended, or ingest could never make room"
    path.unlink()
    assert isinstance(await spool.append(b"again"), HitId)
    await spool.close()
    assert payloads(tmp_path) == [b"again"]


async def test_the_bound_is_over_all_trackers_of_the_directory_and_overshot_by_a_second_at_most(tmp_path: Path) -> None:
    clock = [0.0]
    ours, theirs = (SpoolRoom(tmp_path, 10_000, lambda: clock[0]) for _ in range(2))
    assert ours.take(6_000)
    (tmp_path / f"a{SUFFIX}").write_bytes(bytes(6_000))
    assert theirs.take(4_000)
    assert not theirs.take(1)
    (tmp_path / f"b{SUFFIX}").write_bytes(bytes(4_000))
    assert ours.take(3_000), "it has not heard of the other's yet"
    clock[0] += MEASURED_EVERY_S
    assert not ours.take(1)
    (tmp_path / f"b{SUFFIX}").unlink()
    clock[0] += MEASURED_EVERY_S
    assert ours.take(4_000)


def test_a_spool_that_is_not_there_yet_has_room(tmp_path: Path) -> None:
    assert SpoolRoom(tmp_path / "none", 10).take(10)
    assert not SpoolRoom(tmp_path / "none", 10).take(11)


async def test_a_disk_that_hangs_holds_up_no_person_and_keeps_the_hits_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.spool.ON_DISK_WITHIN_S", 0.05)
    released = threading.Event()
    opened = False

    def hang(descriptor: int) -> None:
        if opened:
            released.wait(10)
        os.fdatasync(descriptor)

    spool = Spool(tmp_path, LARGE, UNBOUNDED, hang)
    await spool.open()
    opened = True
    hits = [spool.append(b"first")]
    await asyncio.sleep(0)
    hits.append(spool.append(b"behind it"))
    assert await asyncio.wait_for(asyncio.gather(*hits), 30) == [Loss.UNCONFIRMED] * 2
    assert spool.append(b"later").result() is Loss.UNCONFIRMED, "while it hangs nobody waits again"
    released.set()
    async with asyncio.timeout(30):
        while isinstance(await spool.append(b"well again"), Loss):
            await asyncio.sleep(0.01)
    await spool.close()
    assert set(payloads(tmp_path)) == {b"first", b"behind it", b"later", b"well again"}


async def test_under_load_commits_gather_hits_and_each_hit_is_confirmed(tmp_path: Path) -> None:
    disk = Disk()
    spool = Spool(tmp_path, LARGE, UNBOUNDED, disk)
    await spool.open()
    before = disk.syncs

    async def click(person: int) -> list[Spooled]:
        return [await spool.append(b"%d %d" % (person, i)) for i in range(20)]

    confirmed = [hit for hits in await asyncio.gather(*map(click, range(64))) for hit in hits]
    assert len(set(confirmed)) == 64 * 20
    assert disk.syncs - before <= 64 * 20 / 16, "at least sixteen share a commit"
    await spool.close()
    assert len(payloads(tmp_path)) == 64 * 20
