"""One POST to a receiver, whom nothing is believed: bounded in time and size, redirects not followed, no cookies, no proxies
of the environment. Used by `ricochet.webhook_sender`, and to ask payment providers (`linksvc.payment_checkouts`)."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType

import httpcore2

from linksvc.webhooks.addresses import AddressRefused, Network, Networks

ATTEMPT_S = 15.0
"""From the look-up of the name to the status of the answer."""

CONNECT_S = 5.0

BODY_S = 2.0
BODY_MOST_BYTES = 16_384
"""What is read of an answer, and for how long: its status has told already what it says."""

KEPT_CHARACTERS = 500
"""Of the answer to a failure, for the log."""

IDLE_S = 5.0
"""How long a connection is kept for the next event."""

_FAILURES = (
    TimeoutError,
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    OSError,
)
"""What a receiver, or the way to one, may do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try. `status` 0: there was no answer, and `error` says why. `retry_after_s` is what the receiver asks
    for."""

    status: int
    error: str = ""
    answer: str = ""
    retry_after_s: float = 0.0
    duration_ms: int = 0

    @property
    def delivered(self) -> bool:
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The receiver wants nothing any more."""
        return self.status == 410


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody said who was asked. `status` 0: nothing, and `error` says why."""

    status: int
    body: bytes = b""
    error: str = ""


class Poster:
    """Posts from one event loop; connections are kept for a few seconds. `own`: networks that may be sent to besides the
    internet, also without TLS."""

    def __init__(
        self, own: Networks, connections: int, tls: ssl.SSLContext | None = None, attempt_s: float = ATTEMPT_S
    ) -> None:
        self._attempt_s = attempt_s
        tls = tls or httpcore2.default_ssl_context()
        self._pools = {
            scheme: httpcore2.AsyncConnectionPool(
                tls,
                max_connections=connections,
                keepalive_expiry=IDLE_S,
                network_backend=Network(own, public=scheme == "https"),
            )
            for scheme in ("https", "http")
        }

    async def __aenter__(self) -> "Poster":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Tries once; never raises for what the receiver or the way to it does."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._attempt_s) as limit:
                outcome = await self._exchange(httpcore2.URL(url), headers, body, limit)
        except _FAILURES as error:
            outcome = Outcome(0, _told(error))
        return Outcome(
            outcome.status, outcome.error, outcome.answer, outcome.retry_after_s, round((time.monotonic() - began) * 1000)
        )

    async def ask(self, url: str, headers: Mapping[str, str], body: bytes, most_bytes: int) -> Reply:
        """As `post`, of somebody whose answer is read: all of it, within the time of the try."""
        target, extensions = httpcore2.URL(url), {"timeout": {"connect": CONNECT_S}}
        pool, read = self._pools[target.scheme.decode()], bytearray()
        try:
            async with (
                asyncio.timeout(self._attempt_s),
                pool.stream("POST", target, headers=list(headers.items()), content=body, extensions=extensions) as response,
            ):
                async for chunk in response.aiter_stream():
                    read += chunk
                    if len(read) > most_bytes:
                        return Reply(0, error="the answer is too long")
                return Reply(response.status, bytes(read))
        except _FAILURES as error:
            return Reply(0, error=_told(error))

    async def _exchange(
        self, url: httpcore2.URL, headers: Mapping[str, str], body: bytes, limit: asyncio.Timeout
    ) -> Outcome:
        extensions = {"timeout": {"connect": CONNECT_S}}
        pool = self._pools[url.scheme.decode()]
        async with pool.stream("POST", url, headers=list(headers.items()), content=body, extensions=extensions) as response:
            # The answer is there; what follows it may not take the try back.
            limit.reschedule(None)
            text = await _beginning(response)
        if 200 <= response.status < 300:
            return Outcome(response.status)
        return Outcome(response.status, _meaning(response.status), text, _retry_after(response))


async def _beginning(response: httpcore2.Response) -> str:
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in response.aiter_stream():
                read += chunk
                if len(read) > BODY_MOST_BYTES:
                    break
    except (TimeoutError, httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
        pass
    text = bytes(read).decode("utf-8", "replace")[:KEPT_CHARACTERS]
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def _meaning(status: int) -> str:
    if 300 <= status < 400:
        return "redirects are not followed"
    return "the receiver wants nothing any more" if status == 410 else "the receiver did not take it"


def _retry_after(response: httpcore2.Response) -> float:
    """Seconds that the header Retry-After asks for, or says as a date (RFC 9110, 10.2.3); 0 without one."""
    told = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"").decode("latin-1").strip()
    if told.isascii() and told.isdigit():
        return float(told[:12])
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return 0.0
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _told(error: Exception) -> str:
    """Why there was no answer, in words that give nothing away of our own machine."""
    if isinstance(error, AddressRefused):
        return "the host's address is in a network that is not sent to"
    if isinstance(error, TimeoutError | httpcore2.TimeoutException):
        return "no answer in time"
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLError) or isinstance(error.__context__, ssl.SSLError):
        return "the certificate or the TLS of the receiver cannot be trusted"
    if isinstance(error, httpcore2.ConnectError):
        return "no connection: the name cannot be resolved" if "resolved" in str(error) else "no connection"
    if isinstance(error, httpcore2.ProtocolError):
        return "the answer is not HTTP"
    return "the connection broke before the answer"
