"""Asking a provider for a place to pay, before anything of the payment is stored. Called by the API, outside of any
transaction.

The request bears the payment's id as its Idempotency-Key and is the same each time: asked again after a lost answer, the
provider gives the same place. What is asked is guarded as webhooks are: https, no address of a private network, no redirect,
bounded in time and size.
"""

import asyncio
import ssl
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated
from urllib.parse import urlencode

import httpcore2
import orjson
import structlog
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from linksvc.destinations import check_destination
from linksvc.errors import InvalidRequest, OtherSystemFailed, TooManyRequests
from linksvc.payment_events import Ref, stripe_amount
from linksvc.payment_signatures import HEADER, sign
from linksvc.payments import CheckedPayment, Checkout
from linksvc.webhooks.addresses import Networks
from linksvc.webhooks.posting import Poster, Reply

ATTEMPT_S = 10.0
"""Somebody waits for the answer to their own request meanwhile."""

ANSWER_MOST_BYTES = 131_072

AT_ONCE = 16
"""Asked at one time by a process. Each holds a thread, and a provider that hangs must not take them all."""

_TOLD_CHARACTERS = 200

_places = threading.BoundedSemaphore(AT_ONCE)

log = structlog.get_logger()


class _Made(BaseModel):
    """What either kind of provider answers with; of Stripe `id` is the reference."""

    model_config = ConfigDict(extra="ignore", strict=True)
    url: Annotated[str, StringConstraints(min_length=1)]
    reference: Ref | None = None
    id: Ref | None = None


def ask_for_checkout(payment: CheckedPayment, own: Networks, now: datetime) -> Checkout:
    """Where the payment is paid. `own`: networks of the operator's that may be asked too.

    Raises OtherSystemFailed: provider_unreachable (retryable), provider_failed (retryable), provider_refused,
    provider_answer_unusable; InvalidRequest (amount_invalid); TooManyRequests (too_many_checkouts).
    """
    at_stripe = payment.provider.kind == "stripe"
    headers, body = _for_stripe(payment) if at_stripe else _for_signed(payment, now)
    if not _places.acquire(blocking=False):
        message = "As many payments are being made at providers as are at once. Repeat the request."
        raise TooManyRequests(message, code="too_many_checkouts", retry_after_s=1)
    try:
        reply = asyncio.run(_ask(payment.provider.checkout_url, headers | {"idempotency-key": payment.id}, body, own))
    finally:
        _places.release()
    if not 200 <= reply.status < 300:
        raise _failure(payment, reply)
    try:
        made = _Made.model_validate_json(reply.body)
        reference = made.id if at_stripe else made.reference
        if not reference:
            raise _unusable(payment, "it does not say what the payment is called there")
        return Checkout(check_destination(made.url), reference)
    except ValidationError:
        raise _unusable(payment, "it is not what was agreed") from None
    except InvalidRequest as error:
        raise _unusable(payment, error.detail) from None


async def _ask(url: str, headers: Mapping[str, str], body: bytes, own: Networks) -> Reply:
    async with Poster(own, 1, _tls(), ATTEMPT_S) as poster:
        return await poster.ask(url, headers, body, ANSWER_MOST_BYTES)


@cache
def _tls() -> ssl.SSLContext:
    """Made once: to load the authorities takes longer than to ask."""
    return httpcore2.default_ssl_context()


def _for_signed(payment: CheckedPayment, now: datetime) -> tuple[dict[str, str], bytes]:
    """What a provider of kind hmac is asked: JSON, signed as its callbacks are."""
    new = payment.new
    body = orjson.dumps(
        {
            "payment_id": payment.id,
            "amount": new.money.amount_minor,
            "currency": new.money.currency,
            "description": new.description,
            "expires_at": new.expires_at,
            "return_url": payment.provider.return_url or None,
        },
        option=orjson.OPT_UTC_Z,
    )
    return {"content-type": "application/json", HEADER: sign(payment.provider.secrets[0], body, now)}, body


def _for_stripe(payment: CheckedPayment) -> tuple[dict[str, str], bytes]:
    """A Checkout Session (docs.stripe.com/api/checkout/sessions/create). Both of its objects bear our id, so either event
    about it finds the payment."""
    new = payment.new
    asked = {
        "mode": "payment",
        "client_reference_id": payment.id,
        "metadata[payment_id]": payment.id,
        "payment_intent_data[metadata][payment_id]": payment.id,
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": new.money.currency.lower(),
        "line_items[0][price_data][unit_amount]": str(stripe_amount(new.money)),
        "line_items[0][price_data][product_data][name]": new.description,
        "success_url": payment.provider.return_url,
    }
    if new.expires_at:
        asked["expires_at"] = str(int(new.expires_at.timestamp()))
    headers = {
        "authorization": f"Bearer {payment.provider.checkout_key}",
        "content-type": "application/x-www-form-urlencoded",
    }
    return headers, urlencode(asked).encode()


def _failure(payment: CheckedPayment, reply: Reply) -> OtherSystemFailed:
    log.warning(
        "a payment provider made no payment",
        action="payment.checkout",
        provider=payment.provider.id,
        status=reply.status,
        error=reply.error,
    )
    name = payment.provider.name
    if not reply.status:
        detail = f"{name} did not answer: {reply.error}. Nothing was sent; repeat the request."
        return OtherSystemFailed(detail, code="provider_unreachable", retryable=True)
    if reply.status >= 500 or reply.status in (409, 429):
        detail = f"{name} answered {reply.status}. Nothing was sent; repeat the request."
        return OtherSystemFailed(detail, code="provider_failed", retryable=True)
    return OtherSystemFailed(
        f"{name} answered {reply.status}{_told(reply.body)}. Nothing was sent.", code="provider_refused"
    )


def _told(body: bytes) -> str:
    """The provider's own words about what it refuses, as Stripe and most others tell them."""
    try:
        error = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    inner = error.get("error", error) if isinstance(error, dict) else None
    told = inner.get("message") or inner.get("detail") if isinstance(inner, dict) else inner
    if not isinstance(told, str):
        return ""
    return ": " + "".join(c if c.isprintable() else " " for c in told[:_TOLD_CHARACTERS]).strip().rstrip(".")


def _unusable(payment: CheckedPayment, why: str) -> OtherSystemFailed:
    detail = f"The answer of {payment.provider.name} cannot be used: {why}. Nothing was sent."
    return OtherSystemFailed(detail, code="provider_answer_unusable")
