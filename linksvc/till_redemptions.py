"""What the till page redeems: each of its forms once, however often it is sent. A cashier presses a button twice, a phone
sends again what got no answer."""

from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.idempotency import Kept, Repeatable, find_kept, fingerprint, keep, wait_for
from linksvc.models import IdempotencyRecord
from linksvc.redemptions import Use, redeem
from linksvc.refusals import Refusal
from linksvc.till_devices import Device


def redeem_once(session: Session, device: Device, once: str, use: Use, now: datetime) -> str | Refusal:
    """Redeems what a form asks for; returns the redemption's id, the first one's if the form was sent before. `once` is
    drawn with the form. A refusal is not kept: it is judged anew, and by then a hold may be over.

    Raises InvalidRequest (`idempotency_key_reused`) if a form of that name asked for something else.
    """
    asked = f"{use.code}\n{use.order_ref}\n{use.order}\n{use.delivery_minor}\n{use.customer_ref}"
    request = Repeatable(_scope(device), once, fingerprint("POST", "/till/redeem", asked))
    # The second of two waits for the first one's answer.
    wait_for(session, request)
    if kept := find_kept(session, request):
        return kept.body
    outcome = redeem(session, device.till, use, now)
    if isinstance(outcome, Refusal):
        return outcome
    keep(session, request, Kept(303, outcome.id), now)
    return outcome.id


def find_redeemed(session: Session, device: Device, once: str) -> str | None:
    """The id of the redemption that the form of this name made, if it was sent."""
    mine = (col(IdempotencyRecord.scope) == _scope(device), col(IdempotencyRecord.key) == once)
    return session.exec(select(IdempotencyRecord.body).where(*mine)).first()


def _scope(device: Device) -> str:
    return f"till:{device.id}"
