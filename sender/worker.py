"""The sender's process: a task for each bind of each enabled route, started, changed and stopped as the operator changes the
routes.

Started by `ricochet send` and the supervisor. It may be killed at any moment: the next one settles what it left
(`sender.recovery`).
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from linksvc import clock as clocks
from linksvc import route_health
from linksvc.clock import Clock
from linksvc.database import reading
from linksvc.keys import Keyring
from linksvc.route_accounts import NewRoute
from linksvc.settings import Settings
from sender import recovery
from sender.binds import BindLost, holding, worker_name
from sender.feed import Campaigns
from sender.route_book import RouteBook, read_book
from sender.route_sender import RouteSender, Surroundings
from sender.shares import Shares
from sender.texts import Composer
from sender.timing import Timing

log = structlog.get_logger()


_Key = tuple[int, int]
"""A route and the number of its bind."""


@dataclass(frozen=True)
class _Running:
    account: NewRoute
    sender: RouteSender
    task: asyncio.Task[None]


class Worker:
    """Keeps the running tasks in step with what is told of the routes."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._running: dict[_Key, _Running] = {}
        self._settled: set[_Key] = set()

    async def look(self) -> None:
        """One look at the routes: stops the binds of those that changed, are disabled or gone, and starts those that are
        missing."""
        try:
            book = self._around.books.newest = await asyncio.to_thread(self._read)
        except SQLAlchemyError as error:
            log.error("The routes cannot be read", action="database_failed", error=type(error).__name__)
            return
        wanted = {(one.id, number): one for one in book.routes if one.enabled for number in range(one.binds)}
        accounts = {key: one.account for key, one in wanted.items()}
        ending = [key for key, one in self._running.items() if accounts.get(key) != one.account or one.task.done()]
        # Not until the last answer: of one whose SMSC is silent the other routes must not wait for the end.
        await self._end(ending, self._around.timing.poll_s * 5)
        for key, route in wanted.items():
            if key not in self._running:
                sender = RouteSender(route, key[1], self._around)
                task = asyncio.create_task(sender.run(), name=f"route {route.name}, bind {key[1]}")
                self._running[key] = _Running(route.account, sender, task)
                self._settled.discard(key)
        await self._settle(_unserved(book) - wanted.keys())

    async def end(self) -> None:
        """Stops every bind in order."""
        await self._end(list(self._running))

    async def _end(self, keys: Iterable[_Key], within_s: float | None = None) -> None:
        """Stops these binds. What takes longer goes on ending, and is told apart by its task the next time."""
        ending = {self._running[key].task: key for key in keys}
        if not ending:
            return
        for key in ending.values():
            self._running[key].sender.stop()
        ended, _ = await asyncio.wait(ending, timeout=within_s)
        for result in await asyncio.gather(*ended, return_exceptions=True):
            if isinstance(result, BaseException):
                log.error("A route's sender failed", action="route_failed", exc_info=result)
        for task in ended:
            del self._running[ending[task]]

    async def _settle(self, keys: Iterable[_Key]) -> None:
        """What a dead process left on a bind that is not served any more must not stay open for ever."""
        for key in sorted(key for key in keys if key not in self._settled):
            try:
                if await asyncio.to_thread(self._visit, *key):
                    self._settled.add(key)
            except (BindLost, SQLAlchemyError) as error:
                log.error("A bind cannot be settled", action="database_failed", error=type(error).__name__)

    def _visit(self, route_id: int, number: int) -> bool:
        around = self._around
        bind = recovery.seize(around.engine, route_id, worker_name(route_id), around.clock, number)
        if bind is None:
            return False
        with holding(around.engine, bind, around.clock) as session:
            route_health.forget_bind(session, route_id, number, around.clock())
        recovery.leave(around.engine, bind, around.clock)
        return True

    def _read(self) -> RouteBook:
        with reading(self._around.engine) as session:
            return read_book(session, self._around.clock())


def _unserved(book: RouteBook) -> set[_Key]:
    """Binds that somebody may have left something on."""
    return {(one.id, number) for one in book.routes for number in range(one.binds)} | {
        (bind.route_id, bind.number) for bind in book.binds
    }


async def run_sender(
    settings: Settings,
    engine: Engine,
    keyring: Keyring,
    stop: asyncio.Event,
    clock: Clock = clocks.now,
    timing: Timing | None = None,
) -> None:
    """Sends for every enabled route until `stop` is set, then drains and unbinds."""
    timing = timing or Timing()
    shares = Shares(engine, clock)
    campaigns = Campaigns(Composer(keyring, settings.short_url), shares)
    worker = Worker(Surroundings(settings, engine, clock, campaigns, timing))
    keeper = asyncio.create_task(shares.keep(), name="shares of paces")
    try:
        while not stop.is_set():
            await worker.look()
            try:
                async with asyncio.timeout(timing.poll_s * 5):
                    await stop.wait()
            except TimeoutError:
                pass
    finally:
        await worker.end()
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
