"""Uvicorn's HTTP protocol with a short way for what a tracker is there for: GET of a known link. Used by `tracker.server`.

A request in ASGI takes a task, a cycle, a scope and two messages; beside them the redirect itself is little. Here a known
link is answered without ASGI, and what is written is put together beforehand. Whatever is not plain (a body, an upgrade, a
repeated header, a code that is not known, a link with terms, a host that is not ours, a network that guesses, a reader who
does not read) takes uvicorn's usual way through `tracker.app`, which answers everything.

What is asked in a turn of the event loop is parsed first and answered behind it, all requests of the turn at once: a
processor does the same for each with what it has at hand, and a redirect takes less of it. A request that turns out to be
none for the short way is then read once more, in the usual way; so only those wait that are a whole packet.

Written against uvicorn's HttpToolsProtocol: while an answer waits for the disk, `cycle` is this module's `_Waiting`, which
has what uvicorn looks at. So its shutdown and its queue of pipelined requests work as for any other. Beyond uvicorn's, a
connection is closed on which nothing is asked for long, or more than any request needs.
"""

import asyncio
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from linksvc.short_codes import LENGTH
from tracker.app import Tracker
from tracker.responses import Header, Response

log = structlog.get_logger()

MOST_REQUEST_BYTES = 65_536
"""In all; who sends more in one request is cut off. Nothing is asked of a tracker with so much, and the parser keeps it."""

MOST_WHOLE_BYTES = 8_192
"""Of a request that may have to be read twice. What phones send has a tenth of it."""

_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}
_NOT_PLAIN = frozenset({b"content-length", b"transfer-encoding", b"upgrade", b"expect"})
_TELLING = _NOT_PLAIN | {b"connection", b"proxy-connection"}
_SLASH, _CODE_END = b"/", 1 + LENGTH
_BEHIND_CODE = frozenset({b"", b"?"})
_HEAD_END = b"\r\n\r\n"


class _NobodyListens:
    """Stands in for the event by which uvicorn wakes an application that reads a body."""

    def set(self) -> None:
        pass


_NOBODY = _NobodyListens()


