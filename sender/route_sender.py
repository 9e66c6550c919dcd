"""One route at work: holds its bind, keeps a session to its SMSC and tells people how it goes. Run by `sender.worker`."""

import asyncio
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from linksvc import routes
from linksvc.clock import Clock
from linksvc.database import writing
from linksvc.errors import ConfigurationError
from linksvc.routes import BOUND, IDLE, REFUSED, UNREACHABLE, RouteView
from linksvc.settings import Settings
from sender import recovery
from sender.binds import Bind, BindLost, holding, worker_name
from sender.connection import Connection, open_connection
from sender.exchange import Exchange
from sender.feed import Campaigns, Feed
from sender.health import Health
from sender.long_forms import Writing
from sender.pacing import Pacer, Window
from sender.pdus import PduError
from sender.recorder import Recorder
from sender.route_book import Books, RouteTerms
from sender.session_errors import BindRefused, Unreachable
from sender.timing import Backoff, Timing
from sender.transport import Account

log = structlog.get_logger()


@dataclass(frozen=True)
class Surroundings:
    """What the senders of all routes of a process stand on."""

    settings: Settings
    engine: Engine
    clock: Clock
    campaigns: Campaigns
    timing: Timing
    books: Books = field(default_factory=Books)


class RouteSender:
    """Runs until `stop`: then its intake ends, its window drains, its session unbinds, and its claims are given back."""

    def __init__(self, route: RouteView, around: Surroundings) -> None:
        self._route = route
        self._around = around
        self._timing = around.timing
        self._stop = asyncio.Event()
        self._told = ("", "")

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        while not self._stop.is_set():
            try:
                bind = await asyncio.to_thread(self._seize)
            except SQLAlchemyError as error:
                log.error("The bind cannot be taken", action="database_failed", error=type(error).__name__)
                bind = None
            if bind:
                await self._hold(bind)
            else:
                await self._wait(self._timing.poll_s * 5)

    async def _hold(self, bind: Bind) -> None:
        around, timing = self._around, self._timing
        recorder = Recorder(around.engine, bind, around.clock, self._route.reading)
        pacer, window = Pacer(self._route.rate_per_s), Window(self._route.window_size)
        feed = Feed(around.engine, bind, around.clock, around.campaigns, pacer, window, Writing.of(self._route))
        exchange = Exchange(
            recorder,
            feed,
            pacer,
            window,
            around.clock,
            timing,
            lambda: not self._stop.is_set(),
            RouteTerms(self._route, around.books),
            Health(asyncio.get_running_loop().time),
        )
        recorder.start()
        keeper = asyncio.create_task(self._keep(bind, exchange))
        try:
            await self._connect(exchange)
        except BindLost:
            log.warning("Another process holds the bind", action="bind_lost", route=self._route.name)
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await exchange.finish()
            await recorder.stop()
            await asyncio.to_thread(self._leave, bind)

    async def _connect(self, exchange: Exchange) -> None:
        """Binds, sends until the session ends, and binds again."""
        failures = 0
        while not self._stop.is_set() and not exchange.lost.is_set():
            backoff, opened = self._timing.reconnect, self._around.clock()
            try:
                connection = await self._open(exchange)
                await self._tell(BOUND)
                await self._use(connection, exchange)
                if not self._stop.is_set():
                    await self._tell(UNREACHABLE, f"The session with the SMSC ended: {connection.reason}.")
                steady = (self._around.clock() - opened).total_seconds() >= self._timing.steady_s
                failures = 0 if steady else failures
            except BindRefused as error:
                backoff = self._timing.refused if error.permanent else backoff
                await self._tell(REFUSED, str(error))
            except (ConfigurationError, PduError) as error:
                backoff = self._timing.refused
                await self._tell(REFUSED, str(error))
            except Unreachable as error:
                await self._tell(UNREACHABLE, str(error))
            failures += 1
            await self._wait(self._pause(backoff, failures))

    def _pause(self, backoff: Backoff, failures: int) -> float:
        return 0.0 if self._stop.is_set() else backoff.wait_s(failures)

    async def _open(self, exchange: Exchange) -> Connection:
        route, settings = self._route, self._around.settings
        account = Account(
            host=route.host,
            port=route.port,
            system_id=route.system_id,
            password=routes.find_password(settings, route.name),
            system_type=route.system_type,
            bind_type=route.bind_type,
            tls=route.tls,
            tls_name=route.tls_name,
            authority=routes.find_authority(settings, route.name),
        )
        return await open_connection(account, exchange.deliver, self._timing.timers)

    async def _use(self, connection: Connection, exchange: Exchange) -> None:
        try:
            await exchange.send(connection)
            await exchange.drain()
            await connection.unbind()
        finally:
            await connection.close()
            await exchange.finish()
            await exchange.release()

    async def _keep(self, bind: Bind, exchange: Exchange) -> None:
        """Renews the lease of a bind on which nothing happens."""
        while True:
            await asyncio.sleep(self._timing.renew_s)
            try:
                await asyncio.to_thread(self._renew, bind)
            except BindLost:
                exchange.lost.set()
            except SQLAlchemyError as error:
                log.error("The bind cannot be renewed", action="database_failed", error=type(error).__name__)

    async def _tell(self, state: str, error: str = "") -> None:
        """Notes the route's state once it changes, for whoever wonders why a campaign waits."""
        if (state, error) == self._told:
            return
        log.info("The route's state changed", action="route_state", route=self._route.name, state=state, error=error)
        try:
            await asyncio.to_thread(self._set_state, state, error)
            self._told = (state, error)
        except SQLAlchemyError as failure:
            log.error("The route's state cannot be noted", action="database_failed", error=type(failure).__name__)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            pass

    def _seize(self) -> Bind | None:
        route_id = self._route.id
        return recovery.seize(self._around.engine, route_id, worker_name(route_id), self._around.clock)

    def _leave(self, bind: Bind) -> None:
        try:
            recovery.leave(self._around.engine, bind, self._around.clock)
            if self._stop.is_set():
                self._set_state(IDLE, "")
        except BindLost:
            pass
        except SQLAlchemyError as error:
            log.error("The bind cannot be given back", action="database_failed", error=type(error).__name__)

    def _renew(self, bind: Bind) -> None:
        with holding(self._around.engine, bind, self._around.clock):
            pass

    def _set_state(self, state: str, error: str) -> None:
        with writing(self._around.engine) as session:
            routes.set_state(session, self._route.id, state, error, self._around.clock())
