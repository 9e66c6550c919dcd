"""The counting client against servers that do what servers do: answer in pieces, break off, die and come back."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from tests.rounds.counting_client import UNANSWERED, CountingClient, load, send

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

FOUND = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"
MISSING = b"HTTP/1.1 404 Not Found\r\ncontent-length: 7\r\ncontent-type: text/plain\r\n\r\nnothing"


def requests(count: int) -> list[bytes]:
    return [b"GET /%d HTTP/1.1\r\nhost: localhost\r\n\r\n" % i for i in range(count)]


def number_of(request: bytes) -> int:
    return int(request.split()[1][1:])


@asynccontextmanager
async def serving(answer: Handler, port: int = 0) -> AsyncIterator[int]:
    handling = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handling.add(asyncio.current_task())
        try:
            await answer(reader, writer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in filter(None, handling):
            task.cancel()
        await asyncio.gather(*filter(None, handling), return_exceptions=True)


async def test_each_request_is_sent_once_and_its_answer_counted_by_status() -> None:
    heard = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heard.append(number_of(await reader.readuntil(b"\r\n\r\n")))
            writer.write(MISSING if heard[-1] % 3 == 0 else FOUND)

    async with serving(answer) as port:
        client = CountingClient(port, requests(300), connections=7)
        await client.run()
    assert sorted(heard) == list(range(300))
    assert list(client.outcomes) == [404 if i % 3 == 0 else 302 for i in range(300)]
    assert client.by_status() == {302: 200, 404: 100}
    assert (client.sent, client.answered, client.unanswered) == (300, 300, 0)


async def test_an_answer_in_pieces_is_one_answer() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            for piece in (MISSING[:5], MISSING[5:70], MISSING[70:-3], MISSING[-3:]):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)

    async with serving(answer) as port:
        client = CountingClient(port, requests(20), connections=2)
        await client.run()
    assert client.by_status() == {404: 20}


async def test_a_request_whose_connection_breaks_counts_as_sent_and_unanswered_and_is_not_sent_again() -> None:
    heard = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heard.append(number_of(await reader.readuntil(b"\r\n\r\n")))
            if heard[-1] % 10 == 0:
                writer.write(FOUND[:-2])
                return
            writer.write(FOUND)

    async with serving(answer) as port:
        client = CountingClient(port, requests(100), connections=3)
        await client.run()
    assert sorted(heard) == list(range(100))
    assert [i for i, outcome in enumerate(client.outcomes) if outcome == UNANSWERED] == list(range(0, 100, 10))
    assert (client.sent, client.answered, client.unanswered) == (100, 90, 10)


async def test_a_server_that_is_not_there_is_sent_nothing_and_waited_for() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(FOUND)

    with socket.socket() as reserved:
        # Bound and not listening: whoever connects is refused.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        client = CountingClient(port, requests(50), connections=4)
        sending = asyncio.create_task(client.run())
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert client.sent == 0
        async with serving(answer, port):
            await sending
    assert client.by_status() == {302: 50}


async def test_what_nobody_asked_for_is_an_error_and_no_answer() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(FOUND + FOUND)
        await reader.read()

    async with serving(answer) as port:
        with pytest.raises(ValueError, match="bytes behind an answer"):
            await CountingClient(port, requests(5), connections=1).run()


async def test_a_load_ends_with_its_block_and_leaves_nothing_uncounted() -> None:
    heard = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(FOUND)

    def sent_in_a_thread(port: int) -> CountingClient:
        endless = iter(lambda: b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", None)
        with load(port, endless, connections=3) as client:
            while client.answered < 100:
                pass
        return client

    async with serving(answer) as port:
        client = await asyncio.to_thread(sent_in_a_thread, port)
        more = await asyncio.to_thread(send, port, requests(10))
    assert client.sent == client.answered == len(heard) - 10
    assert more.by_status() == {302: 10}
