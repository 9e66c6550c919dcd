"""Group commit: what a session hears is stored in batches off the event loop, and whoever put it is told once it is stored.

One for each bind (`sender.route_sender`). A batch is whatever came while the last one was being stored and for a moment
afterwards, so a quiet bind waits for nothing and a busy one commits rarely: a commit costs as much as thirty events in it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from linksvc.clock import Clock
from linksvc.database import BATCH_ROWS, PAUSE_S
from linksvc.route_accounts import RouteReading
from sender import inbound, outcomes
from sender.binds import Bind, BindLost, holding
from sender.inbound import Received
from sender.matching import ReceivedReceipt
from sender.messages import Answer

Event = Answer | ReceivedReceipt | Received

Stored = Callable[[Exception | None], None]
"""Called once, on the event loop: the event is stored, or it could not be, for BindLost or the database's error."""

MOST_EVENTS = BATCH_ROWS // 4
"""An event changes up to four rows: an attempt, an id, a fact, a message."""


GATHER_S = 0.02
"""So long after the last batch one is stored that is smaller than the window; an answer keeps its place in the window
meanwhile."""

MOST_COLLISIONS = 5
_COLLISIONS = ("40001", "40P01")
"""SQLSTATEs of a serialization failure and a deadlock."""

_USUAL = RouteReading()


class Recorder:
    """Stores events, ids as `reading` says. `start` it, `put` events, `stop` it when nobody puts any more."""

    def __init__(
        self, engine: Engine, bind: Bind, clock: Clock, reading: RouteReading = _USUAL, window_size: int = 1
    ) -> None:
        self._reading = reading
        self._window_size = window_size
        self._engine = engine
        self._bind = bind
        self._clock = clock
        self._waiting: deque[tuple[Event, Stored]] = deque()
        self._something = asyncio.Event()
        self._enough = asyncio.Event()
        self._ending = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def put(self, event: Event, stored: Stored) -> None:
        """Stores the event with the next batch."""
        self._waiting.append((event, stored))
        self._something.set()
        if len(self._waiting) >= self._window_size:
            self._enough.set()

    async def stop(self) -> None:
        """Ends after storing what was put."""
        self._ending = True
        self._something.set()
        self._enough.set()
        if self._task:
            await self._task

    async def _run(self) -> None:
        while self._waiting or not self._ending:
            await self._something.wait()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_EVENTS))]
            if not self._waiting and not self._ending:
                self._something.clear()
            await self._store(batch)
            await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(PAUSE_S)
        if len(self._waiting) < self._window_size and not self._ending:
            self._enough.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_S - PAUSE_S):
                    await self._enough.wait()

    async def _store(self, batch: list[tuple[Event, Stored]]) -> None:
        error = await asyncio.to_thread(self._try, [event for event, _ in batch])
        if error and len(batch) > 1 and not isinstance(error, BindLost | OperationalError | InterfaceError):
            # One of them cannot be stored; the others must not suffer for it.
            for one in batch:
                await self._store([one])
            return
        for _, stored in batch:
            stored(error)

    def _try(self, events: list[Event]) -> Exception | None:
        """Stores a batch. Another bind of the route may want the same rows: whom the database turns away tries again."""
        error = None
        for _ in range(MOST_COLLISIONS):
            error = self._try_once(events)
            if not (isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) in _COLLISIONS):
                break
        return error

    def _try_once(self, events: list[Event]) -> Exception | None:
        try:
            with holding(self._engine, self._bind, self._clock) as session:
                now = self._clock()
                answers = [event for event in events if isinstance(event, Answer)]
                receipts = [event for event in events if isinstance(event, ReceivedReceipt)]
                outcomes.store(session, self._bind.route_id, answers, receipts, now, self._reading)
                inbound.store(session, self._bind.route_id, [event for event in events if isinstance(event, Received)], now)
        except Exception as error:
            return error
        return None
