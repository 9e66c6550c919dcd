"""Answers of the short domain as ASGI messages, each with the headers it needs. Used by the app and the redirect."""

from collections.abc import Awaitable, Callable, MutableMapping
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

    __slots__ = ("body", "lines", "start", "status")

    def __init__(self, status: int, headers: tuple[Header, ...], body: bytes = b"") -> None:
        self.status = status
        # An answer without content says no length of it (RFC 9110, section 8.6).
        length = () if status == 204 else ((b"content-length", b"%d" % len(body)),)
        self.start: Message = {"type": "http.response.start", "status": status, "headers": [*headers, *length]}
        self.body: Message = {"type": "http.response.body", "body": body} if body else NO_BODY
        self.lines = b"".join(b"%b: %b\r\n" % header for header in (*headers, *length))
        """The headers as they are written (RFC 9112, section 5)."""


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
