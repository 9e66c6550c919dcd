"""The sender's process: one task for each enabled route, started, changed and stopped as the operator changes the routes.

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
from linksvc import routes
from linksvc.clock import Clock
from linksvc.database import reading
from linksvc.keys import Keyring
from linksvc.route_accounts import NewRoute
from linksvc.routes import RouteView
from linksvc.settings import Settings
from sender import recovery
from sender.binds import worker_name
from sender.feed import Campaigns
from sender.route_sender import RouteSender, Surroundings
from sender.shares import Shares
from sender.texts import Composer
from sender.timing import Timing

log = structlog.get_logger()


@dataclass(frozen=True)
class _Running:
    route: RouteView
    sender: RouteSender
    task: asyncio.Task[None]


class Worker:
    """Keeps the running tasks in step with the table of routes."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._running: dict[int, _Running] = {}
        self._settled: set[int] = set()

    async def look(self) -> None:
        """One look at the routes: stops those that changed, are disabled or gone, and starts those that are missing."""
        try:
            present = {route.id: route for route in await asyncio.to_thread(self._routes)}
            await self._settle(route for route in present.values() if not route.enabled)
        except SQLAlchemyError as error:
            log.error("The routes cannot be read", action="database_failed", error=type(error).__name__)
            return
        enabled = {id: route for id, route in present.items() if route.enabled}
        await self._end([one for id, one in self._running.items() if _account(enabled.get(id)) != _account(one.route)])
        for id, route in enabled.items():
            if id not in self._running:
                sender = RouteSender(route, self._around)
                task = asyncio.create_task(sender.run(), name=f"route {route.name}")
                self._running[id] = _Running(route, sender, task)
                self._settled.discard(id)

    async def end(self) -> None:
        """Stops every route in order."""
        await self._end(list(self._running.values()))

    async def _end(self, ending: list[_Running]) -> None:
        ending += [one for one in self._running.values() if one.task.done() and one not in ending]
        for one in ending:
            one.sender.stop()
        for result in await asyncio.gather(*(one.task for one in ending), return_exceptions=True):
            if isinstance(result, BaseException):
                log.error("A route's sender failed", action="route_failed", exc_info=result)
        for one in ending:
            self._running.pop(one.route.id, None)

    async def _settle(self, disabled: Iterable[RouteView]) -> None:
        """What a dead process left on a route that is not served any more must not stay open for ever."""
        for route in disabled:
            open_still = route.id not in self._settled and route.id not in self._running
            if open_still and await asyncio.to_thread(self._visit, route.id):
                self._settled.add(route.id)

    def _visit(self, route_id: int) -> bool:
        around = self._around
        bind = recovery.seize(around.engine, route_id, worker_name(route_id), around.clock)
        if bind:
            recovery.leave(around.engine, bind, around.clock)
        return bind is not None

    def _routes(self) -> list[RouteView]:
        with reading(self._around.engine) as session:
            return routes.list_routes(session)


def _account(route: RouteView | None) -> NewRoute | None:
    """What a running sender was started with; its state and error are its own."""
    return route.account if route else None


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
