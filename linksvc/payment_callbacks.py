"""What a provider's callback changes, once: in one transaction the payment is paid, the message in the funnel, the customer
told by SMS, the company by webhook, and the link says so. Called by the API.

A callback is kept with what came of it (`payment_callback`), so the same again is answered the same and changes nothing. Two
callbacks of one payment take their turn at its row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select, update

from linksvc import facts, single_messages
from linksvc.database import insert_new
from linksvc.errors import ConfigurationError, Conflict, FieldError, Unauthenticated
from linksvc.facts import NewFact
from linksvc.keys import Keyring
from linksvc.models import Payment, PaymentCallback
from linksvc.money import Money
from linksvc.payment_events import PaymentEvent, read_event
from linksvc.payment_providers import LiveProvider, find_live
from linksvc.payment_signatures import HEADER, STRIPE_HEADER, verify
from linksvc.payments import change_link, place_of
from linksvc.webhooks import payment_news

PAID, ALREADY_PAID, AMOUNT_DIFFERS = "paid", "already_paid", "amount_differs"
EXPIRED, CANCELLED, UNKNOWN, IGNORED = "expired", "cancelled", "unknown_payment", "ignored"
OUTCOMES = (PAID, ALREADY_PAID, AMOUNT_DIFFERS, EXPIRED, CANCELLED, UNKNOWN, IGNORED)

REUSED = "event_reused"
"""No outcome, for nothing is kept: the event's id is that of another one."""

HEADERS = {"stripe": STRIPE_HEADER, "hmac": HEADER}
"""Where each kind of provider signs."""

_KEY = ("workspace_id", "provider_id", "event_ref")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Signed:
    """A callback as it came: the header of each kind that it has, and its body."""

    provider_id: str
    signatures: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback that is the provider's own."""

    provider: LiveProvider
    event: PaymentEvent


def open_callback(session: Session, keyring: Keyring, signed: Signed, now: datetime) -> Callback:
    """Whose it is and what it says. Raises NotFound (provider_not_found), Unauthenticated (signature_...), InvalidRequest
    (callback_unreadable)."""
    try:
        provider = find_live(session, keyring, signed.provider_id, now)
    except ConfigurationError:
        # Without its traceback, which may show what it was read with.
        log.error("a payment provider's secret cannot be read", action="payment.callback", provider=signed.provider_id)
        # It is ours to mend, and the provider tries again: until then nothing can be told of its signature.
        raise Unauthenticated("The signature cannot be checked at the moment.", code="signature_invalid") from None
    verify(signed.signatures.get(HEADERS[provider.kind], ""), signed.body, provider.secrets, now)
    return Callback(provider, read_event(provider.kind, signed.body, now))


def take(session: Session, callback: Callback, now: datetime) -> str:
    """Does what it says, once; returns what came of it, one of OUTCOMES. Raises Conflict (event_reused)."""
    provider, event = callback.provider, callback.event
    payment = _lock_payment(session, provider, event.references)
    name = (provider.workspace_id, provider.id, event.ref)
    known = session.get(PaymentCallback, name, populate_existing=True)
    if known and _tells_of_another(event, payment, known):
        _refuse_reused(provider)
    # What named no payment may have come before it was stored: it is looked at again.
    if known and (known.outcome != UNKNOWN or payment is None):
        return known.outcome
    outcome = _judge(payment, event)
    told = {"payment_id": payment.id if payment else "", "outcome": outcome, "recorded_at": now}
    if known:
        session.exec(update(PaymentCallback).where(*_is(name)).values(**told))
    else:
        # Two at once that name no payment: the second changes nothing.
        key = dict(zip(_KEY, name, strict=True))
        insert_new(session, PaymentCallback, [key | told])
    if payment and outcome == PAID:
        _settle(session, payment, event, now)
    elif outcome not in (IGNORED, ALREADY_PAID):
        log.warning("a payment callback changed nothing", action="payment.callback", provider=provider.id, outcome=outcome)
    return outcome


def _tells_of_another(event: PaymentEvent, payment: Payment | None, known: PaymentCallback) -> bool:
    """Whether it tells of a payment, and the event of its id told of something else."""
    if event.paid is None or known.outcome == UNKNOWN:
        return False
    return known.outcome == IGNORED or known.payment_id != (payment.id if payment else "")


def _refuse_reused(provider: LiveProvider) -> NoReturn:
    log.warning(
        "a payment callback bears the id of another event", action="payment.callback", provider=provider.id, code=REUSED
    )
    message = (
        "An event of this id was taken, and it told of something else. Nothing was changed. Give each event an id of its "
        "own among all of this provider, and send this one again with it."
    )
    raise Conflict(message, code=REUSED, errors=(FieldError("id", "It is the id of another event."),))


def _is(name: tuple[int, str, str]) -> list[ColumnElement[bool]]:
    return [getattr(PaymentCallback, column) == value for column, value in zip(_KEY, name, strict=True)]


def _lock_payment(session: Session, provider: LiveProvider, references: tuple[str, ...]) -> Payment | None:
    """The payment that is meant, by the provider's name for it or by ours."""
    if not references:
        return None
    named = or_(col(Payment.provider_ref).in_(references), col(Payment.id).in_(references))
    mine = (Payment.workspace_id == provider.workspace_id, Payment.provider_id == provider.id, named)
    statement = select(Payment).where(*mine).order_by(col(Payment.id)).limit(1).with_for_update()
    return session.exec(statement.execution_options(populate_existing=True)).first()


def _judge(payment: Payment | None, event: PaymentEvent) -> str:
    if event.paid is None:
        return IGNORED
    if payment is None:
        return UNKNOWN
    if payment.state == "paid":
        return ALREADY_PAID
    if event.paid != Money(payment.amount_minor, payment.currency):
        return AMOUNT_DIFFERS
    if payment.state == "cancelled":
        return CANCELLED
    # What was paid in time counts, however late it is told.
    return EXPIRED if payment.expires_at and event.occurred_at >= payment.expires_at else PAID


def _settle(session: Session, payment: Payment, event: PaymentEvent, now: datetime) -> None:
    """All that follows. The campaigns of messages are locked before the counter of revisions, as whoever sends does."""
    at = min(event.occurred_at, now)
    payment.state, payment.paid_at = "paid", at
    session.add(payment)
    place = place_of(payment)
    single_messages.withdraw(session, place, "cancelled", now)
    if payment.confirmation:
        single_messages.answer(session, place, payment.confirmation, f"payment {payment.id}", now)
    made = NewFact(
        campaign_id=place.campaign_id,
        kind="paid",
        source=payment.id,
        n=place.n,
        occurred_at=at,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
    )
    facts.record(session, [made], now)
    payment_news.tell_paid(session, payment, now)
    change_link(session, payment, now, closed=PAID)
