"""What the holder of a bind tells of it: to people, and to the processes that share its work. For `sender.route_sender`.

All raise BindLost once another process has the bind.
"""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from linksvc import route_health
from linksvc.clock import Clock
from linksvc.database import reading
from linksvc.route_health import Vitals
from linksvc.routes import BOUND, FAILING, IDLE
from sender.binds import Bind, holding
from sender.health import Health

log = structlog.get_logger()


class BindReport:
    """`pace`: the bind's present pace, parts a second."""

    def __init__(
        self, engine: Engine, bind: Bind, clock: Clock, route: str, health: Health, pace: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._bind = bind
        self._clock = clock
        self._route = route
        self._health = health
        self._pace = pace
        self._now = ("", "")
        self._told = ("", "")

    async def tell(self, state: str, error: str = "") -> None:
        """Notes the bind's state once it changes. What the database does not take now is told when it does."""
        if (state, error) == self._now:
            return
        self._now = (state, error)
        log.info(
            "A bind's state changed",
            action="bind_state",
            route=self._route,
            bind=self._bind.number,
            state=state,
            error=error,
        )
        try:
            await asyncio.to_thread(self._write)
        except SQLAlchemyError as failure:
            log.error("A bind's state cannot be noted", action="database_failed", error=type(failure).__name__)

    async def tell_health(self) -> None:
        """Notes whether a bind that has a session is failing."""
        state, _ = self._now
        if state == BOUND and self._health.failing:
            await self.tell(FAILING, self._health.in_words())
        elif state == FAILING and not self._health.failing:
            await self.tell(BOUND)

    def renew(self) -> None:
        """Renews the bind's lease, and tells its figures."""
        with holding(self._engine, self._bind, self._clock) as session:
            now, bind = self._clock(), self._bind
            if self._told != self._now:
                route_health.tell_state(session, bind.route_id, bind.number, *self._now, now)
            route_health.tell_vitals(session, bind.route_id, bind.number, self._vitals(), now)
        self._told = self._now

    def is_to_be_retried(self) -> bool:
        """Whether somebody said that a refused bind be tried again."""
        with reading(self._engine) as session:
            return route_health.state_of(session, self._bind.route_id, self._bind.number) == IDLE

    def forget(self) -> None:
        """What was told holds no more: the next state is told even if it is the same."""
        self._now = self._told = ("", "")

    def _write(self) -> None:
        told = self._now
        with holding(self._engine, self._bind, self._clock) as session:
            route_health.tell_state(session, self._bind.route_id, self._bind.number, *told, self._clock())
        self._told = told

    def _vitals(self) -> Vitals:
        return self._health.vitals(self._pace())
