"""What is sent to the short domain, read to a bound: nobody fills its memory. For page events and what pages send."""

from linksvc.errors import Problem, TooLarge
from tracker.requests import Headers
from tracker.responses import Receive


class Disconnected(Problem):
    """The client went before it had sent all: nobody reads the answer."""

    title = "The request was cut off"
    code = "request_cut_off"


async def read_body(headers: Headers, receive: Receive, most_bytes: int) -> bytes:
    """The body of a request. Raises TooLarge without reading on, Disconnected."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and (len(declared) > 18 or int(declared) > most_bytes):
        raise _too_large(most_bytes)
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
