"""A client that knows exactly what it sent and what became of it: for whoever asks whether a click was lost.

Load generators give up the requests that are under way when they end. This one counts each: sent and answered, by status,
or sent and never answered, because the connection broke. Used by the rounds of this folder.
"""

import asyncio
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import cast

import uvloop

UNANSWERED = 0
"""The outcome of a request whose connection broke before its answer was whole. It may have been heard, or not."""

CONNECT_AGAIN_S = 0.05
SILENT_S = 30.0
"""A server that answers nothing for so long will not."""


class CountingClient:
    """Sends each request once, in their order, over connections that are kept alive; one request at a time on each.

    A connection that breaks is opened again, for as long as it takes: a server that is not there was sent nothing.
    """

    def __init__(self, port: int, requests: Iterable[bytes], connections: int = 32) -> None:
        self.outcomes = array("H")
        """The status of each request that was sent, or UNANSWERED; in the order of the requests."""
        self.answered = 0
        self._port = port
        self._requests = iter(requests)
        self._connections = connections
        self._ended = False

    @property
    def sent(self) -> int:
        return len(self.outcomes)

    @property
    def unanswered(self) -> int:
        return self.sent - self.answered

    def by_status(self) -> Counter[int]:
        """How many requests were answered with each status."""
        found = Counter(self.outcomes)
        found.pop(UNANSWERED, None)
        return found

    def end(self) -> None:
        """Sends no more; what is under way is still waited for. May be called from any thread."""
        self._ended = True

    async def run(self) -> None:
        """Returns once all requests are sent, or `end` was called, and each is answered or its connection broken. Raises
        TimeoutError when nothing is answered for SILENT_S."""
        lanes = asyncio.gather(*(self._keep_connected() for _ in range(self._connections)))
        answered = -1
        while not lanes.done() and answered < self.answered:
            answered = self.answered
            await asyncio.wait([lanes], timeout=SILENT_S)
        if not lanes.done():
            lanes.cancel()
            with suppress(asyncio.CancelledError):
                await lanes
            raise TimeoutError(f"no answer for {SILENT_S} seconds; {self.unanswered} requests have none")
        await lanes

    def next_request(self) -> tuple[int, bytes] | None:
        """The next request to send and its number: from now on it counts as sent. None: there are no more."""
        request = None if self._ended else next(self._requests, None)
        if request is None:
            self._ended = True
            return None
        self.outcomes.append(UNANSWERED)
        return len(self.outcomes) - 1, request

    def record(self, number: int, status: int) -> None:
        self.outcomes[number] = status
        self.answered += 1

    async def _keep_connected(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._ended:
            try:
                transport, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(CONNECT_AGAIN_S)
                continue
            try:
                await connection.broken
            finally:
                transport.close()


class _Connection(asyncio.Protocol):
    def __init__(self, client: CountingClient) -> None:
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._client = client
        self._received = b""
        self._number = UNANSWERED

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send_next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        missing = _length(head) - len(body)
        if missing > 0:
            return
        if missing < 0:
            self.broken.set_exception(ValueError(f"{-missing} bytes behind an answer that nobody asked for"))
            return
        self._received = b""
        self._client.record(self._number, int(head[len("HTTP/1.1 ") :][:3]))
        self._send_next()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.broken.done():
            self.broken.set_result(None)

    def _send_next(self) -> None:
        taken = self._client.next_request()
        if taken is None:
            self._transport.close()
        else:
            self._number, request = taken
            self._transport.write(request)


def _length(head: bytes) -> int:
    """What Content-Length says; 0 for an answer without a body."""
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


@contextmanager
def load(port: int, requests: Iterable[bytes], connections: int = 32) -> Iterator[CountingClient]:
    """A client that sends beside the block, in a thread of its own, until the requests or the block end."""
    client = CountingClient(port, requests, connections)
    with ThreadPoolExecutor(1, "counting-client") as thread:
        sending = thread.submit(_send, client)
        try:
            yield client
        finally:
            client.end()
            sending.result()


def send(port: int, requests: Iterable[bytes], connections: int = 32) -> CountingClient:
    """Sends all the requests; returns when each is answered or its connection broken."""
    client = CountingClient(port, requests, connections)
    _send(client)
    return client


def _send(client: CountingClient) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(client.run())
