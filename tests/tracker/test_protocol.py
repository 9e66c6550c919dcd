"""The short way of a known link beside uvicorn's usual one: the same bytes are answered the same, and one hit is one hit."""

import asyncio
import os
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Engine
from structlog.testing import capture_logs
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from linksvc.ad_hoc_links import create_link
from linksvc.database import writing
from linksvc.keys import Keyring
from linksvc.link_terms import LinkTerms
from linksvc.links import NewLink
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from linksvc.short_links import ShortLinks
from tests.factories import NOW, produced_campaign, workspace
from tests.tracker.conftest import SECRET, Served, serving
from tests.tracker.http import read_answer, request
from tests.tracker.wire import exchange
from tracker.guessing import BUCKET_SIZE, LEAST_MISSES
from tracker.losses import Loss
from tracker.protocol import MOST_REQUEST_BYTES, TrackerProtocol
from tracker.spool import ENOUGH, MAX_WAITING

KNOWN, UNKNOWN = b"{known}", b"{unknown}"
LAST = b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
"""Closes a connection that whatever came before it left open."""

ANSWER_S = 0.5
"""For an answer that may not come, before the next packet is sent."""

PATIENCE_S = 30.0
"""For what surely comes, on a machine that is busy."""


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    return sqlite_engine


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    return sqlite_settings


@pytest.fixture
def codes_of(engine: Engine, codes: ShortCodes) -> dict[bytes, bytes]:
    """The codes that KNOWN and UNKNOWN stand for."""
    campaign = produced_campaign(engine, workspace(engine), 10)
    return {KNOWN: codes.encode(1000 * campaign + 3).encode(), UNKNOWN: codes.encode(2**50).encode()}


@pytest.fixture
def code(codes_of: dict[bytes, bytes]) -> str:
    return codes_of[KNOWN].decode()


@dataclass
class Disk:
    """fdatasync, which may be held back; `reached` says how many commits wait or are through."""

    free: threading.Event = field(default_factory=threading.Event)
    reached: int = 0

    def __call__(self, descriptor: int) -> None:
        self.reached += 1
        self.free.wait(20)
        os.fdatasync(descriptor)


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    disk.free.set()
    yield disk
    disk.free.set()


@pytest.fixture
async def served(settings: Settings, engine: Engine, keyring: Keyring, codes_of: dict[bytes, bytes], disk: Disk) -> Any:  # noqa: ARG001
    async with serving(settings, engine, keyring, sync=disk) as served:
        yield served


# Both ways beside each other


@dataclass(frozen=True)
class Pair:
    """The same tracker under its own protocol and under uvicorn's, and the codes they know."""

    short: Served
    usual: Served
    codes_of: dict[bytes, bytes]

    async def compare(self, packets: list[bytes], client: str, answer_s: float = 0) -> tuple[bytes, bytes]:
        """What each answers to the same packets from the same address; `answer_s` as in `exchange`."""
        for name, code in self.codes_of.items():
            packets = [packet.replace(name, code) for packet in packets]
        short, usual = await asyncio.gather(
            *(exchange(s.port, packets, client, 1.5, answer_s) for s in (self.short, self.usual))
        )
        return short, usual


@pytest.fixture
async def pair(
    engine: Engine, keyring: Keyring, codes_of: dict[bytes, bytes], settings: Settings, tmp_path: Path
) -> AsyncIterator[Pair]:
    plain = Settings(data_dir=tmp_path / "usual", database_url=settings.database_url, secret_key=SecretStr(SECRET))
    async with AsyncExitStack() as both:
        short = await both.enter_async_context(serving(settings, engine, keyring))
        usual = await both.enter_async_context(serving(plain, engine, keyring, http=HttpToolsProtocol))
        yield Pair(short, usual, codes_of)


def head(target: bytes, *lines: bytes, method: bytes = b"GET", version: bytes = b"1.1", host: bytes = b"localhost") -> bytes:
    return b"\r\n".join([b"%b %b HTTP/%b" % (method, target, version), b"Host: " + host, *lines, b"", b""])


