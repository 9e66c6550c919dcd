"""The load of `redeem.py`: keep-alive connections, each redeeming its next code when it has the answer.

redeeming.py ADDRESS CONNECTIONS SECONDS FIRST, the API key in KEY; codes are numbered from FIRST on, CODES_A_SECOND of
them. Prints the number of redemptions a second and the milliseconds that all but one in a hundred took.
"""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from typing import NoReturn, cast
from urllib.parse import urlsplit

import uvloop

CODES_A_SECOND = 20_000
"""More than any machine redeems one by one."""

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def code_of(number: int) -> str:
    return f"B{number:09d}"


class Connection(asyncio.Protocol):
    """Counts an answer once all of it is there; anything but 201 ends the benchmark."""

    def __init__(self, host: str, numbers: Iterator[int], seconds: list[float]) -> None:
        self._numbers, self._seconds = numbers, seconds
        self._head = f"POST /v1/redemptions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {os.environ['KEY']}\r\n"
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and length and len(body) >= int(length[1]):
            if not head.startswith(b"HTTP/1.1 201"):
                _end(self._buffer)
            self._seconds.append(time.perf_counter() - self._began)
            self._buffer = b""
            self._send()

    def _send(self) -> None:
        number = next(self._numbers, None)
        if number is None:
            _end(b"the codes are used up: CODES_A_SECOND is too small for this machine")
        sent = {"code": code_of(number), "order_ref": f"R-{number}", "order": {"amount": 4_990, "currency": "EUR"}}
        body = json.dumps(sent)
        self._began = time.perf_counter()
        self._transport.write(
            f"{self._head}content-type: application/json\r\nidempotency-key: key-{number}\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}".encode()
        )


def _end(why: bytes) -> NoReturn:
    os.write(2, why + b"\n")
    os._exit(1)


async def main(address: str, connections: int, seconds: float, first: int) -> None:
    target = urlsplit(address)
    took: list[float] = []
    numbers = iter(range(first, first + round(seconds * CODES_A_SECOND)))
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(target.netloc, numbers, took), target.hostname, target.port)
        for _ in range(connections)
    ]
    took.clear()
    await asyncio.sleep(seconds)
    answered = sorted(took)
    for transport, _ in opened:
        transport.close()
    print(len(answered) / seconds, answered[int(len(answered) * 0.99)] * 1_000)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
