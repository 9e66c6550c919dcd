"""Real HTTP as phones, tills and machines speak it: each request on a connection of its own, from an address of its own."""

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache

import httpx2

from sender.simulator.agents import Headers

TIMEOUT_S = 30.0
_TIMEOUT = httpx2.Timeout(TIMEOUT_S).as_dict()
CONCURRENT_REQUESTS = 32
"""Enough for a rush of clicks, and few enough for one machine that runs everything."""


@dataclass(frozen=True)
class Reply:
    """What came back. `location` is empty where there was none; `text` is the body."""

    status: int
    location: str
    text: str


class Unanswered(Exception):
    """No answer came: refused, cut off or timed out."""


class Web:
    """Bounded, without cookies, redirects or proxies of the environment."""

    def __init__(self, concurrency: int = CONCURRENT_REQUESTS) -> None:
        self._room = asyncio.Semaphore(concurrency)

    async def request(
        self, method: str, url: str, headers: Headers, *, address: str = "", content: bytes | None = None
    ) -> Reply:
        """One request with these headers and no others but Host and Content-Length. `address` is where it comes from, as far
        as `url` is on this machine: only then can it be chosen. Raises Unanswered."""
        source = address if _is_loopback(httpx2.URL(url).host) else None
        transport = httpx2.AsyncHTTPTransport(verify=_tls_context(), trust_env=False, local_address=source)
        async with self._room, transport:
            request = httpx2.Request(
                method,
                url,
                headers=list(headers),
                content=content,
                extensions={"timeout": httpx2.Timeout(TIMEOUT_S).as_dict()},
            )
            try:
                response = await transport.handle_async_request(request)
                body = await response.aread()
            except httpx2.HTTPError as error:
                raise Unanswered(f"{type(error).__name__}: {error}") from error
        return Reply(response.status_code, response.headers.get("location", ""), body.decode("utf-8", "replace"))


@cache
def _tls_context() -> ssl.SSLContext:
    """One for all: reading the authorities' certificates costs more than a request."""
    return httpx2.create_ssl_context(trust_env=False)


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.")
