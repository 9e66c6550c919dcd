"""Answers leave whole where they are there whole, and piece by piece where they are made so."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ricochet import joined_writes
from ricochet.joined_writes import JoinedWrites


async def echo(request: Request) -> Response:
    return PlainTextResponse(await request.body() or b"nothing")


async def stream(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await request.app.state.read.wait()
        yield b"second"

    return StreamingResponse(chunks())


class _Recording(joined_writes._Joined):
    """What leaves, write by write."""

    left: list[bytes]

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(_Told(transport, self.left), loop)  # type: ignore[arg-type]


class _Told:
    def __init__(self, transport: Any, left: list[bytes]) -> None:
        self._transport, self._left = transport, left

    def write(self, data: bytes) -> None:
        self._left.append(bytes(data))
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    left: list[bytes] = []
    monkeypatch.setattr(_Recording, "left", left, raising=False)
    monkeypatch.setattr(joined_writes, "_Joined", _Recording)
    yield left


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, Starlette]]:
    app = Starlette(routes=[Route("/echo", echo, methods=["GET", "POST"]), Route("/stream", stream)])
    app.state.read = asyncio.Event()
    config = uvicorn.Config(app, port=0, http=JoinedWrites, lifespan="off", log_config=None)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname()[:2])
    try:
        yield reader, writer, app
    finally:
        writer.close()
        await server.shutdown()


async def answer(reader: asyncio.StreamReader, body: bytes) -> bytes:
    return await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(len(body))


async def test_an_answer_leaves_in_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    with recorded(monkeypatch) as left:
        async with connected() as (reader, writer, _):
            for body in (b"one", b"another"):
                writer.write(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
                assert (await answer(reader, body)).endswith(b"\r\n\r\n" + body)
    assert [whole.endswith(body) for whole, body in zip(left, (b"one", b"another"), strict=True)] == [True, True]


async def test_requests_behind_each_other_are_answered_in_their_order() -> None:
    async with connected() as (reader, writer, _):
        bodies = [b"%d" % number for number in range(9)]
        writer.write(b"".join(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n" + body for body in bodies))
        assert [(await answer(reader, body))[-1:] for body in bodies] == bodies


async def test_what_has_no_body_and_what_ends_the_connection_leave_too() -> None:
    async with connected() as (reader, writer, _):
        writer.write(b"HEAD /echo HTTP/1.1\r\nhost: a\r\n\r\n")
        assert b" 200 OK" in await answer(reader, b"")
        writer.write(b"GET /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\nnothing")


async def test_a_client_that_waits_to_be_told_to_go_on_is_told() -> None:
    async with connected() as (reader, writer, _):
        writer.write(b"POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
        assert await answer(reader, b"") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"sent")
        assert (await answer(reader, b"sent")).endswith(b"sent")


async def test_of_a_stream_each_piece_leaves_as_it_is_made() -> None:
    async with connected() as (reader, writer, app):
        writer.write(b"GET /stream HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await reader.readuntil(b"first\r\n")).startswith(b"HTTP/1.1 200 OK")
        app.state.read.set()
        assert (await reader.readuntil(b"0\r\n\r\n")).startswith(b"6\r\nsecond")
