"""The whole simulation: an SMSC, the people behind it and the ledger. For `ricochet smsc`, `ricochet demo` and the tests."""

import asyncio
import signal
import ssl
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from linksvc.clock import Clock, now
from sender.simulator.agenda import Agenda
from sender.simulator.behaviour import says_stop
from sender.simulator.entries import Anomaly
from sender.simulator.fates import Fates
from sender.simulator.handsets import Handsets
from sender.simulator.knobs import Knobs
from sender.simulator.ledger import Ledger
from sender.simulator.numbers import reserved_numbers
from sender.simulator.population import Person
from sender.simulator.scenario import Player, Scenario
from sender.simulator.settings import Pace, SmscSettings
from sender.simulator.smsc import Smsc
from sender.simulator.till import ShopAccess
from sender.simulator.traffic import Traffic

log = structlog.get_logger()


class Simulator:
    """Starts, runs in the running event loop, and stops. Without `shop` nobody redeems a code; `scenario` is played from
    the start on, its knobs over `settings`.

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
        scenario: Scenario | None = None,
    ) -> None:
        crowd = tuple(people)
        self.ledger = Ledger(ledger_path)
        self._clock = clock
        self._agenda = Agenda(self._note_failure)
        self._knobs = Knobs(replace(settings, **scenario.knobs) if scenario else settings)
        fates = Fates(self._knobs)
        self._smsc = Smsc(
            self._knobs,
            fates,
            self._agenda,
            self.ledger,
            clock,
            arrive=lambda sms: handsets.receive(sms),
            heard=lambda submitted: self._player.heard(submitted),
        )
        handsets = Handsets(
            crowd,
            fates=fates,
            speed=settings.speed,
            pace=pace or Pace(),
            agenda=self._agenda,
            ledger=self.ledger,
            clock=clock,
            shop=shop,
            send_reply=self._smsc.send_inbound,
        )
        numbers = [person.number for person in crowd] or [number for number, _ in reserved_numbers()]
        self._traffic = Traffic(
            numbers, self._knobs, fates, self.ledger, clock, self._smsc.send_inbound, lambda: self._smsc.pending
        )
        self._player = Player(scenario or Scenario(), self._knobs, self._agenda, self.ledger, clock, self._smsc, self._write)

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        """Listens, in TLS only if told so; port 0 takes a free one. Returns the port. Raises OSError where it cannot."""
        bound = await self._smsc.start(host, port, tls)
        self._traffic.start()
        self._player.start()
        log.info("the SMSC listens", action="smsc.start", host=host, port=bound)
        return bound

    async def stop(self) -> None:
        """Drops what has not happened yet, takes leave of the clients, closes the ledger's file."""
        self._player.stop()
        await self._traffic.stop()
        await self._agenda.clear()
        await self._smsc.stop()
        await self._agenda.clear()
        self.ledger.close()

    @property
    def submitted(self) -> int:
        """How many submit_sm have come."""
        return self._smsc.submitted

    @property
    def bound(self) -> int:
        """How many connections are bound."""
        return self._smsc.bound

    @property
    def is_listening(self) -> bool:
        """Whether it can be reached; not while a scenario restarts it."""
        return self._smsc.is_listening

    def turn(self, **changes: Any) -> None:
        """Turns knobs while it runs: fields of its settings to what they are from now on."""
        self._knobs.turn(changes)

    def idle(self) -> bool:
        """Whether nothing is left to happen by itself: no answer, no receipt that nobody took, nobody about to act."""
        return self._agenda.is_empty and not self._smsc.pending and self._traffic.is_over

    def _write(self, number: str, address: str, text: str) -> None:
        self._traffic.write(number, address or self._knobs.now.inbound_to, text, says_stop(text))

    def _note_failure(self, error: Exception) -> None:
        log.error("a simulated action failed", action="smsc.failure", exc_info=error)
        self.ledger.append(Anomaly("", "an action failed", f"{type(error).__name__}: {error}", self._clock()))


def server_context(certificate: Path) -> ssl.SSLContext:
    """TLS with the certificate and the key in this file. Raises ValueError if it cannot be read or holds none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate)
    except ssl.SSLError:
        raise ValueError(
            f"{certificate} holds no certificate with its private key, both in PEM and without a password"
        ) from None
    except OSError as error:
        raise ValueError(f"the certificate {certificate} cannot be read: {error.strerror}") from None
    return context


def run_smsc(
    host: str,
    port: int,
    people: Iterable[Person],
    settings: SmscSettings,
    *,
    shop: ShopAccess | None = None,
    ledger_path: Path | None = None,
    pace: Pace | None = None,
    scenario: Scenario | None = None,
    tls: ssl.SSLContext | None = None,
    on_ready: Callable[[int], None] = lambda _: None,
) -> Ledger:
    """Runs a simulator until SIGINT or SIGTERM; blocks. For `ricochet smsc`.

    `on_ready` is told the port as soon as it listens. Returns the ledger. Raises OSError where it cannot listen.
    """
    simulator = Simulator(people, settings, shop, ledger_path, pace=pace, scenario=scenario)
    return asyncio.run(_run(simulator, host, port, tls, on_ready))


async def _run(
    simulator: Simulator, host: str, port: int, tls: ssl.SSLContext | None, on_ready: Callable[[int], None]
) -> Ledger:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    on_ready(await simulator.start(host, port, tls))
    try:
        await stop.wait()
    finally:
        await simulator.stop()
    return simulator.ledger