class _Waiting:
    """A known link's answer that waits for the disk, as uvicorn's protocol looks at it. A connection has one: nothing more
    is answered the short way meanwhile."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")
    message_event = _NOBODY

    def __init__(self) -> None:
        self.disconnected = False
        self.keep_alive = self.response_complete = True


class TrackerProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        tracker = self.config.app
        if not isinstance(tracker, Tracker):
            raise TypeError("this protocol serves a tracker")
        self._answer_known = tracker.redirect.answer_known
        self._turn = tracker.turn
        self._quiet_since = self.loop.time()
        """When the client was last known to do its part: it connected, began a request or was answered."""
        self._request_bytes = 0
        """Of the present request, behind the packet that it began in."""
        self._waiting = _Waiting()
        self._whole = b""
        """The packet that was read last, if it begins where a request does and ends with its first head. So it holds one
        request and no more: the parser ends a head nowhere else, as long as it is told to suffer no line ends but CRLF.
        It stays until the next packet comes."""
        self._between = True
        """Whether no request is begun and not ended."""
        self._usual = False
        """Whether what is read is read again, for the usual way."""
        self._peer = ""
        self._started: RequestResponseCycle | None = None
        """The last that took the usual way."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client:
            self._peer = self.client[0]
        self._watch(self.timeout_keep_alive)

    def data_received(self, data: bytes) -> None:
        if self._request_bytes > MOST_REQUEST_BYTES:
            self.transport.close()
            return
        if self in self._turn.asked:
            self._turn.settle(self)
        self._request_bytes += len(data)
        is_whole = self._between and 0 < data.find(_HEAD_END) == len(data) - len(_HEAD_END) < MOST_WHOLE_BYTES
        self._whole = data if is_whole else b""
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._between = False
        # What uvicorn prepares here, `_take_usual_way` prepares for those who need it.
        self.url = b""
        self.headers = []
        self._quiet_since = self.loop.time()
        self._request_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        # Behind an answer that left at once and closed the connection nothing is asked any more; what is read again was
        # asked before it closed.
        if self._usual or not (self.transport.is_closing() or self._take_short_way()):
            self._take_usual_way()

    def _take_short_way(self) -> bool:
        url = self.url
        method = _METHODS.get(self.parser.get_method())
        if method is None or url[:1] != _SLASH or url[_CODE_END : _CODE_END + 1] not in _BEHIND_CODE:
            return False
        if self._is_busy() or self.flow.write_paused:
            return False
        headers = dict(self.headers)
        if len(headers) < len(self.headers):
            return False
        keep_alive = self.parser.should_keep_alive()
        if not headers.keys().isdisjoint(_TELLING):
            if not headers.keys().isdisjoint(_NOT_PLAIN):
                return False
            # To HTTP/1.0 a connection is kept only for who asks, and uvicorn does not; to ask the version takes long.
            keep_alive = keep_alive and not self._is_http_1_0()
        waiting = self._waiting
        waiting.keep_alive, waiting.response_complete = keep_alive, False
        asked = method, url[1:_CODE_END], headers, self._peer, self._write
        if self._whole and keep_alive:
            # Whatever comes next on the connection has it answered before.
            self._turn.ask(self.loop, self, asked)
        elif self._answer_known((asked,)):  # is told as none for the short way
            waiting.response_complete = True
            return False
        self.cycle = waiting  # type: ignore[assignment]
        return True

    def read_again(self) -> None:
        """What was asked in this turn is none for the short way."""
        waiting = self._waiting
        waiting.response_complete = True
        if waiting.disconnected:
            return
        self._usual = True
        try:
            super().data_received(self._whole)
        except Exception:
            log.exception("a defect on a connection", action="connection_defect")
            self.transport.abort()
        finally:
            self._usual = False
        if not waiting.keep_alive:
            # The server began to end meanwhile, and told the wrong one.
            self.shutdown()

    def _is_busy(self) -> bool:
        """Whether a request is under way; with others waiting behind it the cycle is the last one's."""
        return self.cycle is not None and not self.cycle.response_complete

    def _is_http_1_0(self) -> bool:
        return bool(self.parser.get_http_version() == "1.0")

    def _write(self, response: Response) -> None:
        waiting, transport = self._waiting, self.transport
        waiting.response_complete = True
        if waiting.disconnected or transport.is_closing():
            return
        head = response.head(self.server_state.default_headers)
        if waiting.keep_alive:
            transport.write(head + b"\r\n")
        else:
            transport.write(head + b"connection: close\r\n\r\n")
            transport.close()
        self.on_response_complete()

    def on_message_complete(self) -> None:
        self._between = True
        # Nobody reads the body of what is answered the short way: it has none.
        if self.cycle is not self._waiting:  # type: ignore[comparison-overlap]
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's, but for the timer, which is left running: see `timeout_keep_alive_handler`."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._quiet_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection whose client did nothing for long enough. A timer for each request would cost more than the
        redirect's own arithmetic: one runs for the connection, and goes on while something happened since it began."""
        self.timeout_keep_alive_task = None
        left_s = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._watch(left_s)
        elif self.flow.write_paused or self.transport.is_closing():
            # What is written waits for a client that does not read, and closing waits for it as well.
            self.transport.abort()
        elif not self._is_busy():
            super().timeout_keep_alive_handler()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._started = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._started:
            # Uvicorn tells the last cycle of a pipeline alone; the one at work would write to nobody, which is an error.
            self._started.disconnected = True
        super().connection_lost(exc)
        if self.timeout_keep_alive_task:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def _watch(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        """Uvicorn calls it when data arrive. The timer looks by itself whether they were a request."""

    def _take_usual_way(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        self.expect_100_continue = any(name == b"expect" and value.lower() == b"100-continue" for name, value in headers)
        # The scope holds this very list.
        self.headers.extend(headers if url.startswith(b"/") else _judged_by_target(url, headers))
        super().on_headers_complete()


def _judged_by_target(url: bytes, headers: list[Header]) -> list[Header]:
    """The headers of a request whose target names the host (RFC 9112, section 3.2.2): then Host does not count."""
    _scheme, named, rest = url.partition(b"://")
    if not named:
        return headers
    authority = rest.partition(b"/")[0].rpartition(b"@")[2]
    return [(b"host", authority), *(header for header in headers if header[0] != b"host")]
