"""One bind of a route at work: holds it, keeps a session to its SMSC, tells people how it goes. Run by `sender.worker`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from linksvc import routes
from linksvc.clock import Clock
from linksvc.errors import ConfigurationError
from linksvc.routes import BOUND, IDLE, REFUSED, UNREACHABLE, RouteView
from linksvc.settings import Settings
from sender import recovery
from sender.bind_report import BindReport
from sender.binds import Bind, BindLost, Turns, worker_name
from sender.connection import Connection, open_connection
from sender.exchange import Exchange
from sender.feed import Campaigns, Feed
from sender.handovers import BindState
from sender.health import Health
from sender.intake import Intake
from sender.long_forms import Writing
from sender.pacing import Pacer, Window
from sender.pdus import PduError
from sender.recorder import Recorder
from sender.route_book import Books, RouteTerms
from sender.session_errors import BindRefused, Unreachable
from sender.timing import Timing
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
    turns: Turns = field(default_factory=Turns)


@dataclass(frozen=True)
class _Held:
    """What works on a bind while it is held."""

    exchange: Exchange
    report: BindReport
    lost: asyncio.Event


class RouteSender:
    """Sends on the `number`-th bind of a route while this process holds it. Runs until `stop`: then its intake ends, its
    window drains, its session unbinds, and its claims are given back."""

    def __init__(self, route: RouteView, number: int, around: Surroundings) -> None:
        self._route = route
        self._number = number
        self._around = around
        self._timing = around.timing
        self._stop = asyncio.Event()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        while not self._stop.is_set():
            bind = await self._take()
            if bind:
                with self._around.turns.holding(self._route.id):
                    await self._hold(bind)
            else:
                await self._wait(self._timing.poll_s * 5)

    async def _take(self) -> Bind | None:
        async with self._around.turns.of(self._route.id) as held:
            if held:
                await self._wait(self._timing.poll_s * 5)
            if self._stop.is_set():
                return None
            try:
                return await asyncio.to_thread(self._seize)
            except SQLAlchemyError as error:
                log.error("The bind cannot be taken", action="database_failed", error=type(error).__name__)
                return None

    async def _hold(self, bind: Bind) -> None:
        around, route, loop = self._around, self._route, asyncio.get_running_loop()
        pacer, window = Pacer(route.rate_per_s / route.binds), Window(route.window_size)
        recorder = Recorder(around.engine, bind, around.clock, route.reading, window)
        terms, health = RouteTerms(route, around.books), Health(loop.time)
        intake = Intake(terms, health, loop.time, self._timing.probe_s)
        feed = Feed(around.engine, bind, around.clock, around.campaigns, pacer, window, Writing.of(route), intake)
        lost = asyncio.Event()
        state = BindState(around.clock, self._timing, terms, health, pacer, window, lambda: not self._stop.is_set(), lost)
        exchange = Exchange(recorder, feed, state)
        report = BindReport(around.engine, bind, around.clock, route.name, health, lambda: pacer.rate(loop.time()))
        recorder.start()
        keeper = asyncio.create_task(self._keep(lost, report))
        try:
            await report.tell(IDLE)
            await self._connect(_Held(exchange, report, lost))
            if self._stop.is_set():
                await report.tell(IDLE)
        except BindLost:
            log.warning("Another process holds the bind", action="bind_lost", route=route.name, bind=bind.number)
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await exchange.finish()
            await recorder.stop()
            await asyncio.to_thread(self._leave, bind)

    async def _connect(self, held: _Held) -> None:
        """Binds, sends until the session ends, and binds again; after a refusal that only a person can mend, once somebody
        has mended it."""
        failures = 0
        while self._goes_on(held):
            opened = self._around.clock()
            # Read before they are used: what is mended while the refusal comes is a change too.
            secrets = self._secrets()
            try:
                connection = await self._open(held.exchange)
                await held.report.tell(BOUND)
                await self._use(connection, held)
                steady = (self._around.clock() - opened).total_seconds() >= self._timing.steady_s
                failures = 0 if steady else failures
            except (BindRefused, ConfigurationError, PduError) as error:
                await held.report.tell(REFUSED, str(error))
                if not isinstance(error, BindRefused) or error.permanent:
                    await self._stand_by(held, secrets)
                    failures = 0
                    continue
            except Unreachable as error:
                await held.report.tell(UNREACHABLE, str(error))
            failures += 1
            await self._wait(self._timing.reconnect.wait_s(failures))

    def _goes_on(self, held: _Held) -> bool:
        return not self._stop.is_set() and not held.lost.is_set()

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

    async def _use(self, connection: Connection, held: _Held) -> None:
        try:
            await held.exchange.send(connection)
            if not self._stop.is_set():
                # Told before the window is drained: other routes need not wait for that.
                await held.report.tell(UNREACHABLE, f"The session with the SMSC ended: {connection.reason}.")
            await held.exchange.drain()
            await connection.unbind()
        finally:
            await connection.close()
            await held.exchange.finish()
            await held.exchange.release()

    async def _stand_by(self, held: _Held, secrets: tuple[str, bytes]) -> None:
        """Until the password or the certificates are not these any more, or somebody says that it be tried again. A changed
        account ends this sender and starts another."""
        while self._goes_on(held) and self._secrets() == secrets:
            if await self._asks(held.report.is_to_be_retried):
                break
            await self._wait(self._timing.poll_s * 5)
        held.report.forget()

    async def _asks(self, question: Callable[[], bool]) -> bool:
        try:
            return await asyncio.to_thread(question)
        except SQLAlchemyError as error:
            log.error("The bind's state cannot be read", action="database_failed", error=type(error).__name__)
            return False

    def _secrets(self) -> tuple[str, bytes]:
        """What the account is opened with beside its settings. What cannot be read is a value too."""
        settings, name = self._around.settings, self._route.name
        try:
            password = routes.find_password(settings, name)
        except ConfigurationError as error:
            password = str(error)
        authority = routes.find_authority(settings, name)
        try:
            return password, authority.read_bytes() if authority else b""
        except OSError:
            return password, b""

    async def _keep(self, lost: asyncio.Event, report: BindReport) -> None:
        """Tells how the bind fares, and renews the lease of one on which nothing happens."""
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while True:
            await asyncio.sleep(min(self._timing.renew_s, self._timing.poll_s * 5))
            try:
                await report.tell_health()
                if loop.time() - renewed >= self._timing.renew_s:
                    renewed = loop.time()
                    await asyncio.to_thread(report.renew)
            except BindLost:
                lost.set()
            except SQLAlchemyError as error:
                log.error("The bind cannot be renewed", action="database_failed", error=type(error).__name__)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            pass

    def _seize(self) -> Bind | None:
        route_id = self._route.id
        return recovery.seize(self._around.engine, route_id, worker_name(route_id), self._around.clock, self._number)

    def _leave(self, bind: Bind) -> None:
        try:
            recovery.leave(self._around.engine, bind, self._around.clock)
        except BindLost:
            pass
        except SQLAlchemyError as error:
            log.error("The bind cannot be given back", action="database_failed", error=type(error).__name__)
