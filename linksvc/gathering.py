"""What many ask at the same moment, done at once: whoever asks while the work is done waits for the next round, and each
round takes all who wait by then. The busier it is, the larger the rounds; alone, nobody waits for company.

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
    """One round at a time, in a thread of its own. To be asked in one event loop."""

    def __init__(self, name: str, work: Work[Asked, Answer], most: int) -> None:
        self._work = work
        self._most = most
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: deque[tuple[Asked, asyncio.Future[Answer]]] = deque()
        self._busy = False
        self._lock = Lock()
        """Of the two above."""

    async def ask(self, asked: Asked) -> Answer:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        with self._lock:
            self._waiting.append((asked, answer))
            begins, self._busy = not self._busy, True
        if begins:
            # Once the loop has turned: whoever was heard in the same turn comes along.
            loop.call_soon(self._thread.submit, self._work_off, loop)
        try:
            return await answer
        finally:
            del answer  # What it may raise names this frame: a circle.

    def _work_off(self, loop: asyncio.AbstractEventLoop) -> None:
        """In the thread: round after round. The next one is begun before the loop hears of the last one's answers, so that
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
            while self._waiting and len(taken) < self._most:
                asked, answer = self._waiting.popleft()
                if not answer.done():
                    taken.append((asked, answer))
            self._busy = bool(taken)
        return taken


def _hand_out(answers: Sequence["asyncio.Future[Answer]"], given: Sequence[Answer | Exception]) -> None:
    for answer, one in zip(answers, given, strict=True):
        if answer.done():
            continue
        if isinstance(one, Exception):
            answer.set_exception(one)
        else:
            answer.set_result(one)
