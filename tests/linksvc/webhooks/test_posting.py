"""One POST to whoever is there: what it connects to, how long it waits, what it makes of the answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address

import httpcore2
import pytest

from linksvc.webhooks.addresses import AddressRefused, Network
from linksvc.webhooks.posting import BODY_MOST_BYTES, KEPT_CHARACTERS, Outcome, Poster
from tests.linksvc.webhooks.scenes import LOOPBACK

OF_SOMEBODY = (
    *("127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),  # noqa: S104
    *("224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fec0::1", "fc00::1", "ff02::1", "::127.0.0.1"),
    *("::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1"),
)

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def speaking(speak: Speak) -> AsyncIterator[str]:
    """The address of somebody who says what they like after a request."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"{}")
            await speak(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def saying(answer: bytes) -> Speak:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return speak


async def post(url: str, attempt_s: float = 10.0) -> Outcome:
    async with Poster(LOOPBACK, 10, attempt_s=attempt_s) as poster:
        return await poster.post(url, {}, b"{}")


async def answered(answer: bytes) -> Outcome:
    async with speaking(saying(answer)) as url:
        return await post(url)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_any_2xx_is_a_success(status: int) -> None:
    outcome = await answered(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
    assert outcome.delivered and (outcome.status, outcome.error) == (status, "")


@pytest.mark.parametrize("status", [300, 301, 307, 400, 404, 410, 429, 500, 503])
async def test_anything_else_is_none(status: int) -> None:
    outcome = await answered(f"HTTP/1.1 {status} X\r\nLocation: http://10.0.0.1/\r\nContent-Length: 2\r\n\r\nno".encode())
    assert not outcome.delivered and outcome.status == status and outcome.error and outcome.answer == "no"
    assert outcome.gone == (status == 410)


@pytest.mark.parametrize(
    ("told", "least", "most"), [("120", 120, 120), ("-5", 0, 0), ("soon", 0, 0), ("9" * 400, 1e11, 1e12)]
)
async def test_a_receiver_may_ask_for_a_rest(told: str, least: float, most: float) -> None:
    outcome = await answered(f"HTTP/1.1 503 X\r\nRetry-After: {told}\r\nContent-Length: 0\r\n\r\n".encode())
    assert least <= outcome.retry_after_s <= most


async def test_a_rest_may_be_told_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    outcome = await answered(f"HTTP/1.1 429 X\r\nRetry-After: {later}\r\nContent-Length: 0\r\n\r\n".encode())
    assert 3_500 < outcome.retry_after_s <= 3_600


async def test_an_endless_answer_is_read_to_its_beginning() -> None:
    sent = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 500 X\r\nContent-Length: 99999999999\r\n\r\n")
        while True:
            writer.write(b"\x00x" * 8_192)
            sent += 16_384
            await writer.drain()

    async with speaking(flood) as url:
        outcome = await post(url)
    assert outcome.status == 500 and outcome.answer == "\ufffdx" * (KEPT_CHARACTERS // 2)
    assert sent < 1_000 * BODY_MOST_BYTES


async def test_a_success_counts_though_its_body_never_ends() -> None:
    over = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nx")
        await over.wait()

    async with speaking(drip) as url:
        outcome = await post(url, attempt_s=1.0)
        over.set()
    assert outcome.delivered


@pytest.mark.parametrize(
    ("speak", "error"),
    [
        (saying(b""), "broke before the answer|not HTTP"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "not HTTP"),
        (saying(b"HTTP/1.1 200 X\r\n" + b"A: " + b"x" * 200_000), "not HTTP"),
    ],
)
async def test_what_is_no_answer_is_told_as_such(speak: Speak, error: str) -> None:
    async with speaking(speak) as url:
        outcome = await post(url)
    assert outcome.status == 0 and any(one in outcome.error for one in error.split("|")), outcome.error


async def test_where_nobody_listens_there_is_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert (await post(f"http://127.0.0.1:{port}/")).error == "no connection"


async def test_a_name_that_is_none_is_told() -> None:
    async with Poster((), 10) as poster:
        outcome = await poster.post("https://no-such-host.invalid/", {}, b"{}")
    assert outcome.status == 0 and outcome.error.startswith("no connection")


@pytest.mark.parametrize("address", OF_SOMEBODY)
def test_no_address_of_somebodys_network_is_reached(address: str) -> None:
    assert not Network((), public=True).may_reach(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_internet_is_reached_with_tls_alone(address: str) -> None:
    assert Network((), public=True).may_reach(ip_address(address))
    assert not Network(LOOPBACK, public=False).may_reach(ip_address(address))


async def test_a_name_is_resolved_once_and_the_address_that_passed_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads to the internet when it is checked and inwards when it is connected to gets nowhere."""
    asked: list[str] = []

    async def resolve(host: str, port: int, **_: object) -> Sequence[tuple[object, ...]]:
        asked.append(host)
        inward = len(asked) > 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1" if inward else "203.0.113.9", port))]

    connected: list[str] = []

    async def connect(_: object, host: str, *__: object) -> httpcore2.AsyncNetworkStream:
        connected.append(host)
        raise httpcore2.ConnectError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    network = Network((), public=True)
    monkeypatch.setattr(network, "may_reach", lambda address: str(address) == "203.0.113.9")
    with pytest.raises(httpcore2.ConnectError):
        await network.connect_tcp("rebinding.example", 443)
    assert (asked, connected) == (["rebinding.example"], ["203.0.113.9"])
    with pytest.raises(AddressRefused):
        await network.connect_tcp("rebinding.example", 443)
    assert connected == ["203.0.113.9"]
