"""A load generator for machines without wrk: keep-alive connections, each sending its next request when it has the answer.

Slower than wrk (it is Python too), so it says less of a fast server. load.py ADDRESS CONNECTIONS SECONDS, the paths in the
file that PATHS names; prints what `redirect.py` reads of wrk.
"""

import asyncio
import os
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


class Connection(asyncio.Protocol):
    """Counts an answer at the end of its head: a redirect has no body."""

    def __init__(self, requests: "cycle[bytes]", seconds: list[float], failed: list[bytes]) -> None:
        self._requests, self._seconds, self._failed = requests, seconds, failed
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by inheritance.
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if b"\r\n\r\n" in self._buffer:
            self._seconds.append(time.perf_counter() - self._began)
            if not self._buffer.startswith(b"HTTP/1.1 302"):
                self._failed.append(self._buffer[:40])
            self._buffer = b""
            self._send()

    def _send(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(next(self._requests))


async def main(address: str, connections: int, seconds: float) -> None:
    target = urlsplit(address)
    head = f"host: {target.netloc}\r\nuser-agent: {AGENT}\r\naccept-language: fr-FR,fr;q=0.9"
    paths = Path(os.environ["PATHS"]).read_text().split()
    requests = cycle([f"GET {path} HTTP/1.1\r\n{head}\r\n\r\n".encode() for path in paths])
    took: list[float] = []
    failed: list[bytes] = []
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(requests, took, failed), target.hostname, target.port)
        for _ in range(connections)
    ]
    took.clear()
    await asyncio.sleep(seconds)
    answered = sorted(took)
    for transport, _ in opened:
        transport.close()
    if failed:
        sys.exit(f"Non-2xx or 3xx responses: {len(failed)}, the first {failed[0]!r}")
    print(f"99% {answered[int(len(answered) * 0.99)] * 1000:.2f}ms")
    print(f"{len(answered)} requests in {seconds}s")
    print(f"Requests/sec: {len(answered) / seconds:.2f}")


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
