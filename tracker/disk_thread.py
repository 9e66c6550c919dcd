"""A thread that does one piece of work after another and tells the event loop. For the spool, which waits for the disk.

An executor does the same with a future and two locks for each piece, which cost a tracker as much as eight hits.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Done(Generic[Result]):
    """What became of a piece of work: its result, or the defect that ended it."""

    __slots__ = ("_value", "defect")

    def __init__(self, value: Result | None, defect: BaseException | None) -> None:
        self._value = value
        self.defect = defect

    def result(self) -> Result:
        if self.defect:
            raise self.defect
        return self._value  # type: ignore[return-value]


class DiskThread:
    """Starts with its first piece of work; ends with `close`, or with the process."""

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._closed = False

    def submit(
        self, loop: asyncio.AbstractEventLoop, work: Callable[[], Result], tell: Callable[[Done[Result]], None]
    ) -> None:
        """Does the work in the thread, behind what was submitted before; `tell` is called in the loop. Raises RuntimeError
        once it is closed: nobody would do it."""
        if self._closed:
            raise RuntimeError("the thread is closed")
        if not self._thread.ident:
            self._thread.start()
        self._queue.put(partial(_do, loop, work, tell))

    async def run(self, work: Callable[[], Result]) -> Result:
        """Does the work in the thread and waits for it; raises what it raises."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Done[Result]] = loop.create_future()
        self.submit(loop, work, partial(_settle, done))
        return (await done).result()

    def close(self) -> None:
        """Ends the thread once all is done that was submitted."""
        self._closed = True
        self._queue.put(None)
        if self._thread.ident:
            self._thread.join()

    def _run(self) -> None:
        while (do := self._queue.get()) is not None:
            do()


def _do(loop: asyncio.AbstractEventLoop, work: Callable[[], Result], tell: Callable[[Done[Result]], None]) -> None:
    done: Done[Result]
    try:
        done = Done(work(), None)
    except BaseException as defect:
        done = Done(None, defect)
    # Nobody waits any more in a loop that is closed.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(tell, done)


def _settle(future: "asyncio.Future[Done[Result]]", done: Done[Result]) -> None:
    if not future.done():
        future.set_result(done)
