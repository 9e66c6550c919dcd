"""Group commit: what a session hears is stored in batches off the event loop, and whoever put it is told once it is stored.

One for each bind (`sender.route_sender`). A batch is whatever came while the last one was being stored and for a moment
afterwards, so a quiet bind waits for nothing and a busy one commits rarely: a commit costs as much as thirty events in it.
Once all that is under way is answered nothing more is waited for: the next messages cannot be marked before that is stored.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from linksvc.clock import Clock
from linksvc.database import BATCH_ROWS, MOST_COLLISIONS, PAUSE_S, is_collision
from linksvc.route_accounts import RouteReading
from sender import inbound, outcomes
from sender.binds import Bind, BindLost, holding
from sender.inbound import Received
from sender.matching import ReceivedReceipt
from sender.messages import Answer
from sender.pacing import Window

Event = Answer | ReceivedReceipt | Received

Stored = Callable[[Exception | None], None]
"""Called once, on the event loop: the event is stored, or it could not be, for BindLost or the database's error."""

MOST_EVENTS = BATCH_ROWS // 4
"""An event changes up to four rows: an attempt, an id, a fact, a message."""


GATHER_S = 0.02
"""So long an answer waits for those that are still to come, and keeps its place in the window meanwhile; and what else comes
after a batch."""

RECEIPTS_GATHER_S = 0.06
"""So long many receipts wait for the answers that are to come, to be stored with them: an SMSC that has sent many at once
does not wait for each to be acknowledged."""

MANY = 25
"""Receipts."""

_USUAL = RouteReading()


class Recorder:
    """Stores events, ids as `reading` says. `start` it, `put` events, `stop` it when nobody puts any more."""

    def __init__(
        self, engine: Engine, bind: Bind, clock: Clock, reading: RouteReading = _USUAL, window: Window | None = None
    ) -> None:
        self._reading = reading
        self._window = window or Window(1)
        self._engine = engine
        self._bind = bind
        self._clock = clock
        # SQLite has one writer, and others want to be it.
        self._pause_s = PAUSE_S if engine.dialect.name == "sqlite" else 0.0
        self._waiting: deque[tuple[Event, Stored]] = deque()
        self._answers = 0
        """How many of those that wait are answers."""
        self._first_at = self._first_answer_at = 0.0
        """When the first of those that wait came, by the event loop's time."""
        self._rested_at = float("-inf")
        self._something = asyncio.Event()
        self._stir = asyncio.Event()
        self._ending = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def put(self, event: Event, stored: Stored) -> None:
        """Stores the event with the next batch."""
        if not self._waiting:
            self._first_at = asyncio.get_running_loop().time()
            self._something.set()
        self._waiting.append((event, stored))
        if isinstance(event, Answer):
            self._answers += 1
            if self._answers == 1:
                self._first_answer_at = asyncio.get_running_loop().time()
                self._stir.set()
        if self._is_enough:
            self._stir.set()

    async def stop(self) -> None:
        """Ends after storing what was put."""
        self._ending = True
        self._something.set()
        self._stir.set()
        if self._task:
            await self._task

    async def _run(self) -> None:
        while self._waiting or not self._ending:
            await self._something.wait()
            await self._gather()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_EVENTS))]
            self._answers -= sum(isinstance(event, Answer) for event, _ in batch)
            if not self._waiting and not self._ending:
                self._something.clear()
            await self._store(batch)
            self._rested_at = asyncio.get_running_loop().time() + GATHER_S
            await asyncio.sleep(self._pause_s)

    async def _gather(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._is_enough and (rest_s := self._due - loop.time()) > 0:
            self._stir.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._stir.wait()

    @property
    def _is_enough(self) -> bool:
        """Whether waiting would bring nothing: every answer is there that is to come."""
        answered = 0 < self._answers >= self._window.taken
        return answered or len(self._waiting) >= MOST_EVENTS or self._ending

    @property
    def _due(self) -> float:
        """When what waits is stored, whatever is still to come."""
        if self._answers:
            return self._first_answer_at + GATHER_S
        if len(self._waiting) >= MANY and self._window.taken:
            return self._first_at + RECEIPTS_GATHER_S
        return self._rested_at

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
            if not is_collision(error):
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