A = b"/" + KNOWN
TARGETS = [
    A,
    b"/" + UNKNOWN,
    b"/",
    b"/short",
    A + b"?",
    A + b"?a=1&b=2",
    A + b"?a#b",
    A + b"#b",
    A + b".",
    A + b"/",
    A + b"//",
    A + b";p",
    A + b"%2E",
    A + b"%",
    A + b"%zz",
    A + b"?%",
    A + b"?%00",
    A + b"?\xc3\xa9",
    A + b"\xe2\x80\xa6",
    A + b"x",
    A + KNOWN,
    b"/" + A,
    b"/x" + A,
    b"/.." + A,
    b"/%41aaaaaaaaaa",
    b"/%2F" + KNOWN,
    b"/\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9a",
    b"/favicon.ico",
    b"/robots.txt",
    b"/.well-known/x",
    b"?" + KNOWN,
    b"#" + KNOWN,
    b"*",
    KNOWN,
    b"http://localhost" + A,
    b"HTTP://LOCALHOST:80" + A + b"?x",
    b"http://localhost",
    b"http://",
    b"x:y",
    A + b"?" + b"a" * 3_000,
]
HEADS = [
    *(head(target) for target in TARGETS),
    *(head(target, method=b"HEAD") for target in TARGETS[:4]),
    *(head(A, method=method) for method in (b"POST", b"PUT", b"OPTIONS", b"TRACE", b"QUERY", b"get", b"GETT", b"")),
    *(head(A, host=host) for host in (b"", b" localhost ", b"LOCALHOST:80", b"localhost.", b"other.example", b"localhost:")),
    head(A, b"Host: localhost"),
    head(A, b"Host: other.example"),
    b"GET " + A + b" HTTP/1.1\r\n\r\n",
    head(A, b"User-Agent: one", b"User-Agent: two"),
    head(A, b"Cookie: a", b"Cookie: b", b"Connection: close"),
    head(A, b"Cookie: a", b"Cookie: b", b"Connection: keep-alive", version=b"1.0"),
    head(A, b"Referer: https://r.example/x?y", b"Accept-Language: fr-FR,fr", b"Sec-GPC: 1", b"Sec-Purpose: prefetch"),
    head(A, b"X: " + b"x" * 20_000),
    *(head(A, version=version) for version in (b"1.0", b"2.0", b"0.9", b"1.2", b"11", b"")),
    *(
        head(A, b"%b: %b" % (name, value), version=version)
        for name in (b"Connection", b"Proxy-Connection")
        for value in (b"close", b"Keep-Alive", b"close, keep-alive", b"Upgrade", b"other", b"")
        for version in (b"1.1", b"1.0", b"2.0")
    ),
]
BODIES = [
    head(A, b"Content-Length: 5") + b"hello",
    head(A, b"Content-Length: 0"),
    head(A, b"Content-Length: 5", b"Content-Length: 5") + b"hello",
    head(A, b"Content-Length: 0", b"Content-Length: 5") + b"hello",
    head(A, b"Content-Length: -1"),
    head(A, b"Content-Length: 5", b"X: 1", b"X: 2") + b"hello",
    head(A, b"Content-Length: 27", b"X: 1", b"X: 2") + b"GET " + A + b" HTTP/1.1\r\n\r\n",
    head(A, b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
    head(A, b"Transfer-Encoding: chunked", b"X: 1", b"X: 2") + b"5\r\nhello\r\n0\r\n\r\n",
    head(A, b"Transfer-Encoding: chunked") + b"0\r\nTrailer: x\r\nContent-Length: 5\r\n\r\n",
    head(A, b"Transfer-Encoding: chunked") + b"zz\r\n",
    head(A, b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"5\r\nhello\r\n0\r\n\r\n",
    head(A, b"Transfer-Encoding: identity"),
    head(A, b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    head(A, b"Content-Length: 5", method=b"POST") + b"hello",
    head(A, b"Content-Length: 5", method=b"HEAD") + b"hello",
    head(A, b"Expect: 100-continue", b"Content-Length: 5") + b"hello",
    head(A, b"Expect: 100-continue"),
    head(A, b"Expect: something"),
]
UPGRADES = [
    head(A, b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: x", b"Sec-WebSocket-Version: 13"),
    head(A, b"Connection: Upgrade", b"Upgrade: h2c"),
    head(A, b"Upgrade: websocket"),
    head(b"localhost:80", method=b"CONNECT"),
]
MALFORMED = [
    b"GET " + A + b" HTTP/1.1\nHost: localhost\n\n",
    head(A, b"X : 1"),
    head(A, b" folded"),
    head(A, b"X: 1\r\n folded"),
    head(A, b"X: \x00"),
    head(A, b"X: \x80\xff"),
    head(A, b"no colon"),
    head(A, b": nameless"),
    head(A, b"X\x80: 1"),
    b"\r\n\r\n" + head(A),
    b"  " + head(A),
    b"GET  " + A + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET " + A + b"\r\n",
    b"GET " + A + b" HTP/1.1\r\n\r\n",
    b"GET \x01 HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    b"nonsense",
]
PACKETS = [
    [head(A, b"Content-Length: 7", method=b"POST") + b"he", b"llo\r\n" + head(code), LAST] for code in (A, b"/" + UNKNOWN)
]
PACKETS += [
    [head(A, b"Content-Length: %d" % len(body), method=b"POST"), body, LAST]
    for body in (head(b"/" + b"a" * 10), b"x" + head(b"/" + b"a" * 10))
]
"""What looks like a request of its own, and is none, or not the whole packet."""


async def test_the_same_bytes_are_answered_as_by_uvicorn_itself_and_make_the_same_hits(
    pair: Pair, subtests: pytest.Subtests
) -> None:
    cases = (*HEADS, *BODIES, *UPGRADES, *MALFORMED)
    sent = [*([case + LAST] for case in cases), *PACKETS, *([case, LAST] for case in cases)]
    answer_s = [0.0] * (len(cases) + len(PACKETS)) + [ANSWER_S] * len(cases)
    clients = [f"127.{2 + i // 250}.{i % 250}.1" for i in range(len(sent))]
    answered = await asyncio.gather(*map(pair.compare, sent, clients, answer_s))
    for packets, client, (short, usual) in zip(sent, clients, answered, strict=True):
        with subtests.test(repr(packets)[:80]):
            assert short == usual
            assert hits_of(pair.short, client) == hits_of(pair.usual, client)
    assert len(pair.short.spooled()) > 50, "most of them were clicks"


def hits_of(served: Served, client: str) -> list[Any]:
    network = client.rpartition(".")[0] + ".0/24"
    return [hit for hit in served.spooled() if hit.network == network]


LINES = [
    b"Host: other.example",
    b"User-Agent: curl/8.9",
    b"user-agent: other",
    b"Accept-Language: fr",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Proxy-Connection: keep-alive",
    b"Sec-Purpose: prefetch",
    b"DNT: 1",
    b"X: 1",
]
CHARACTERS = st.sampled_from([b"?", b"/", b"%", b"2", b"E", b"#", b".", b";", b"a", b"=", b"&", b":", b"@", b"\xc3", b"+"])
TARGET = st.builds(
    b"".join,
    st.tuples(st.just(b"/"), st.sampled_from([KNOWN, KNOWN, UNKNOWN, b""]), st.lists(CHARACTERS, max_size=4).map(b"".join)),
)
REQUEST = st.builds(
    lambda target, lines, method, version: head(target, *lines, method=method, version=version),
    TARGET,
    st.lists(st.sampled_from(LINES), max_size=3),
    st.sampled_from([b"GET", b"GET", b"HEAD", b"POST"]),
    st.sampled_from([b"1.1", b"1.1", b"1.0"]),
)


@hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(REQUEST, min_size=1, max_size=4), st.booleans())
async def test_whatever_is_asked_on_a_connection_is_answered_as_by_uvicorn_itself(
    pair: Pair, requests: list[bytes], in_one: bool
) -> None:
    number = pair.usual.server.server_state.total_requests
    client = f"127.{20 + number // 250 % 200}.{number % 250}.1"
    requests.append(LAST)
    short, usual = await pair.compare([b"".join(requests)] if in_one else requests, client, ANSWER_S)
    assert short == usual
    assert hits_of(pair.short, client) == hits_of(pair.usual, client)


# One connection


class Connection:
    """A raw connection, open for the time of a block."""

    def __init__(self, port: int, client: str = "127.0.0.1", buffer_bytes: int = 65_536) -> None:
        self._port, self._client, self._buffer_bytes = port, client, buffer_bytes

    async def __aenter__(self) -> "Connection":
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer_bytes)
        raw.bind((self._client, 0))
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self._port))
        self.reader, self.writer = await asyncio.open_connection(sock=raw)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(self, *packets: bytes) -> int:
        """The status of the first answer."""
        for packet in packets:
            self.writer.write(packet)
        return (await read_answer(self.reader)).status

    async def is_closed(self, within_s: float = PATIENCE_S) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(), within_s) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True


