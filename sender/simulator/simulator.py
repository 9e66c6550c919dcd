"""The whole simulation: an SMSC, the people behind it and the ledger. For `ricochet smsc`, `ricochet demo` and the tests."""

import asyncio
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from linksvc.clock import Clock, now
from sender.simulator.agenda import Agenda
from sender.simulator.entries import Anomaly
from sender.simulator.fates import Fates
from sender.simulator.handsets import Handsets
from sender.simulator.ledger import Ledger
from sender.simulator.population import Person
from sender.simulator.settings import Pace, SmscSettings
from sender.simulator.smsc import Smsc
from sender.simulator.till import ShopAccess

log = structlog.get_logger()


class Simulator:
    """Starts, runs in the running event loop, and stops. Without `shop` nobody redeems a code.

    `ledger` holds what truly happened; it may be read once `idle()`, also after `stop()`.
    """

    def __init__(
        self,
        people: Iterable[Person],
        settings: SmscSettings,
        shop: ShopAccess | None = None,
        ledger_path: Path | None = None,
        *,
        pace: Pace | None = None,
        clock: Clock = now,
    ) -> None:
        self.ledger = Ledger(ledger_path)
        self._clock = clock
        self._agenda = Agenda(self._note_failure)
        fates = Fates(settings)
        self._smsc = Smsc(settings, fates, self._agenda, self.ledger, clock, lambda sms: handsets.receive(sms))
        handsets = Handsets(
            people,
            fates=fates,
            speed=settings.speed,
            pace=pace or Pace(),
            agenda=self._agenda,
            ledger=self.ledger,
            clock=clock,
            shop=shop,
            send_reply=self._smsc.send_inbound,
        )

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens; port 0 takes a free one. Returns the port. Raises OSError where it cannot."""
        bound = await self._smsc.start(host, port)
        log.info("the SMSC listens", action="smsc.start", host=host, port=bound)
        return bound

    async def stop(self) -> None:
        """Drops what has not happened yet, takes leave of the clients, closes the ledger's file."""
        await self._agenda.clear()
        await self._smsc.stop()
        await self._agenda.clear()
        self.ledger.close()

    def idle(self) -> bool:
        """Whether nothing is left to happen by itself: no answer, no receipt that nobody took, nobody about to act."""
        return self._agenda.is_empty and not self._smsc.pending

    def _note_failure(self, error: Exception) -> None:
        log.error("a simulated action failed", action="smsc.failure", exc_info=error)
        self.ledger.append(Anomaly("", "an action failed", f"{type(error).__name__}: {error}", self._clock()))


def run_smsc(
    host: str,
    port: int,
    people: Iterable[Person],
    settings: SmscSettings,
    *,
    shop: ShopAccess | None = None,
    ledger_path: Path | None = None,
    pace: Pace | None = None,
    on_ready: Callable[[int], None] = lambda _: None,
) -> Ledger:
    """Runs a simulator until SIGINT or SIGTERM; blocks. For `ricochet smsc`.

    `on_ready` is told the port as soon as it listens. Returns the ledger. Raises OSError where it cannot listen.
    """
    return asyncio.run(_run(Simulator(people, settings, shop, ledger_path, pace=pace), host, port, on_ready))


async def _run(simulator: Simulator, host: str, port: int, on_ready: Callable[[int], None]) -> Ledger:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    on_ready(await simulator.start(host, port))
    try:
        await stop.wait()
    finally:
        await simulator.stop()
    return simulator.ledger
