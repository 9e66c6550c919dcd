"""Payments and their callbacks for tests, signed by hand as the documentation of each scheme says."""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

import httpx2
from sqlalchemy import Engine

from linksvc.database import writing
from linksvc.keys import Keyring
from linksvc.money import Money
from linksvc.payment_providers import NewProvider, Provider, add_provider
from linksvc.payments import Checkout, NewPayment, check_payment, store_payment
from linksvc.public_ids import draw_id
from linksvc.short_links import ShortLinks
from linksvc.single_recipients import Recipient
from linksvc.webhooks.addresses import Networks
from tests.factories import NOW
from tests.linksvc.webhooks.scenes import LOOPBACK

STRIPE_SECRET = "whsec_of_a_test_0123456789abcdef"
STRIPE_KEY = "sk_test_of_a_test_0123456789"


def provider(
    engine: Engine, keyring: Keyring, workspace_id: int, kind: str = "hmac", own: Networks = LOOPBACK, **fields: Any
) -> tuple[Provider, str]:
    """A provider and its secret."""
    values: dict[str, Any] = {"name": kind, "kind": kind, "secret": STRIPE_SECRET if kind == "stripe" else ""}
    with writing(engine) as session:
        return add_provider(session, keyring, workspace_id, own, NewProvider(**(values | fields)), NOW)


def signature(secret: str, body: bytes, at: datetime = NOW) -> str:
    """By hand: HMAC-SHA256 with the secret over the time, a dot and the body."""
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def payment(provider_id: str, **fields: Any) -> dict[str, Any]:
    """The body of POST /v1/payments."""
    values: dict[str, Any] = {
        "to": {"number": "+33639980001"},
        "amount": {"amount": 4990, "currency": "EUR"},
        "description": "Order R-1001",
        "provider_id": provider_id,
        "provider_ref": "R-1001",
        "destination_url": "https://pay.example/R-1001",
        "text": "Bonjour {{ first_name }}, réglez ici : {{ link }}",
        "sender": "36180",
        "confirmation": "Merci {{ first_name }}, c'est payé.",
    }
    return {name: value for name, value in (values | fields).items() if value is not None}


def succeeded(**fields: Any) -> bytes:
    """A callback of kind hmac."""
    values = {"id": "evt-1", "type": "payment.succeeded", "reference": "R-1001", "amount": 4990, "currency": "EUR"}
    return json.dumps(values | fields).encode()


def completed(payment_id: str = "", event: str = "evt_1", at: datetime = NOW, **fields: Any) -> bytes:
    """Stripe's event about a Checkout Session, with more in it than is read."""
    session = {
        "id": "cs_test_a1",
        "object": "checkout.session",
        "amount_total": 4990,
        "currency": "eur",
        "client_reference_id": payment_id or None,
        "metadata": {"payment_id": payment_id} if payment_id else {},
        "payment_intent": "pi_1",
        "payment_status": "paid",
        "status": "complete",
        "customer_details": {"email": "zoe@example.com"},
    }
    told = {
        "id": event,
        "object": "event",
        "api_version": "2025-10-29",
        "created": int(at.timestamp()),
        "type": "checkout.session.completed",
        "livemode": False,
        "data": {"object": session | fields},
    }
    return json.dumps(told).encode()


def intent(payment_id: str, event: str = "evt_2", **fields: Any) -> bytes:
    """Stripe's other event about the same."""
    told = {
        "id": event,
        "object": "event",
        "created": int(NOW.timestamp()),
        "type": "payment_intent.succeeded",
        "data": {
            "object": {
                "id": "pi_1",
                "object": "payment_intent",
                "amount": 4990,
                "amount_received": 4990,
                "currency": "eur",
                "metadata": {"payment_id": payment_id},
            }
            | fields
        },
    }
    return json.dumps(told).encode()


def call_back(
    client: httpx2.Client, provider_id: str, body: bytes, signed: str | None, header: str = "Payment-Signature"
) -> httpx2.Response:
    """As a provider does: without any key."""
    headers = {"Content-Type": "application/json"} | ({header: signed} if signed is not None else {})
    return client.post(f"/v1/payments/callback/{provider_id}", content=body, headers=headers)


def stored(
    engine: Engine, keyring: Keyring, short_links: ShortLinks, workspace_id: int, provider_id: str, **fields: Any
) -> str:
    """A payment as if the API had been asked for it; returns its id."""
    values: dict[str, Any] = {
        "to": Recipient("+33639980001"),
        "money": Money(4990, "EUR"),
        "description": "Order R-1001",
        "provider_id": provider_id,
        "text": "Réglez ici : {{ link }}",
        "sender": "36180",
        "provider_ref": "R-1001",
        "destination_url": "https://pay.example/R-1001",
    }
    new, id = NewPayment(**(values | fields)), draw_id("payment")
    with writing(engine) as session:
        checked = check_payment(session, keyring, short_links, workspace_id, id, new, NOW)
        store_payment(session, short_links, checked, Checkout(new.destination_url, new.provider_ref), NOW)
    return id
