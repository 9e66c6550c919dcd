"""What many ask at the same moment, done at once: whoever asks while the work is done waits for the next round, and each
round takes all who wait by then. The busier it is, the larger the rounds; alone, nobody waits for company.

The API gathers those who show a key (`linksvc.api.callers`) and redemptions (`linksvc.api.endpoint`): one look, one commit
for many of them.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._busy = False

    async def ask(self, asked: Asked) -> Answer:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((asked, answer))
        if not self._busy:
            self._busy = True
            # Once the loop has turned: whoever was heard in the same turn comes along.
            loop.call_soon(self._begin, loop)
        return await answer

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        # Who has gone meanwhile is not asked for: nothing was begun for them.
        waiting = [(asked, answer) for asked, answer in self._waiting if not answer.done()]
        taken, self._waiting = waiting[: self._most], waiting[self._most :]
        if not taken:
            self._busy = False
            return
        self._thread.submit(self._do, loop, [asked for asked, _ in taken], [answer for _, answer in taken])

    def _do(
        self, loop: asyncio.AbstractEventLoop, asked: Sequence[Asked], answers: Sequence["asyncio.Future[Answer]"]
    ) -> None:
        """In the thread."""
        try:
            given = self._work(asked)
        except Exception as error:
            given = [error] * len(asked)
        loop.call_soon_threadsafe(self._end, loop, answers, given)

    def _end(
        self,
        loop: asyncio.AbstractEventLoop,
        answers: Sequence["asyncio.Future[Answer]"],
        given: Sequence[Answer | Exception],
    ) -> None:
        for answer, one in zip(answers, given, strict=True):
            if answer.done():
                continue
            if isinstance(one, Exception):
                answer.set_exception(one)
            else:
                answer.set_result(one)
        self._begin(loop)
