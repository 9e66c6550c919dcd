"""What waits for the end of a turn of the event loop, to be done there together. For `tracker.protocol`."""

import asyncio
from collections.abc import Callable


class Turn:
    """One per tracker process; used from its event loop."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def at_end(self, loop: asyncio.AbstractEventLoop, do: Callable[[], None]) -> None:
        """Calls `do`, which must not raise, in the order in which this was called, once all is read that can be read now."""
        if not self._waiting:
            loop.call_soon(self._end)
        self._waiting.append(do)

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, []
        for do in waiting:
            do()
