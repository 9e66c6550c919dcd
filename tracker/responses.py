"""Answers of the short domain as ASGI messages, each with the headers it needs. Used by the app and the redirect."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any

from tracker.pages import Page

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

PRIVATE: tuple[Header, ...] = (
    # A cached redirect would hide the second click, and freeze the destination (RFC 9111, section 5.2.2).
    (b"cache-control", b"private, no-store"),
    # The code is a bearer token: the destination must not read it in Referer.
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
)

NO_BODY: Message = {"type": "http.response.body", "body": b""}


class Response:
    """A whole answer as the two messages that send it. For HEAD the second is NO_BODY; the headers stay."""

    __slots__ = ("_common", "_head", "body", "start", "status")

    def __init__(self, status: int, headers: tuple[Header, ...], body: bytes = b"") -> None:
        self.status = status
        # An answer without content says no length of it (RFC 9110, section 8.6).
        length = () if status == 204 else ((b"content-length", b"%d" % len(body)),)
        self.start: Message = {"type": "http.response.start", "status": status, "headers": [*headers, *length]}
        self.body: Message = {"type": "http.response.body", "body": body} if body else NO_BODY
        self._common: list[Header] | None = None
        self._head = b""

    def head(self, common: list[Header]) -> bytes:
        """The status line and the headers as they are written (RFC 9112, sections 4 and 5), those first that every answer of
        the server has. Put together once for the same list of them; uvicorn makes another each second, for the date."""
        if self._common is not common:
            self._common, self._head = common, _status_line(self.status) + _lines(common) + _lines(self.start["headers"])
        return self._head


def _status_line(status: int) -> bytes:
    return b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())


def _lines(headers: Iterable[Header]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def redirect_to(location: bytes) -> Response:
    """302, never 301 or 308: those are cached for ever."""
    return Response(302, ((b"location", location), *PRIVATE))


def html(status: int, page: Page, accept_language: bytes, *more: Header) -> Response:
    headers = (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", page.policy),
        (b"x-content-type-options", b"nosniff"),
        *more,
    )
    return Response(status, PRIVATE + headers, page.body(accept_language))


def text(status: int, body: bytes, *more: Header) -> Response:
    return Response(status, ((b"content-type", b"text/plain; charset=utf-8"), *PRIVATE, *more), body)
