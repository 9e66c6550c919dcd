"""What is still to happen: answers on their way, phones about to be picked up. The simulator is idle when it is empty."""

import asyncio
from collections.abc import Awaitable, Callable


class Agenda:
    """Runs actions later, as tasks of the running loop.

    `on_failure` is told of an action that raised; nothing is swallowed.
    """

    def __init__(self, on_failure: Callable[[Exception], None]) -> None:
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_empty(self) -> bool:
        return not self._tasks

    def later(self, delay_s: float, action: Callable[[], Awaitable[None]]) -> None:
        """Runs `action` in `delay_s` seconds, unless `clear` comes first."""
        task = asyncio.create_task(self._run(delay_s, action))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def clear(self) -> None:
        """Drops whatever has not happened yet."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, delay_s: float, action: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(delay_s)
        try:
            await action()
        except Exception as error:
            self._on_failure(error)
