"""Pay by link: an amount that one recipient is asked for, by a single message whose link leads to where it is paid.

Called by the API and the command line. Where it is paid is told by the caller, or asked of the provider beforehand
(`linksvc.payment_checkouts`); that it was paid is told by the provider's signed callback alone
(`linksvc.payment_callbacks`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from linksvc import single_messages
from linksvc.database import BATCH_ROWS
from linksvc.errors import ConfigurationError, Conflict, FieldError, InvalidRequest, NotFound
from linksvc.keys import Keyring
from linksvc.link_terms import LinkTerms
from linksvc.links import find_row
from linksvc.models import Payment
from linksvc.money import AMOUNT_MOST, Money, check_currency
from linksvc.payment_providers import LiveProvider, find_live
from linksvc.serials import next_revision
from linksvc.short_links import ShortLinks
from linksvc.single_checks import NewSingle, check, check_answer
from linksvc.single_messages import Place
from linksvc.single_recipients import Recipient
from linksvc.single_texts import link_of

STATES = ("pending", "paid", "expired", "cancelled")

LASTS_MOST = timedelta(days=400)

STRIPE_LEAST, STRIPE_MOST = timedelta(minutes=31), timedelta(hours=24)
"""How long a place to pay that Stripe makes may live (docs.stripe.com/api/checkout/sessions/create, expires_at)."""

_STAND_IN = "https://pay.example/"
"""Until the provider was asked, any address stands for the one it will name: the rest can be checked before."""


@dataclass(frozen=True)
class NewPayment:
    """A payment as somebody wrote it. With `destination_url` goes `provider_ref`, by which callbacks will name it; without
    both the provider is asked for them. `confirmation` is sent once it is paid; empty: nothing is."""

    to: Recipient
    money: Money
    description: str
    provider_id: str
    text: str
    sender: str
    provider_ref: str = ""
    destination_url: str = ""
    confirmation: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True)
class CheckedPayment:
    """A payment that may be made. `expires_at` is when it ends, told or not."""

    id: str
    new: NewPayment
    provider: LiveProvider
    expires_at: datetime | None

    @property
    def asks(self) -> bool:
        return not self.new.destination_url


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where a payment is paid, and what the provider calls it."""

    url: str
    reference: str


def check_payment(
    session: Session,
    keyring: Keyring,
    short_links: ShortLinks,
    workspace_id: int,
    id: str,
    new: NewPayment,
    now: datetime,
) -> CheckedPayment:
    """What may be made of `new`; nothing is written. `id` is the payment's, the same for each repetition of a request.

    Raises InvalidRequest: amount_invalid, currency_unknown, checkout_missing, provider_ref_missing, expiry_invalid,
    idempotency_key_reused, those of `linksvc.single_checks.check` for the message and for the confirmation; NotFound:
    provider_not_found; Conflict: payment_exists, provider_secret_lost.
    """
    provider = _find_provider(session, keyring, workspace_id, new.provider_id, now)
    if not 1 <= new.money.amount_minor <= AMOUNT_MOST:
        raise _wrong("amount.amount", "amount_invalid", f"The amount is 1 to {AMOUNT_MOST} minor units.")
    check_currency(new.money.currency)
    expires_at = _check_expiry(new, provider, now)
    _check_destination(new, provider)
    if new.confirmation:
        check_answer(new.confirmation, "confirmation")
    destination = new.destination_url or _STAND_IN
    check(session, short_links, workspace_id, _message(new, destination, expires_at), now)
    if session.get(Payment, (workspace_id, id)):
        raise InvalidRequest("This Idempotency-Key was used for another payment.", code="idempotency_key_reused")
    if new.provider_ref:
        _check_reference(session, provider, new.provider_ref)
    return CheckedPayment(id, new, provider, expires_at)


def store_payment(
    session: Session, short_links: ShortLinks, checked: CheckedPayment, checkout: Checkout, now: datetime
) -> Payment:
    """Stores the payment and sends its message. Raises as `check_payment` does, if things have changed meanwhile."""
    new, workspace_id = checked.new, checked.provider.workspace_id
    message = _message(new, checkout.url, checked.expires_at)
    single = check(session, short_links, workspace_id, message, now)
    _check_reference(session, checked.provider, checkout.reference)
    place = single_messages.send(session, short_links, workspace_id, single, now)
    payment = Payment(
        workspace_id=workspace_id,
        id=checked.id,
        provider_id=checked.provider.id,
        provider_ref=checkout.reference,
        campaign_id=place.campaign_id,
        n=place.n,
        description=new.description,
        amount_minor=new.money.amount_minor,
        currency=new.money.currency,
        destination_url=single.link.destination_url if single.link else "",
        confirmation=new.confirmation.replace("\r\n", "\n"),
        created_at=now,
        expires_at=checked.expires_at,
    )
    session.add(payment)
    session.flush()
    return payment


