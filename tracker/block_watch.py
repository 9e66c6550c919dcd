"""Keeps what a tracker knows up to date: from the snapshot at the start, from the database each second. For the tracker."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog
from sqlalchemy import Engine

from linksvc.database import reading
from linksvc.errors import RicochetError
from tracker.blocks import Block
from tracker.known import Known, News, Standing, compare, read_news
from tracker.snapshot import Snapshot

log = structlog.get_logger()

POLL_S = 1.0
LOOK_UP_WITHIN_S = 2.0
"""How long a request waits for the database, when it must ask at all."""

START_WITHIN_S = 5.0
"""How long a start waits for the database before it serves what the snapshot says."""

HORIZON = 1_000_000_000
"""A serial further than this above all known ones cannot have been allotted since the last poll. Nearly every guess is
further (there are 2**52 serials), so guessing makes no work for the database."""


class BlocksUnreachable(RicochetError):
    """Whether the serial is in use cannot be said now: it may be newer than what is known, and the database is away."""


class BlockWatch:
    """Used from the tracker's event loop; asks the database in a thread of its own, one question at a time."""

    def __init__(
        self, engine: Engine, snapshot: Snapshot, short_url: str, prepare: Callable[[News], None] = lambda _: None
    ) -> None:
        """`prepare` is told in a thread what is new, before it is answered from: it imports what that needs."""
        self.known = Known(short_url)
        self.informed = False
        """Whether anything is known: from the database or a snapshot."""
        self.reachable = True
        """Whether the database answered when it was last asked."""
        self._short_url = short_url
        self._answered_at: float | None = None
        self._read_all = False
        self._engine = engine
        self._snapshot = snapshot
        self._prepare = prepare
        self._flight: asyncio.Task[None] | None = None
        self._polling: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "blocks")

    @property
    def silence_s(self) -> float | None:
        """Seconds since the database last answered; None if it never did."""
        return None if self._answered_at is None else time.monotonic() - self._answered_at

    async def start(self) -> None:
        """Learns what there is from the database, or failing that from the snapshot, and begins to poll."""
        kept = await asyncio.get_running_loop().run_in_executor(self._thread, self._read_snapshot)
        if kept is not None:
            self.known, self.informed = Known(self._short_url, kept), True
        with suppress(BlocksUnreachable):
            await self._refresh(START_WITHIN_S)
        self._polling = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        for task in (self._polling, self._flight):
            if task:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def find(self, serial: int) -> Block | None:
        """The block of a serial. Asks the database only for one that may be newer than what is known, and once for all
        who ask at the same time. Raises BlocksUnreachable if it cannot be asked."""
        blocks = self.known.blocks
        block = blocks.find(serial)
        if block or (self.informed and not blocks.end <= serial < blocks.end + HORIZON):
            return block
        await self._refresh(LOOK_UP_WITHIN_S)
        return self.known.blocks.find(serial)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            with suppress(BlocksUnreachable):
                await self._refresh(None)

    async def _refresh(self, within_s: float | None) -> None:
        """Waits for the flight that is under way, or for a new one."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._fly())
        try:
            # Shielded: who gives up waiting does not end the flight for the others.
            await asyncio.wait_for(asyncio.shield(self._flight), within_s)
        except TimeoutError as error:
            raise BlocksUnreachable("The database does not answer.") from error
        if not self.reachable:
            raise BlocksUnreachable("The database cannot be reached.")

    async def _fly(self) -> None:
        """Reads what is new. The first time that is everything: a snapshot may be of another day."""
        loop = asyncio.get_running_loop()
        try:
            known = self.known if self._read_all else None
            news, whole = await loop.run_in_executor(self._thread, self._read, known)
        except Exception as error:
            # Whatever is wrong there, known links must go on working, and the next poll must try again. It reads everything:
            # the database may come back in an earlier state that has grown since.
            self._read_all = False
            self._say_reachable(False, str(error))
            return
        self._say_reachable(True)
        self._answered_at = time.monotonic()
        if whole:
            self.known = Known(self._short_url, news)
        else:
            self.known.learn(news)
        if news or whole:
            await loop.run_in_executor(self._thread, self._write_snapshot)
        self._read_all = self.informed = True

    def _read(self, known: Known | None) -> tuple[News, bool]:
        """What is new, or everything (True): at first, and when the database was restored to an earlier state."""
        with reading(self._engine) as session:
            standing = compare(session, known) if known else Standing.OTHER
            if known and standing is Standing.SAME:
                return News(), False
            if known and standing is Standing.OTHER:
                log.warning("the database is behind; reading everything again", action="blocks_behind")
                known = None
            news = read_news(session, known.blocks.end, known.revision) if known else read_news(session, 0, 0)
        self._prepare(news)
        return news, known is None

    def _read_snapshot(self) -> News | None:
        kept = self._snapshot.read()
        if kept:
            self._prepare(kept)
        return kept

    def _write_snapshot(self) -> None:
        try:
            self._snapshot.write(self.known.all())
        except OSError as error:
            log.error("the snapshot of the blocks cannot be written", action="snapshot_failed", error=type(error).__name__)

    def _say_reachable(self, reachable: bool, error: str = "") -> None:
        if reachable != self.reachable:
            self.reachable = reachable
            if reachable:
                log.info("the database answers again", action="blocks_reachable")
            else:
                reason = error.partition("\n")[0]
                log.warning("serving known links without the database", action="blocks_unreachable", error=reason)
