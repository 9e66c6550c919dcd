"""The event that something was paid, told in the transaction in which the provider's callback counts."""

from datetime import datetime

from sqlmodel import Session, select

from linksvc.models import Contact, Message, Payment
from linksvc.public_ids import format_id
from linksvc.webhooks import outbox
from linksvc.webhooks.events import Amount, Event, MessageName, PaymentEnd, Recipient


def tell_paid(session: Session, payment: Payment, now: datetime) -> None:
    """Tells whoever listens that the payment is paid."""
    listeners = outbox.find_listeners(session, payment.workspace_id)
    if not any("payment.paid" in one.types for one in listeners):
        return
    paid_at = payment.paid_at or now
    data = PaymentEnd(
        payment_id=payment.id,
        provider_id=payment.provider_id,
        provider_ref=payment.provider_ref,
        description=payment.description,
        amount=Amount(payment.amount_minor, payment.currency),
        message=MessageName(format_id("campaign", payment.campaign_id), payment.n),
        recipient=_recipient(session, payment),
        paid_at=paid_at,
    )
    event = Event("payment.paid", payment.id, paid_at, data)
    outbox.tell_listeners(session, payment.workspace_id, listeners, [event], now)


def _recipient(session: Session, payment: Payment) -> Recipient:
    of_message = select(Message.number, Message.contact_id).where(
        Message.campaign_id == payment.campaign_id, Message.n == payment.n
    )
    number, contact_id = session.exec(of_message).one()
    # The contact may be gone; the message knows its number.
    external_id = session.exec(
        select(Contact.external_id).where(Contact.workspace_id == payment.workspace_id, Contact.id == contact_id)
    ).first()
    return Recipient(external_id or "", number)