def cancel_payment(session: Session, workspace_id: int, id: str, now: datetime) -> Payment:
    """Asks for it no more: the link says that it is over, and the message is taken back if it has not left. Again: changes
    nothing. The provider is not told. Raises NotFound, and Conflict (payment_paid, payment_expired)."""
    payment = find_payment(session, workspace_id, id, to_change=True)
    if payment.state in ("paid", "expired"):
        raise Conflict(f"The payment is {payment.state} already.", code=f"payment_{payment.state}")
    if payment.state == "pending":
        payment.state = "cancelled"
        session.add(payment)
        single_messages.withdraw(session, place_of(payment), "cancelled", now)
        change_link(session, payment, now, expires_at=now)
    return payment


def expire_due(session: Session, now: datetime, most: int = BATCH_ROWS) -> int:
    """Ends payments whose time is over, up to so many; returns how many. Their links say so by themselves, from that moment
    on; a message that has not left is taken back."""
    due = (
        select(Payment)
        .where(Payment.state == "pending", col(Payment.expires_at) <= now)
        .order_by(col(Payment.expires_at))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    ended = session.exec(due).all()
    for payment in sorted(ended, key=lambda one: (one.campaign_id, one.n)):
        payment.state = "expired"
        session.add(payment)
        single_messages.withdraw(session, place_of(payment), "expired_unsent", now)
    session.flush()
    return len(ended)


def is_due(session: Session, now: datetime) -> bool:
    """Whether there is a payment for `expire_due`."""
    due = select(Payment.id).where(Payment.state == "pending", col(Payment.expires_at) <= now)
    return session.exec(due.limit(1)).first() is not None


def find_payment(session: Session, workspace_id: int, id: str, *, to_change: bool = False) -> Payment:
    """The row of a payment; `to_change` keeps others from changing it. Raises NotFound (payment_not_found)."""
    statement = select(Payment).where(Payment.workspace_id == workspace_id, Payment.id == id)
    payment = session.exec(statement.with_for_update() if to_change else statement).first()
    if payment is None:
        raise NotFound("There is no such payment in this workspace.", code="payment_not_found")
    return payment


def place_of(payment: Payment) -> Place:
    return Place(payment.campaign_id, payment.n)


def change_link(
    session: Session, payment: Payment, now: datetime, *, closed: str = "", expires_at: datetime | None = None
) -> None:
    """Lets a payment's link lead nowhere any more; trackers follow within a second or two."""
    row = find_row(session, payment.campaign_id, link_of(payment.n), to_change=True)
    row.closed = closed or row.closed
    row.expires_at = min(expires_at, row.expires_at or expires_at) if expires_at else row.expires_at
    row.updated_at, row.revision = now, next_revision(session)
    session.add(row)
    session.flush()


def _find_provider(session: Session, keyring: Keyring, workspace_id: int, id: str, now: datetime) -> LiveProvider:
    try:
        return find_live(session, keyring, id, now, workspace_id)
    except ConfigurationError:
        message = (
            "A secret of this provider was sealed with a secret key that the installation does not have. Give it anew: "
            "ricochet payment provider rotate."
        )
        raise Conflict(message, code="provider_secret_lost") from None


def _message(new: NewPayment, destination_url: str, expires_at: datetime | None) -> NewSingle:
    terms = LinkTerms(expires_at=expires_at)
    return NewSingle(new.to, new.text, new.sender, destination_url, terms=terms)


def _check_destination(new: NewPayment, provider: LiveProvider) -> None:
    if new.destination_url and not new.provider_ref:
        message = "Say what the provider calls the payment, or its callback cannot be told whose it is."
        raise _wrong("provider_ref", "provider_ref_missing", message)
    if not new.destination_url and not provider.checkout_url:
        message = "Say where it is paid: this provider is not asked for a place to pay."
        raise _wrong("destination_url", "checkout_missing", message)
    if not new.destination_url and new.provider_ref:
        raise _wrong("destination_url", "checkout_missing", "There is a name for the payment; say where it is paid too.")


def _check_expiry(new: NewPayment, provider: LiveProvider, now: datetime) -> datetime | None:
    at_stripe = provider.kind == "stripe" and not new.destination_url
    expires_at = new.expires_at or (now + STRIPE_MOST if at_stripe else None)
    least, most = (STRIPE_LEAST, STRIPE_MOST) if at_stripe else (timedelta(minutes=1), LASTS_MOST)
    if expires_at is not None and not now + least <= expires_at <= now + most:
        usual, stripes = "1 minute to 400 days", "31 minutes to 24 hours, as long as Stripe's page lives,"
        message = f"A payment ends {stripes if at_stripe else usual} from now."
        raise _wrong("expires_at", "expiry_invalid", message)
    return expires_at


def _check_reference(session: Session, provider: LiveProvider, reference: str) -> None:
    same = (
        Payment.workspace_id == provider.workspace_id,
        Payment.provider_id == provider.id,
        Payment.provider_ref == reference,
    )
    if session.exec(select(Payment.id).where(*same)).first():
        raise Conflict("There is a payment of this provider_ref already.", code="payment_exists")


def _wrong(field: str, code: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code=code, errors=(FieldError(field, message),))
