"""What actions of pages ask of the database and write, in threads of their own: one that hangs holds up no redirect."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from linksvc.database import reading, writing
from linksvc.errors import Problem
from tracker.problems import Unavailable

log = structlog.get_logger()

WITHIN_S = 5.0
"""How long a person waits for the database."""

THREADS = 4
MOST_WAITING = 500
"""More are told at once to try again: they would wait in vain."""

Told = TypeVar("Told")


class Transactions:
    """One per tracker process; used from its event loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(THREADS, "pages")
        self._waiting = 0

    async def read(self, ask: Callable[[Session], Told]) -> Told:
        """What `ask` finds in one state of the database. Raises Unavailable, and what `ask` raises of Problem."""

        def work() -> Told:
            with reading(self._engine) as session:
                return ask(session)

        return await self._run(work)

    async def write(self, change: Callable[[Session], Told]) -> Told:
        """The same in a transaction that writes. Whoever is told Unavailable does not know whether it was committed: what is
        written here may be written twice."""

        def work() -> Told:
            with writing(self._engine) as session:
                return change(session)

        return await self._run(work)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], Told]) -> Told:
        if self._waiting >= MOST_WAITING:
            raise _unavailable()
        self._waiting += 1
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(WITHIN_S):
                return await asyncio.shield(running)
        except Problem:
            raise
        except Exception as error:
            # Whatever is wrong with the database: the person is told to try again.
            log.warning("a page cannot ask the database", action="page_unreachable", error=type(error).__name__)
            raise _unavailable() from error

    def _ended(self, running: "asyncio.Future[Told]") -> None:
        self._waiting -= 1
        if not running.cancelled():
            # Whoever waited may have gone; an error that nobody takes is logged by asyncio.
            running.exception()


def _unavailable() -> Unavailable:
    return Unavailable("What is personal on this page cannot be reached now. Please try again.", retryable=True)
