"""The spool: where a hit is put on disk before its answer leaves. Written by the redirect, read by `tracker.ingest`.

Group commit: a commit takes all hits that wait, and the next one begins when it ends; if the disk is quick, when ENOUGH
hits wait or GATHER_S after it began. So a lone click waits for one fdatasync and a thousand clicks share one.
"""

import asyncio
import errno
import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from pathlib import Path

import structlog

from tracker.disk_thread import DiskThread, Done
from tracker.frames import HEAD_BYTES, check_payload
from tracker.losses import Loss
from tracker.segment_reader import list_segments
from tracker.segment_writer import SegmentWriter, Sync
from tracker.segments import HitId
from tracker.spool_room import SpoolRoom, segments_bytes

log = structlog.get_logger()

MAX_WAITING = 20_000
"""Hits that may wait for the disk; more are counted as lost, and memory stays bounded."""

GATHER_S = 0.003
ENOUGH = 20
"""To wake a thread and the disk for a few hits alone is dear, and nobody notices three milliseconds: under load a commit
waits this long after the one before began, or for so many hits. Measured, see ADR 7."""

ON_DISK_WITHIN_S = 3.0
"""A disk slower than this holds up no person: the hits are told as unconfirmed, and so are all later ones until it is done.
They go to the disk all the same."""

MOST_AHEAD = 262_144
"""Bytes of zeros that stand ahead in a segment, see `SegmentWriter`: to write more at once would hold up a commit."""

AHEAD_SHARE = 64
"""Small segments have as little: no more than one in so many bytes."""

REOPEN_AFTER_S = 1.0
"""How long a disk that refused a new segment is left alone."""

ROOM_AGAIN_BYTES = 4_096
"""More than any hit takes: a full spool with so much room is full no more."""

Spooled = HitId | Loss
"""A hit's id once it is on disk, or why it is not going to be."""

Committed = Sequence[HitId] | Loss
"""What became of a batch: it is on disk, each hit under its id, or none of it is known to be."""

Tell = Callable[[Spooled], None]
"""Is told once what became of a hit, in the event loop; at once where that is known at once."""

Waiting = tuple[bytes, Tell]


