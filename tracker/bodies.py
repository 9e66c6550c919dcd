"""What is sent to the short domain, read to a bound and within a time: nobody fills its memory, nor holds a connection by
sending slowly. For page events and what pages send."""

import asyncio

from linksvc.errors import Problem, TooLarge
from tracker.requests import Headers
from tracker.responses import Receive

WITHIN_S = 10.0
"""For a few kilobytes, on the slowest phone network."""


class TooSlow(Problem):
    status = 408
    title = "The request did not arrive in time"
    code = "request_too_slow"


class Disconnected(Problem):
    """The client went before it had sent all: nobody reads the answer."""

    title = "The request was cut off"
    code = "request_cut_off"


async def read_body(headers: Headers, receive: Receive, most_bytes: int) -> bytes:
    """The body of a request. Raises TooLarge without reading on, TooSlow, Disconnected."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and (len(declared) > 18 or int(declared) > most_bytes):
        raise _too_large(most_bytes)
    try:
        async with asyncio.timeout(WITHIN_S):
            return await _read(receive, most_bytes)
    except TimeoutError:
        raise TooSlow(f"It was to arrive within {WITHIN_S:.0f} seconds.", retryable=True) from None


async def _read(receive: Receive, most_bytes: int) -> bytes:
    pieces: list[bytes] = []
    taken, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected("The request ended before its body did.")
        piece, more = message.get("body", b""), message.get("more_body", False)
        taken += len(piece)
        if taken > most_bytes:
            raise _too_large(most_bytes)
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(most_bytes: int) -> TooLarge:
    return TooLarge(f"At most {most_bytes:,} bytes are taken here in one request.")
