"""Uvicorn's HTTP protocol with a short way for what a tracker is there for: GET of a known link. Used by `tracker.server`.

A request in ASGI takes a task, a cycle, a scope and two messages; beside them the redirect itself is little. Here a known
link is answered from the parser's own callback, and what is written is put together beforehand. Whatever is not plain (a
body, an upgrade, a code that is not known, a link with terms, a host that is not ours, a network that guesses, a reader
who does not read) takes uvicorn's usual way through `tracker.app`, which answers everything.

Written against uvicorn's HttpToolsProtocol: while an answer waits for the disk, `cycle` is this module's `_Waiting`, which
has what uvicorn looks at. So its shutdown, its keep-alive and its queue of pipelined requests work as for any other.
"""

from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from linksvc.short_codes import LENGTH
from tracker.app import Tracker
from tracker.requests import read_headers
from tracker.responses import Response

_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}
_NOT_PLAIN = frozenset({b"content-length", b"transfer-encoding", b"upgrade", b"expect"})
_SLASH, _QUERY, _CODE_END = ord("/"), ord("?"), 1 + LENGTH


class _NobodyListens:
    """Stands in for the event by which uvicorn wakes an application that reads a body."""

    def set(self) -> None:
        pass


_NOBODY = _NobodyListens()


class _Waiting:
    """A known link's answer that waits for the disk, as uvicorn's protocol looks at it."""

    __slots__ = ("disconnected", "keep_alive", "more_body", "response_complete")
    message_event = _NOBODY

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.disconnected = self.response_complete = self.more_body = False


class TrackerProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        tracker = self.config.app
        if not isinstance(tracker, Tracker):
            raise TypeError("this protocol serves a tracker")
        self._answer_known = tracker.redirect.answer_known
        self._resting_since: float | None = None
        """When the last answer left; None while a request is under way."""

    def on_message_begin(self) -> None:
        # What uvicorn prepares here, `_take_usual_way` prepares for those who need it.
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        if not self._take_short_way():
            self._take_usual_way()

    def _take_short_way(self) -> bool:
        url = self.url
        method = _METHODS.get(self.parser.get_method())
        if method is None or len(url) < _CODE_END or url[0] != _SLASH or (url[_CODE_END:] and url[_CODE_END] != _QUERY):
            return False
        busy = self.cycle is not None and not self.cycle.response_complete
        headers = read_headers(self.headers)
        if busy or self.flow.write_paused or not headers.keys().isdisjoint(_NOT_PLAIN):
            return False
        former = self.cycle
        # To HTTP/1.0 a connection is kept only for who asks, and uvicorn does not; to ask the version costs a microsecond.
        keep_alive = self.parser.should_keep_alive() and (b"connection" not in headers or self._is_http_1_1())
        waiting = _Waiting(keep_alive)
        self.cycle = waiting  # type: ignore[assignment]
        peer = self.client[0] if self.client else ""
        code = url[1:_CODE_END].decode("latin-1")
        taken = self._answer_known(method, code, headers, peer, partial(self._write, waiting))
        if not taken:
            self.cycle = former
        return taken

    def _is_http_1_1(self) -> bool:
        return bool(self.parser.get_http_version() == "1.1")

    def _write(self, waiting: _Waiting, response: Response) -> None:
        waiting.response_complete = True
        if waiting.disconnected:
            return
        head = _head(response.status, tuple(self.server_state.default_headers)) + response.lines
        if waiting.keep_alive:
            self.transport.write(head + b"\r\n")
        else:
            self.transport.write(head + b"connection: close\r\n\r\n")
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's, but for the timer, which is left running: see `timeout_keep_alive_handler`."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._resting_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._wait_for_requests(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection on which no request came for long enough. A timer for each request would cost more than the
        redirect's own arithmetic: one runs for the connection, and goes on while requests came since it began."""
        self.timeout_keep_alive_task = None
        if self._resting_since is None:
            return
        left_s = self._resting_since + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._wait_for_requests(left_s)
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timeout_keep_alive_task:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def _wait_for_requests(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        # Uvicorn calls it when data arrive: a request has begun.
        self._resting_since = None

    def _take_usual_way(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        # The scope holds this very list.
        self.headers.extend(headers)
        super().on_headers_complete()


@lru_cache(8)
def _head(status: int, headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """The status line and the headers that every answer has: the date, which changes once a second."""
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode()) + lines