async def until(happened: Any, within_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(within_s):
        while not happened():
            await asyncio.sleep(0.002)


async def test_requests_in_one_packet_are_answered_in_their_order_and_each_is_one_hit(served: Served, code: str) -> None:
    asked = [code, "nothing", code, code, f"{code}.", "robots.txt", code] * 10
    async with Connection(served.port) as connection:
        connection.writer.write(b"".join(request(f"/{target}", accept_language=f"x{i}") for i, target in enumerate(asked)))
        statuses = [(await read_answer(connection.reader)).status for _ in asked]
    assert statuses == [{"nothing": 404, "robots.txt": 200}.get(target, 302) for target in asked]
    clicks = [f"x{i}" for i, target in enumerate(asked) if target.startswith(code)]
    assert [hit.language for hit in served.spooled()] == clicks


async def test_each_way_of_answering_leaves_the_connection_to_the_other(
    served: Served, code: str, codes: ShortCodes
) -> None:
    unknown = codes.encode(2**50)
    async with Connection(served.port) as connection:
        for path, status in (code, 302), (unknown, 404), (code, 302), (code, 302), ("robots.txt", 200), (code, 302):
            assert await connection.ask(request(f"/{path}")) == status
    assert len(served.spooled()) == 4


async def of_server(served: Served) -> TrackerProtocol:
    """The server's side of the only connection."""
    await until(lambda: connections(served))
    (connection,) = connections(served)
    assert isinstance(connection, TrackerProtocol)
    return connection


async def test_packets_of_one_turn_are_answered_in_their_order(served: Served, code: str, codes: ShortCodes) -> None:
    unknown = codes.encode(2**50)
    asked = [unknown, code, unknown, "robots.txt", code, code, unknown]
    async with Connection(served.port) as connection:
        server = await of_server(served)
        for target in asked:
            server.data_received(request(f"/{target}"))
        statuses = [(await read_answer(connection.reader)).status for _ in asked]
    assert statuses == [{unknown: 404, code: 302}.get(target, 200) for target in asked]
    assert len(served.spooled()) == 3


async def test_a_server_that_ends_in_the_turn_of_a_request_answers_it_and_closes(
    served: Served, code: str, codes: ShortCodes, subtests: pytest.Subtests
) -> None:
    for target, status in (code, b"302"), (codes.encode(2**50), b"404"):
        with subtests.test(target):
            async with Connection(served.port) as connection:
                server = await of_server(served)
                server.data_received(request(f"/{target}"))
                server.shutdown()
                answered = await asyncio.wait_for(connection.reader.read(), PATIENCE_S)
                assert answered.startswith(b"HTTP/1.1 %b " % status)
            await until(lambda: not connections(served))


async def test_a_client_that_is_gone_in_the_turn_of_its_request_harms_nobody(
    served: Served, code: str, codes: ShortCodes
) -> None:
    with capture_logs() as logs:
        for target in code, codes.encode(2**50):
            async with Connection(served.port):
                server = await of_server(served)
                server.data_received(request(f"/{target}"))
                server.transport.abort()
                server.connection_lost(None)
            await until(lambda: not connections(served))
        assert (await served.ask(f"/{code}", "HEAD")).status == 302
    assert not logs
    assert [hit.method for hit in served.spooled()] == ["GET", "HEAD"]


async def test_a_click_on_a_link_with_terms_is_kept_though_its_client_is_gone_in_the_same_turn(
    engine: Engine, settings: Settings, keyring: Keyring
) -> None:
    terms = LinkTerms(passed_parameters=("a",))
    with writing(engine) as session:
        new = NewLink("https://shop.example/sale", terms=terms)
        link = create_link(session, ShortLinks(keyring, settings), workspace(engine), new, NOW)
    async with serving(settings, engine, keyring) as served, Connection(served.port):
        server = await of_server(served)
        server.data_received(request(urlsplit(link.short_url).path))
        server.transport.close()
        await until(served.spooled)


async def test_what_the_short_way_fails_on_takes_the_usual_one_and_the_others_of_its_turn_notice_nothing(
    served: Served, code: str, codes: ShortCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = served.tracker.redirect._resolver
    poisoned, open_code = codes.encode(2**50).encode(), resolver.open
    defects = iter([RuntimeError("a defect")])

    def fail_on_it_once(asked: bytes) -> Any:
        if asked == poisoned and (defect := next(defects, None)):
            raise defect
        return open_code(asked)

    monkeypatch.setattr(resolver, "open", fail_on_it_once)
    with capture_logs() as logs:
        async with Connection(served.port) as first, Connection(served.port) as second:
            first.writer.write(request(f"/{poisoned.decode()}"))
            second.writer.write(request(f"/{code}"))
            assert (await read_answer(first.reader)).status == 404
            assert (await read_answer(second.reader)).status == 302
    assert [entry["action"] for entry in logs] == ["short_way_defect"]


async def test_a_defect_on_one_connection_keeps_no_other_of_its_turn_waiting(
    served: Served, codes: ShortCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    packet, read = request(f"/{codes.encode(2**50)}"), HttpToolsProtocol.data_received
    defects = iter([RuntimeError("a defect")])

    def fail_once_to_read_again(connection: TrackerProtocol, data: bytes) -> None:
        if connection._usual and (defect := next(defects, None)):
            raise defect
        read(connection, data)

    monkeypatch.setattr(HttpToolsProtocol, "data_received", fail_once_to_read_again)
    with capture_logs() as logs:
        async with Connection(served.port) as one, Connection(served.port) as other:
            await until(lambda: len(connections(served)) == 2)
            for server in connections(served):
                server.data_received(packet)
            answers = [await asyncio.wait_for(each.reader.read(12), PATIENCE_S) for each in (one, other)]
        assert sorted(answers) == [b"", b"HTTP/1.1 404"]
    assert [entry["action"] for entry in logs] == ["connection_defect"]


async def test_a_request_that_comes_byte_by_byte_is_one_click(served: Served, code: str) -> None:
    packets = [bytes((byte,)) for byte in request(f"/{code}?x=1", connection="close")]
    answered = await exchange(served.port, packets)
    assert answered.startswith(b"HTTP/1.1 302 Found\r\n")
    assert answered.count(b"HTTP/1.1") == len(served.spooled()) == 1


async def test_requests_cut_anywhere_are_the_same_requests(served: Served, code: str, subtests: pytest.Subtests) -> None:
    both = request(f"/{code}") + request(f"/{code}", "HEAD") + LAST
    for cut in range(5, len(both), 29):
        with subtests.test(str(cut)):
            answered = await exchange(served.port, [both[:cut], both[cut:]])
            assert re.findall(rb"HTTP/1.1 (\d+)", answered) == [b"302", b"302", b"200"]
    assert len(served.spooled()) == 2 * len(range(5, len(both), 29))


async def test_a_client_that_leaves_before_the_disk_is_done_was_there(served: Served, code: str, disk: Disk) -> None:
    reached = disk.reached
    disk.free.clear()
    with capture_logs() as logs:
        async with Connection(served.port) as gone:
            gone.writer.write(request(f"/{code}"))
            await until(lambda: disk.reached > reached)
        await until(lambda: not connections(served))
        disk.free.set()
        assert (await served.ask(f"/{code}", "HEAD")).status == 302
    assert not logs
    assert [hit.method for hit in served.spooled()] == ["GET", "HEAD"]


async def test_a_client_that_leaves_with_requests_in_the_queue_harms_nobody(
    served: Served, code: str, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    reached = disk.reached
    disk.free.clear()
    with capture_logs() as logs:
        async with Connection(served.port) as gone:
            gone.writer.write(request(f"/{code}") + request(f"/{code}") * 20 + request("/nothing") * 20)
            await until(lambda: disk.reached > reached)
        disk.free.set()
        await until(lambda: not connections(served))
        assert (await served.ask(f"/{code}")).status == 302
    assert not logs
    assert not caplog.records


async def test_a_client_that_breaks_the_connection_off_harms_nobody(served: Served, code: str, disk: Disk) -> None:
    reached = disk.reached
    disk.free.clear()
    with capture_logs() as logs:
        async with Connection(served.port) as broken:
            raw = broken.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            broken.writer.write(request(f"/{code}"))
            await until(lambda: disk.reached > reached)
            broken.writer.transport.abort()
        await until(lambda: not served.server.server_state.connections)
        disk.free.set()
        assert (await served.ask(f"/{code}")).status == 302
    assert not logs
    assert len(served.spooled()) == 2


async def test_what_is_malformed_behind_a_click_ends_the_connection_and_the_click_is_kept(served: Served, code: str) -> None:
    with capture_logs() as logs:
        answered = await exchange(served.port, [request(f"/{code}") + b"nonsense\r\n\r\n"])
        await until(served.spooled)
        assert (await served.ask(f"/{code}")).status == 302
    assert re.findall(rb"HTTP/1.1 (\d+)", answered) == [b"400"]
    assert not logs
    assert len(served.spooled()) == 2


# The disk


async def test_a_disk_that_hangs_holds_a_click_up_for_three_seconds_and_later_ones_not_at_all(
    served: Served, code: str, disk: Disk
) -> None:
    disk.free.clear()
    began = monotonic()
    assert (await served.ask(f"/{code}")).status == 302
    assert monotonic() - began >= 2.9
    assert served.tracker.losses.counts == {Loss.UNCONFIRMED: 1}

    began = monotonic()
    async with Connection(served.port) as connection:
        connection.writer.write(request(f"/{code}") * 20)
        assert [(await read_answer(connection.reader)).status for _ in range(20)] == [302] * 20
    # Behind an answer that left at once and closed the connection, nothing is asked.
    answered = await exchange(served.port, [request(f"/{code}", connection="close") + request(f"/{code}")])
    assert answered.count(b"HTTP/1.1") == 1
    assert monotonic() - began < 2.9, "the disk would have held each of them up for three seconds"
    assert served.tracker.losses.counts == {Loss.UNCONFIRMED: 22}

    disk.free.set()
    await until(lambda: len(served.spooled()) == 22)


async def test_more_clicks_than_may_wait_are_redirected_and_counted(
    served: Served, code: str, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # They are many, and a machine that is busy may need more than the usual three seconds for them.
    monkeypatch.setattr("tracker.spool.ON_DISK_WITHIN_S", 60.0)
    spool, reached = served.tracker.spool, disk.reached
    disk.free.clear()
    first = spool.append(b"x")
    await until(lambda: disk.reached > reached)
    waiting = [spool.append(b"x") for _ in range(MAX_WAITING)]
    async with Connection(served.port) as connection:
        assert await connection.ask(request(f"/{code}")) == 302
        assert await connection.ask(request(f"/{code}", "HEAD")) == 302, "told at once, and the connection goes on"
    assert served.tracker.losses.counts == {Loss.BACKLOG: 2}
    disk.free.set()
    assert not {await told for told in (first, *waiting)} & set(Loss)


async def test_a_full_spool_redirects_and_counts(
    settings: Settings, engine: Engine, keyring: Keyring, codes_of: dict[bytes, bytes]
) -> None:
    small = settings.model_copy(update={"spool_max_bytes": 1})
    async with serving(small, engine, keyring) as served, Connection(served.port) as connection:
        for _ in range(3):
            assert await connection.ask(request(f"/{codes_of[KNOWN].decode()}")) == 302
        assert served.tracker.losses.counts == {Loss.SPOOL_FULL: 3}
        assert not served.spooled()


async def test_a_shutdown_waits_for_the_clicks_that_wait_for_the_disk(
    settings: Settings, engine: Engine, keyring: Keyring, code: str, disk: Disk
) -> None:
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(settings, engine, keyring, sync=disk))
        reached = disk.reached
        disk.free.clear()
        waits, idle = Connection(served.port), Connection(served.port)
        async with waits, idle:
            waits.writer.write(request(f"/{code}"))
            await until(lambda: disk.reached > reached and len(served.server.server_state.connections) == 2)
            served.server.should_exit = True
            assert await idle.is_closed(), "nobody has asked anything on it"
            disk.free.set()
            answer = await read_answer(waits.reader)
            assert (answer.status, answer.headers["connection"]) == (302, "close")
            assert await waits.is_closed()
    assert len(served.spooled()) == 1


# Who is not served quickly


async def test_a_client_that_does_not_read_holds_nobody_up_and_loses_nothing(served: Served, code: str) -> None:
    async with Connection(served.port, buffer_bytes=4_096) as lazy:
        asked = await fill(served, lazy, code)
        lazy.writer.write(request(f"/{code}") + request(f"/{code}"))
        await until(lambda: len(served.spooled()) == asked + 1)
        assert (await served.ask(f"/{code}")).status == 302
        assert len(served.spooled()) == asked + 2, "its last click waits until the one before is answered"
        lazy.writer.transport.resume_reading()  # type: ignore[attr-defined]
        answers = [(await read_answer(lazy.reader)).status for _ in range(asked + 2)]
    assert answers == [302] * (asked + 2)
    assert len(served.spooled()) == asked + 3


async def fill(served: Served, lazy: Connection, code: str) -> int:
    """Clicks on a connection, without reading, until no more can be written to it; says how often."""
    clicks = 0
    await until(lambda: connections(served))
    (protocol,) = connections(served)
    protocol.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    lazy.writer.transport.pause_reading()  # type: ignore[attr-defined]
    while not protocol.flow.write_paused:
        lazy.writer.write(request(f"/{code}"))
        clicks += 1
        await until(lambda answered=clicks: protocol.server_state.total_requests == answered)
    return clicks


def connections(served: Served) -> list[TrackerProtocol]:
    return list(served.server.server_state.connections)  # type: ignore[arg-type]


async def test_a_network_that_guesses_is_held_back_on_links_that_it_knows(served: Served, code: str) -> None:
    client, other = "127.77.0.1", "127.78.0.1"
    async with Connection(served.port, client) as guessing, Connection(served.port, other) as honest:
        guessed = [await guessing.ask(request("/nothing")) for _ in range(LEAST_MISSES + int(BUCKET_SIZE) + 50)]
        assert guessed[:LEAST_MISSES] == [404] * LEAST_MISSES
        statuses = [await guessing.ask(request(f"/{code}")) for _ in range(50)]
        assert statuses.count(429) > 25
        assert {await honest.ask(request(f"/{code}")) for _ in range(50)} == {302}
    assert len(hits_of(served, client)) == statuses.count(302)


# Connections that wait for their client


@pytest.fixture
async def impatient(settings: Settings, engine: Engine, keyring: Keyring, codes_of: dict[bytes, bytes], disk: Disk) -> Any:  # noqa: ARG001
    """A tracker that keeps connections for a second."""
    async with serving(settings, engine, keyring, sync=disk, timeout_keep_alive=1) as served:
        yield served


async def test_an_idle_connection_is_closed_after_its_time_and_not_before_whatever_came_in_between(
    impatient: Served, code: str
) -> None:
    async with Connection(impatient.port) as connection:
        for target in (code, "nothing", code, code, code) * 2:
            asked_at = monotonic()
            assert await connection.ask(request(f"/{target}")) in (302, 404)
            await asyncio.sleep(0.15)
        assert await connection.is_closed()
        assert monotonic() - asked_at >= 1


async def test_a_connection_on_which_nothing_is_asked_is_closed(impatient: Served) -> None:
    async with Connection(impatient.port) as connection:
        assert await connection.is_closed()


async def test_a_request_that_is_never_finished_is_closed_however_often_a_byte_comes(impatient: Served, code: str) -> None:
    async with Connection(impatient.port) as connection:
        began = monotonic()
        connection.writer.write(request(f"/{code}")[:-2])
        while not connection.reader.at_eof() and monotonic() - began < PATIENCE_S:
            connection.writer.write(b"x")
            await asyncio.sleep(0.1)
        assert 1 <= monotonic() - began < PATIENCE_S
    assert not impatient.spooled()


async def test_a_click_that_waits_longer_than_a_connection_is_kept_is_answered(
    impatient: Served, code: str, disk: Disk
) -> None:
    disk.free.clear()
    async with Connection(impatient.port) as connection:
        connection.writer.write(request(f"/{code}"))
        assert not await connection.is_closed(within_s=1.5)
        disk.free.set()
        assert (await read_answer(connection.reader)).status == 302
        assert await connection.is_closed(), "and then the timer goes on"


async def test_a_client_that_reads_nothing_for_long_is_cut_off(impatient: Served, code: str) -> None:
    async with Connection(impatient.port, buffer_bytes=4_096) as lazy:
        await fill(impatient, lazy, code)
        lazy.writer.write(request(f"/{code}"))
        await until(lambda: not connections(impatient))


async def test_no_timer_outlives_its_connection(served: Served, code: str) -> None:
    async with Connection(served.port) as connection:
        assert await connection.ask(request(f"/{code}")) == 302
        (protocol,) = connections(served)
        timer = protocol.timeout_keep_alive_task
        assert timer
        assert await connection.ask(request(f"/{code}")) == 302
        assert protocol.timeout_keep_alive_task is timer, "one for the connection, not one a request"
    await until(lambda: not connections(served))
    assert timer.cancelled()
    assert protocol.timeout_keep_alive_task is None


async def test_a_request_without_end_is_cut_off(served: Served, subtests: pytest.Subtests) -> None:
    endless = {
        "target": (b"GET /", b"a"),
        "header": (b"GET / HTTP/1.1\r\nX: ", b"a"),
        "headers": (b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
        "body": (request("/nothing", "POST", content_length="1000000000"), b"a"),
        "trailers": (request("/nothing", transfer_encoding="chunked") + b"0\r\n", b"X: a\r\n"),
    }
    for name, (start, more) in endless.items():
        with subtests.test(name):
            async with Connection(served.port) as connection:
                connection.writer.write(start)
                sent = 0
                with pytest.raises(ConnectionError):
                    while sent < 100 * MOST_REQUEST_BYTES:
                        connection.writer.write(more * 1_000)
                        sent += len(more) * 1_000
                        await connection.writer.drain()
                        await asyncio.sleep(0)
    assert not connections(served)


# The target's own host


async def test_a_target_with_a_host_is_judged_by_that_host(served: Served, code: str, subtests: pytest.Subtests) -> None:
    for target, host, status in [
        ("http://localhost/{}", "other.example", 302),
        ("http://localhost:8000/{}?x", "", 302),
        ("http://user@localhost/{}", "other.example", 302),
        ("http://other.example/{}", "localhost", 404),
        ("http://other.example@localhost.example/{}", "localhost", 404),
    ]:
        with subtests.test(target):
            answer = await served.ask(target.replace("{}", code), host=host)
            assert answer.status == status
    assert len(served.spooled()) == 3


async def test_hits_under_load_are_counted_once_each(served: Served, code: str) -> None:
    async def click(times: int) -> int:
        async with Connection(served.port) as connection:
            return [await connection.ask(request(f"/{code}")) for _ in range(times)].count(302)

    answered = sum(await asyncio.gather(*(click(50) for _ in range(ENOUGH * 2))))
    assert answered == ENOUGH * 2 * 50 == len(served.spooled()) == served.tracker.answered["redirected"]
