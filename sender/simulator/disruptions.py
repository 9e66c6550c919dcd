"""Connections cut in the middle of everything: after a time, or after so many submissions. Used by `smsc`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from random import Random

from linksvc.clock import Clock
from sender.simulator.entries import Disconnected
from sender.simulator.fates import Fates
from sender.simulator.knobs import Knobs
from sender.simulator.ledger import Ledger
from sender.simulator.session import Session


@dataclass
class _Watched:
    random: Random
    factor: float
    submitted: int = 0
    timer: asyncio.TimerHandle | None = None


class Disruptions:
    """Watches bound connections; those it cuts end without a word. `undelivered` counts a connection's open deliveries."""

    def __init__(
        self, knobs: Knobs, fates: Fates, ledger: Ledger, clock: Clock, undelivered: Callable[[Session], int]
    ) -> None:
        self._knobs = knobs
        self._fates = fates
        self._ledger = ledger
        self._clock = clock
        self._undelivered = undelivered
        self._watched: dict[Session, _Watched] = {}
        self._numbers = count()

    def bound(self, session: Session) -> None:
        random = self._fates.random("", f"connection {next(self._numbers)}")
        watched = self._watched[session] = _Watched(random, random.uniform(0.5, 1.5))
        if every_s := self._knobs.now.disconnect_every_s:
            loop = asyncio.get_running_loop()
            watched.timer = loop.call_later(every_s * watched.factor, self.cut, session, "disconnect_every_s")

    def submitted(self, session: Session) -> None:
        """A submit_sm came and was seen to; cuts the connection if it was one too many."""
        watched, after = self._watched[session], self._knobs.now.disconnect_after
        watched.submitted += 1
        if after and watched.submitted >= after * watched.factor:
            self.cut(session, "disconnect_after")

    def cut(self, session: Session, why: str) -> None:
        """Ends a connection without a word."""
        entry = Disconnected(why, session.unanswered, self._undelivered(session), self._clock())
        self.left(session)
        self._ledger.append(entry)
        session.abort()

    def left(self, session: Session) -> None:
        watched = self._watched.pop(session, None)
        if watched and watched.timer:
            watched.timer.cancel()
