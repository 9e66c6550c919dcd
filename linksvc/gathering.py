"""What many ask at the same moment, done at once: whoever asks while all hands are at work waits for the next round, and
each round takes all who wait by then. The busier it is, the larger the rounds; alone, nobody waits for company.

The API gathers those who show a key (`linksvc.api.callers`) and redemptions (`linksvc.api.endpoint`): one look, one commit
for many of them.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

Work = Callable[[Sequence[Asked]], Sequence[Answer | Exception]]
"""An answer for each that is asked, in their order; an exception is raised where that one was asked. What the work itself
raises is raised to all."""


class Gathering(Generic[Asked, Answer]):
    """At most so many `rounds` at a time, each in a thread of its own and of at most so many who ask: while one waits for
    the database, another computes. To be asked in one event loop."""

    def __init__(self, name: str, work: Work[Asked, Answer], most: int, rounds: int = 1) -> None:
        self._work = work
        self._most = most
        self._rounds = rounds
        self._threads = ThreadPoolExecutor(rounds, thread_name_prefix=name)
        self._waiting: deque[tuple[Asked, asyncio.Future[Answer]]] = deque()
        self._busy = 0
        """Threads at work, or about to be."""
        self._beginning = False
        """One of them has not looked yet at who waits: it will take whoever comes until then."""
        self._lock = Lock()
        """Of the three above."""

    async def ask(self, asked: Asked) -> Answer:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        with self._lock:
            self._waiting.append((asked, answer))
            begins = not self._beginning and self._busy < self._rounds
            if begins:
                self._beginning = True
                self._busy += 1
        if begins:
            # Once the loop has turned: whoever was heard in the same turn comes along.
            loop.call_soon(self._threads.submit, self._work_off, loop)
        try:
            return await answer
        finally:
            del answer  # What it may raise names this frame: a circle.

    def _work_off(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread: round after round. The next one is begun before the loop hears of the last one's answers, so that
        the database has something to do while these are sent."""
        while waiting := self._take():
            try:
                given = self._work([asked for asked, _ in waiting])
            except Exception as error:
                given = [error] * len(waiting)
            loop.call_soon_threadsafe(_hand_out, [answer for _, answer in waiting], given)

    def _take(self) -> list[tuple[Asked, "asyncio.Future[Answer]"]]:
        """Those of the next round; none: the thread has nothing to do. Who has gone meanwhile is not asked for."""
        taken: list[tuple[Asked, asyncio.Future[Answer]]] = []
        with self._lock:
            self._beginning = False
            while self._waiting and len(taken) < self._most:
                asked, answer = self._waiting.popleft()
                if not answer.done():
                    taken.append((asked, answer))
            if not taken:
                self._busy -= 1
        return taken


def _hand_out(answers: Sequence["asyncio.Future[Answer]"], given: Sequence[Answer | Exception]) -> None:
    for answer, one in zip(answers, given, strict=True):
        if answer.done():
            continue
        if isinstance(one, Exception):
            answer.set_exception(one)
        else:
            answer.set_result(one)
