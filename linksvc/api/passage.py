"""A request on its way through the API: who it says it is, what it is taken off, and what leaves with its answer.
`linksvc.api.front` makes one for each; the endpoint finds it in the request's state."""

import re
from collections.abc import Awaitable, Iterator, Mapping

from starlette.types import Message, Scope, Send

from linksvc.api.limits import Limits
from linksvc.errors import TooManyRequests
from linksvc.random_digits import draw_digits
from linksvc.token_buckets import Standing

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
"""What is taken as a caller's own id; anything else is replaced, so that no one writes into our logs."""


class Passage:
    """`headers` are the request's, by their names in lower case; of one that stands there twice the first. `status` is 0
    until an answer has begun."""

    __slots__ = ("_limits", "_send", "_standings", "headers", "network", "operation", "request_id", "status")

    def __init__(self, scope: Scope, send: Send, limits: Limits) -> None:
        self.headers: Mapping[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])
        }
        given = self.headers.get("request-id", "")
        self.request_id = given if _SANE.fullmatch(given) else f"req_{draw_digits()}"
        self.network = limits.network_of(scope)
        self.operation = "none"
        self.status = 0
        self._limits = limits
        self._send = send
        self._standings: list[Standing] = []

    def admit(self, name: str, subject: str) -> None:
        """Raises TooManyRequests when the quota of that name is used up."""
        if (standing := self._limits.take(name, subject)) is None:
            return
        self._standings.append(standing)
        if standing.wait_s:
            quota = standing.quota
            raise TooManyRequests(
                f"One {name} may ask {quota.requests} times in {quota.window_s} s. Try again in {standing.wait_s} s.",
                retry_after_s=standing.wait_s,
            )

    def send(self, message: Message) -> Awaitable[None]:
        """ASGI's `send`: the answer's head gets the request's id, and where its caller stands."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = (b"request-id", self.request_id.encode())
            message["headers"] = [*message["headers"], own, *self._standing_headers()]
        return self._send(message)

    def _standing_headers(self) -> Iterator[tuple[bytes, bytes]]:
        if self._standings:
            quotas = [standing.quota for standing in self._standings]
            policy = ", ".join(f'"{quota.name}";q={quota.requests};w={quota.window_s}' for quota in quotas)
            left = ", ".join(f'"{one.quota.name}";r={one.remaining};t={one.full_in_s}' for one in self._standings)
            yield b"ratelimit-policy", policy.encode()
            yield b"ratelimit", left.encode()
