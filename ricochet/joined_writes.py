"""Uvicorn's HTTP protocol, writing the head of an answer together with its body. Used by `ricochet serve`.

Uvicorn writes them one after the other: two system calls, two packets, and a client that wakes up twice. Short answers are
most of what an API gives, and to send one costs as much as to make it.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class JoinedWrites(HttpToolsProtocol):
    """One connection."""

    def on_headers_complete(self) -> None:
        former = self.cycle
        super().on_headers_complete()
        if self.cycle is not former:  # The application begins in the next turn of the loop, so nothing is written yet.
            self.cycle.transport = cast(asyncio.Transport, _Joined(self.transport, self.loop))


class _Joined:
    """What an answer is written to: the connection, as far as uvicorn needs it for one. What is written first waits for what
    follows, but no longer than this turn of the loop."""

    __slots__ = ("_begun", "_first", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._begun = False
        self._first = b""

    def write(self, data: bytes) -> None:
        if self._begun:
            first, self._first = self._first, b""
            self._transport.write(first + data)
        else:
            self._begun, self._first = True, data
            self._loop.call_soon(self._write_first)

    def _write_first(self) -> None:
        if self._first:
            self.write(b"")

    def close(self) -> None:
        self._write_first()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()
