"""How much of the API one may ask for: requests of a key and of a network, and who guesses promo codes.

`linksvc.api.front` takes every request off its network's quota; the endpoint takes it off its key's once it knows whose key
it is. Every answer tells where its caller stands, in the fields of the IETF draft "RateLimit header fields for HTTP"
(draft-ietf-httpapi-ratelimit-headers-10). All of it is in memory: each process counts for itself.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping

from starlette.types import Scope

from linksvc.addresses import CallerNetworks
from linksvc.code_attempts import CodeAttempts
from linksvc.metrics import Metric
from linksvc.settings import Settings
from linksvc.token_buckets import Quota, Standing, TokenBuckets

WINDOW_S = 60

NETWORK, KEY = "address", "key"
"""The quotas, as callers are told of them."""

_LOOPBACK = ("127.", "::/64")
"""This machine's own requests, or those of a proxy on it that RICOCHET_TRUSTED_PROXIES does not name: everybody's."""


class Limits:
    """One per process, whatever of it takes codes: the API and the till page share it."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.attempts = CodeAttempts(monotonic)
        self.refused: Counter[str] = Counter()
        """Requests that were answered 429 since the start, by the quota that was used up."""
        self._networks = CallerNetworks(settings.trusted_proxies)
        quotas = {NETWORK: settings.api_requests_per_address, KEY: settings.api_requests_per_key}
        self._buckets = {
            name: TokenBuckets(Quota(name, requests, WINDOW_S), monotonic) for name, requests in quotas.items() if requests
        }

    def network_of(self, scope: Scope) -> str:
        """Of a request: a /24 or a /64, empty where it is not known or nobody's in particular."""
        client = scope.get("client")
        forwarded = next((value for name, value in scope["headers"] if name == b"x-forwarded-for"), b"")
        subnet = self._networks.find(client[0] if client else "", forwarded).subnet
        return "" if subnet.startswith(_LOOPBACK) else subnet

    def take(self, name: str, subject: str) -> Standing | None:
        """Takes a request off a quota; None where there is no limit."""
        buckets = self._buckets.get(name)
        if buckets is None or not subject:
            return None
        standing = buckets.take(subject)
        self.refused[name] += standing.wait_s > 0
        return standing


def _of(read: Callable[[CodeAttempts], Mapping[str, float]]) -> Callable[[Limits], Mapping[str, float]]:
    return lambda limits: read(limits.attempts)


_WATCHED = ("key", "address", "shop")

LIMIT_METRICS: tuple[Metric[Limits], ...] = (
    Metric(
        "ricochet_api_requests_refused_total",
        "counter",
        "Requests answered 429 because a quota was used up.",
        lambda limits: limits.refused,
        "quota",
        (NETWORK, KEY),
    ),
    Metric(
        "ricochet_api_guessing_alarms_total",
        "counter",
        "Times that somebody began to guess promo codes, by what gave them away.",
        _of(CodeAttempts.alarms),
        "by",
        _WATCHED,
    ),
    Metric(
        "ricochet_api_guessers_held",
        "gauge",
        "Keys, networks and shops that guess promo codes and are slowed down now.",
        _of(CodeAttempts.held),
        "by",
        _WATCHED,
    ),
    Metric(
        "ricochet_api_attempts_refused_total",
        "counter",
        "Promo codes that were not looked at, because whoever tried them guesses.",
        _of(CodeAttempts.refused),
        "by",
        _WATCHED,
    ),
)
"""Told by the internal listener of a process that serves the API or the till page, listed in docs/metrics.md."""