class Spool:
    """One per tracker process; used from its event loop, works in a thread of its own."""

    def __init__(self, directory: Path, segment_bytes: int, max_bytes: int, sync: Sync = os.fdatasync) -> None:
        """`max_bytes` bounds the segments of all trackers in the directory, see `SpoolRoom`."""
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._ahead = min(MOST_AHEAD, segment_bytes // AHEAD_SHARE)
        self._room = SpoolRoom(directory, max_bytes)
        self._full = False
        self._sync = sync
        self.hits = 0
        """Brought to the disk since the start; in `commits`, which took `commit_seconds` together."""
        self.commits = 0
        self.commit_seconds = 0.0
        self._segment: SegmentWriter | None = None
        self._refused_until = 0.0
        self._refusal = Loss.DISK_FAILED
        self._waiting: list[Waiting] = []
        self._began = 0.0
        self._gathering: asyncio.TimerHandle | None = None
        self._stalled = False
        self._resting = True
        self._idle = asyncio.Event()
        self._idle.set()
        self._thread = DiskThread("spool")

    async def open(self) -> None:
        """Opens the first segment. A disk that refuses is no reason not to redirect: later hits try again."""
        await self._thread.run(partial(self._commit, ()))

    async def close(self) -> None:
        """Ends the segment; waits for what is being written."""
        await self._idle.wait()
        await self._thread.run(self._abandon)
        self._thread.close()

    @property
    def total_bytes(self) -> int:
        """What the segments of all trackers in the directory hold. Raises OSError."""
        return segments_bytes(self._directory)

    @property
    def total_segments(self) -> int:
        """How many segments of all trackers wait in the directory, those being written included."""
        return len(list_segments(self._directory))

    async def check(self) -> Loss | None:
        """Why hits cannot be kept now, if so. The disk is really asked: nothing is written, but synced, and a segment is
        opened where there is none."""
        return await self._thread.run(self._check)

    def append(self, payload: bytes) -> "asyncio.Future[Spooled]":
        """Spools one hit. The future is done when the hit is on disk (its id, by which it will be stored) or is not
        going to be (why); `Loss.INTERNAL` where no reader would take it for a hit."""
        future: asyncio.Future[Spooled] = asyncio.get_running_loop().create_future()
        self.append_then(payload, partial(_settle, future))
        return future

    def append_then(self, payload: bytes, tell: Tell) -> None:
        """Spools one hit like `append`, without a future: under load those cost as much as the hits."""
        self.append_all(((payload, tell),))

    def append_all(self, hits: Sequence[Waiting]) -> None:
        """Spools hits, each like `append_then`."""
        told_now: list[tuple[Tell, Loss]] = []
        waiting, stalled = self._waiting, self._stalled
        for hit in hits:
            payload, tell = hit
            try:
                check_payload(payload)
            except ValueError:
                log.exception("no reader would take this for a hit", action="spool_defect")
                told_now.append((tell, Loss.INTERNAL))
                continue
            if len(waiting) >= MAX_WAITING:
                told_now.append((tell, Loss.BACKLOG))
            elif stalled:
                waiting.append((payload, _nobody))
                told_now.append((tell, Loss.UNCONFIRMED))
            else:
                waiting.append(hit)
        if waiting:
            self._wake()
        for tell, loss in told_now:
            _inform(tell, loss)

    def _wake(self) -> None:
        """Begins a commit of what waits, at the end of this turn of the loop, so that every request of the turn shares it;
        not while one is under way, or gathers and has not enough."""
        if self._resting:
            self._resting = False
            self._idle.clear()
        elif self._gathering and len(self._waiting) >= ENOUGH:
            self._gathering.cancel()
            self._gathering = None
        else:
            return
        loop = asyncio.get_running_loop()
        loop.call_soon(self._start_commit, loop)

    def _start_commit(self, loop: asyncio.AbstractEventLoop) -> None:
        self._gathering = None
        batch, self._waiting = self._waiting, []
        self._began = loop.time()
        watch = loop.call_later(ON_DISK_WITHIN_S, self._stall, batch)
        commit = partial(self._commit, [payload for payload, _ in batch])
        self._thread.submit(loop, commit, partial(self._finish, loop, batch, watch))

    def _stall(self, batch: list[Waiting]) -> None:
        """The disk takes too long: whoever waits for it goes on."""
        self._stalled = True
        log.error("the disk of the spool does not answer", action="spool_stalled", waiting=len(batch) + len(self._waiting))
        for waiting in (batch, self._waiting):
            told = tuple(waiting)
            waiting[:] = [(payload, _nobody) for payload, _ in told]
            for _, tell in told:
                _inform(tell, Loss.UNCONFIRMED)

    def _finish(
        self, loop: asyncio.AbstractEventLoop, batch: list[Waiting], watch: asyncio.TimerHandle, commit: Done[Committed]
    ) -> None:
        watch.cancel()
        self._stalled = False
        if defect := commit.defect:
            log.error("a defect in the spool", action="spool_defect", exc_info=defect)
        done = Loss.INTERNAL if defect else commit.result()
        results: Iterable[Spooled] = repeat(done, len(batch)) if isinstance(done, Loss) else done
        for (_, tell), result in zip(batch, results, strict=True):
            try:
                tell(result)
            except Exception:
                _say_defect()
        if not self._waiting:
            self._resting = True
            self._idle.set()
        elif len(self._waiting) < ENOUGH and (gather_s := self._began + GATHER_S - loop.time()) > 0:
            self._gathering = loop.call_later(gather_s, self._start_commit, loop)
        else:
            self._start_commit(loop)

    def _check(self) -> Loss | None:
        if self._full and not self._has_room((bytes(ROOM_AGAIN_BYTES),)):
            return Loss.SPOOL_FULL
        done = self._commit(())
        return done if isinstance(done, Loss) else None

    def _commit(self, payloads: Sequence[bytes]) -> Committed:
        """Brings the hits to the disk, in a new segment if the present one fails; says their ids, or why it cannot."""
        if payloads and not self._has_room(payloads):
            return Loss.SPOOL_FULL
        first_ids: Sequence[HitId] = ()
        if self._segment:
            first_ids = self._segment.next_ids(len(payloads))
            try:
                self._append(self._segment, payloads)
                return first_ids
            except OSError as error:
                # After a failed fdatasync the kernel may call the same pages clean, so the segment is never retried
                # (PostgreSQL's "fsyncgate", 2018). What did reach it is recognised by the ids the hits take along.
                self._report(error)
        return self._commit_in_new_segment(payloads, first_ids)

    def _commit_in_new_segment(self, payloads: Sequence[bytes], first_ids: Sequence[HitId]) -> Committed:
        if time.monotonic() < self._refused_until:
            return self._refusal
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._segment = SegmentWriter(self._directory, self._sync, self._ahead)
            ids = first_ids or self._segment.next_ids(len(payloads))
            if payloads:
                self._append(self._segment, payloads, first_ids or None)
            return ids
        except OSError as error:
            self._refusal = self._report(error)
            self._refused_until = time.monotonic() + REOPEN_AFTER_S
            return self._refusal

    def _append(self, segment: SegmentWriter, payloads: Sequence[bytes], origins: Iterable[HitId] | None = None) -> None:
        began = time.perf_counter()
        try:
            segment.append(payloads, origins)
        except Exception:
            self._abandon()
            raise
        if payloads:
            self.hits += len(payloads)
            self.commits += 1
            self.commit_seconds += time.perf_counter() - began
        if segment.bytes >= self._segment_bytes:
            self._abandon()

    def _has_room(self, payloads: Sequence[bytes]) -> bool:
        """Whether the spool's bound leaves room for the hits. If not, the segment is ended, however small it is: ingest
        can only make room of segments that grow no more."""
        try:
            full = not self._room.take(sum(map(len, payloads)) + HEAD_BYTES * len(payloads))
        except OSError:
            # Whatever is wrong with the directory, writing to it will tell.
            full = False
        if full:
            self._abandon()
        if full != self._full:
            self._full = full
            log.error("the spool is full" if full else "the spool has room again", action="spool_full", full=full)
        return not full

    def _abandon(self) -> None:
        segment, self._segment = self._segment, None
        if segment:
            segment.close()

    def _report(self, error: OSError) -> Loss:
        log.error("a spool segment cannot be written", action="spool_failed", error=errno.errorcode.get(error.errno or 0))
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return Loss.DISK_FULL if full else Loss.DISK_FAILED


def _inform(tell: Tell, spooled: Spooled) -> None:
    """A defect of one who waits is not to keep the others waiting."""
    try:
        tell(spooled)
    except Exception:
        _say_defect()


def _say_defect() -> None:
    log.exception("a defect behind the spool", action="spool_defect")


def _settle(future: "asyncio.Future[Spooled]", spooled: Spooled) -> None:
    if not future.done():
        future.set_result(spooled)


def _nobody(_spooled: Spooled) -> None:
    """Whoever waited was told already."""
