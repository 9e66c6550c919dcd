"""A shop's till: asks what a code is worth and uses it, over the public API, as a shop's own system would."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from sender.simulator.addresses import till_address
from sender.simulator.web import Reply, Unanswered, Web

TRIES = 5
"""A till sends the same request again while it gets no answer, or one that asks for patience."""

PAUSE_S = 0.3

_PATIENCE = frozenset({429, 500, 502, 503, 504})
_CREATED, _CONFLICT = 201, 409
_IN_FLIGHT = "request_in_flight"


@dataclass(frozen=True, repr=False)
class ShopAccess:
    """The API's address and the keys of one shop or several. `currency` is the tills' (ISO 4217)."""

    api_url: str
    api_keys: tuple[str, ...]
    currency: str = "EUR"


@dataclass(frozen=True)
class Sale:
    """An order on which a code is to be used; `key` is the Idempotency-Key."""

    code: str
    order_ref: str
    amount_minor: int
    key: str


@dataclass(frozen=True)
class Paid:
    amount_minor: int
    currency: str


class TillError(Exception):
    """The shop's API answered what it should not have; the message says what, without the code."""


class Till:
    """One of the shops' tills, as `random` chooses."""

    def __init__(self, web: Web, access: ShopAccess, random: Random) -> None:
        self._web = web
        self._access = access
        self._shop = random.randrange(len(access.api_keys))
        self._random = random

    def ring_up(self, code: str) -> Sale:
        """A new order, with a code as the customer typed it."""
        # Not drawn from the seed: a shop's keys and references are its own for ever, over any number of simulations.
        key = str(uuid.uuid4())
        return Sale(code, f"CMD-{key[:8]}", self._random.randrange(1_500, 15_000, 10), key)

    async def is_valid(self, sale: Sale) -> bool:
        """Whether the code may be used on the order. Raises TillError."""
        reply = await self._post("/v1/codes/validate", {"code": sale.code, "order": self._order(sale)}, {})
        if reply.status != 200:
            raise TillError(f"validating was answered {reply.status}")
        return bool(json.loads(reply.text)["valid"])

    async def redeem(self, sale: Sale) -> Paid | None:
        """What is paid after the discount, None if the code is refused. A repetition changes nothing. Raises TillError."""
        body = {"code": sale.code, "order_ref": sale.order_ref, "order": self._order(sale)}
        reply = await self._post("/v1/redemptions", body, {"Idempotency-Key": sale.key})
        if reply.status == _CREATED:
            paid = json.loads(reply.text)["paid"]
            return Paid(int(paid["amount"]), str(paid["currency"]))
        if reply.status == _CONFLICT:
            return None
        raise TillError(f"redeeming was answered {reply.status}")

    def _order(self, sale: Sale) -> dict[str, str | int]:
        return {"amount": sale.amount_minor, "currency": self._access.currency}

    async def _post(self, path: str, body: Mapping[str, object], headers: dict[str, str]) -> Reply:
        sent = {
            "Authorization": f"Bearer {self._access.api_keys[self._shop]}",
            "Content-Type": "application/json",
            "User-Agent": "till/1.4",
        }
        url, content = self._access.api_url.rstrip("/") + path, json.dumps(body).encode()
        problem = ""
        for _ in range(TRIES):
            try:
                reply = await self._web.request(
                    "POST", url, tuple((sent | headers).items()), address=till_address(self._shop), content=content
                )
            except Unanswered as error:
                problem = str(error)
            else:
                if not _asks_for_patience(reply):
                    return reply
                problem = f"status {reply.status}"
            await asyncio.sleep(PAUSE_S)
        raise TillError(f"{TRIES} tries, the last one: {problem}")


def _asks_for_patience(reply: Reply) -> bool:
    return reply.status in _PATIENCE or (reply.status == _CONFLICT and _IN_FLIGHT in reply.text)
