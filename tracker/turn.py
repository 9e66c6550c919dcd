"""What is asked in a turn of the event loop, answered together behind it. Between `tracker.protocol` and the redirect."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from tracker.requests import Headers
from tracker.responses import Response

SendResponse = Callable[[Response], None]

Asked = tuple[str, bytes, Headers, str, SendResponse]
"""GET or HEAD of what may be a known link: the method, the code, the headers, the peer's address, and who gets the response
once it is known what became of the hit."""

AnswerKnown = Callable[[Sequence[Asked]], list[int]]
"""Answers what is asked for known links that lead everybody to one place, and says the places of the other requests. Raises
nothing."""


class Asking(Protocol):
    """A connection. It asks for one thing at a time."""

    def read_again(self) -> None:
        """What it asked for is none for the short way. Raises nothing: others of the turn wait behind it."""


class Turn:
    """One per tracker process; used from its event loop."""

    def __init__(self, answer_known: AnswerKnown) -> None:
        self._answer_known = answer_known
        self.asked: dict[Asking, Asked] = {}
        """What waits for the end of the turn."""

    def ask(self, loop: asyncio.AbstractEventLoop, connection: Asking, asked: Asked) -> None:
        """To be answered once all is read that can be read now; what is none for the short way goes behind the others."""
        if not self.asked:
            loop.call_soon(self._end)
        self.asked[connection] = asked

    def settle(self, connection: Asking) -> None:
        """Answers at once what a connection asked."""
        self._answer({connection: self.asked.pop(connection)})

    def _end(self) -> None:
        asked, self.asked = self.asked, {}
        self._answer(asked)

    def _answer(self, asked: dict[Asking, Asked]) -> None:
        connections = tuple(asked)
        for place in self._answer_known(tuple(asked.values())):
            connections[place].read_again()
