"""What phones write of their own, whole or in several parts, once or twice, in order or not. Used by `simulator`."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from random import Random

from linksvc.clock import Clock
from sender.simulator.behaviour import REPLIES, STOPS
from sender.simulator.entries import InboundTaken
from sender.simulator.fates import Fates
from sender.simulator.knobs import Knobs
from sender.simulator.ledger import Ledger

MOST_PENDING = 1_000
"""While the client leaves so many deliveries lying, phones stay silent."""

LONG_TEXTS = (
    "Bonjour, j'ai bien reçu votre message mais le lien ne s'ouvre pas sur mon téléphone, pouvez-vous me dire jusqu'à quand "
    "l'offre est valable et si elle vaut aussi pour les articles déjà soldés ? Merci d'avance, Hélène",
    "Good morning, the code was not accepted at the till in your shop on Queen Street yesterday. The lady was very kind "
    "but could not help. I still have the receipt: would you please tell me what to do now? ~ [Regards] ~ {Anne}",
    "Super 🎉 on sera quatre samedi, peut-être cinq si ma sœur arrive à temps 😀 est-ce qu'il faut réserver ? Bisous 👋",
)

SendInbound = Callable[[str, str, str, Callable[[], None], Random | None], None]
"""(number, address, text, taken, shuffled): see `Smsc.send_inbound`."""


class Traffic:
    """Runs as a task of its own. `numbers` are those of the phones."""

    def __init__(
        self,
        numbers: Sequence[str],
        knobs: Knobs,
        fates: Fates,
        ledger: Ledger,
        clock: Clock,
        send: SendInbound,
        pending: Callable[[], int],
    ) -> None:
        self._numbers = numbers
        self._knobs = knobs
        self._fates = fates
        self._ledger = ledger
        self._clock = clock
        self._send = send
        self._pending = pending
        self._written = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nobody is about to write."""
        settings = self._knobs.now
        return not settings.inbound_per_s or bool(settings.inbound_count and self._written >= settings.inbound_count)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        for index in count():
            random = self._fates.random("", f"inbound {index}")
            while self.is_over:
                await self._knobs.turned.wait()
            await asyncio.sleep(random.expovariate(self._knobs.now.inbound_per_s * self._knobs.now.speed))
            if not self.is_over and self._pending() < MOST_PENDING:
                self._write(random)

    def _write(self, random: Random) -> None:
        self._written += 1
        settings = self._knobs.now
        number, kind, order, twice = random.choice(self._numbers), random.random(), random.random(), random.random()
        stop = kind < settings.inbound_stops
        is_long = not stop and random.random() < settings.inbound_long
        text = random.choice(STOPS if stop else LONG_TEXTS if is_long else REPLIES)
        shuffled = random if is_long and order < settings.shuffled_inbound else None
        self.write(number, settings.inbound_to, text, stop, shuffled, twice=twice < settings.duplicate_inbound)

    def write(
        self, number: str, address: str, text: str, stop: bool, shuffled: Random | None = None, *, twice: bool = False
    ) -> None:
        """A message of this text now; `twice`: once more, as it was, when it was taken."""

        def taken() -> None:
            self._note(number, address, text, stop, again=False)
            if twice:
                self._send(number, address, text, lambda: self._note(number, address, text, stop, again=True), None)

        self._send(number, address, text, taken, shuffled)

    def _note(self, number: str, address: str, text: str, stop: bool, *, again: bool) -> None:
        self._ledger.append(InboundTaken(number, address, text, stop, again, self._clock()))
