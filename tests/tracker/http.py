"""A client that sends a target exactly as it is written: no library in between tidies it up."""

import asyncio
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes


async def read_answer(reader: asyncio.StreamReader, method: str = "GET") -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    status_line, _, lines = head.partition(b"\r\n")
    headers = BytesHeaderParser().parsebytes(lines)
    length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
    return Answer(int(status_line.split()[1]), headers, await reader.readexactly(length))


def request(target: str, method: str = "GET", **headers: str) -> bytes:
    """A request; `user_agent="x"` becomes `user-agent: x`."""
    headers = {"host": "localhost", "user_agent": IPHONE} | headers
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def ask(port: int, target: str, method: str = "GET", **headers: str) -> Answer:
    """One request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request(target, method, connection="close", **headers))
        answer = await read_answer(reader, method)
        assert await reader.read() == b""
        return answer
    finally:
        writer.close()
        await writer.wait_closed()
