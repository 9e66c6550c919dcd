"""Redeeming: a promo code is used, once too often never. Called by the API; the till's side is docs/redemptions.md."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select, update

from linksvc import facts
from linksvc.code_worth import EXHAUSTED, Refusal, Worth, find_worth, stored_form
from linksvc.database import rows_affected
from linksvc.facts import NewFact
from linksvc.models import LedgerEntry, PromoCode
from linksvc.money import Money
from linksvc.promo_codes import display


@dataclass(frozen=True, slots=True)
class Till:
    """Where a code is used: a shop, by one of its keys."""

    workspace_id: int
    shop_id: int
    key_id: int


@dataclass(frozen=True, slots=True)
class Use:
    """What a till asks for: a code as it was typed, on an order with the shop's own reference."""

    code: str
    order_ref: str
    order: Money


@dataclass(frozen=True, slots=True)
class Redemption:
    """A code that was used. `paid` is the order after the discount."""

    id: str
    code: str
    """As it is shown."""
    order_ref: str
    discount: Money
    paid: Money
    redeemed_at: datetime


def redeem(session: Session, till: Till, use: Use, now: datetime) -> Redemption | Refusal:
    """Uses the code, or says why not; both leave an entry in the ledger. Whoever calls commits either.

    One UPDATE decides: of any number of tills at the same moment no more get the code than it has uses. A use on behalf
    of a message is a fact too, so that the campaign's funnel learns of it.
    """
    outcome = find_worth(session, till.workspace_id, use.code, use.order, now)
    if isinstance(outcome, Worth):
        refusal = _take_use(session, till, use, outcome)
        if refusal is None:
            return _record(session, till, use, outcome, now)
        outcome = refusal
    _append(session, till, use, now, code=stored_form(use.code), action="refused", reason=outcome.reason)
    return outcome


def _take_use(session: Session, till: Till, use: Use, worth: Worth) -> Refusal | None:
    """Takes one use of the code; a refusal if there is none left, or if this order has had its own."""
    this_code = (col(PromoCode.workspace_id) == till.workspace_id, col(PromoCode.code) == worth.code)
    taken = session.exec(
        update(PromoCode)
        .where(*this_code, ~col(PromoCode.disabled), col(PromoCode.used) < col(PromoCode.max_uses))
        .values(used=col(PromoCode.used) + 1)
    )
    if rows_affected(taken) != 1:
        return EXHAUSTED
    # The row is ours until the transaction ends, so no other till can be between this look at the ledger and our entry.
    if worth.max_uses > 1 and _is_redeemed_for(session, till, use, worth.code):
        session.exec(update(PromoCode).where(*this_code).values(used=col(PromoCode.used) - 1))
        return Refusal("order_already_redeemed", f"Order {use.order_ref} has had this code already.")
    return None


def _is_redeemed_for(session: Session, till: Till, use: Use, code: str) -> bool:
    entry = select(LedgerEntry.id).where(
        col(LedgerEntry.workspace_id) == till.workspace_id,
        col(LedgerEntry.code) == code,
        col(LedgerEntry.shop_id) == till.shop_id,
        col(LedgerEntry.order_ref) == use.order_ref,
        col(LedgerEntry.action) == "redeemed",
    )
    return session.exec(entry.limit(1)).first() is not None


def _record(session: Session, till: Till, use: Use, worth: Worth, now: datetime) -> Redemption:
    discount = worth.terms.discount_on(use.order)
    paid = Money(use.order.amount_minor - discount.amount_minor, use.order.currency)
    id = _append(session, till, use, now, code=worth.code, action="redeemed", discount_minor=discount.amount_minor)
    if worth.campaign_id is not None and worth.n is not None:
        fact = NewFact(
            campaign_id=worth.campaign_id,
            kind="redeemed",
            source=id,
            n=worth.n,
            occurred_at=now,
            amount_minor=paid.amount_minor,
            currency=paid.currency,
        )
        facts.record(session, [fact], now)
    return Redemption(id, display(worth.code), use.order_ref, discount, paid, now)


def _append(
    session: Session,
    till: Till,
    use: Use,
    now: datetime,
    *,
    code: str,
    action: str,
    reason: str = "",
    discount_minor: int = 0,
) -> str:
    """Appends an entry to the ledger; returns its id."""
    id = f"rdm_{uuid.uuid4().hex}"
    session.add(
        LedgerEntry(
            workspace_id=till.workspace_id,
            code=code,
            id=id,
            action=action,
            reason=reason,
            shop_id=till.shop_id,
            key_id=till.key_id,
            order_ref=use.order_ref,
            order_minor=use.order.amount_minor,
            discount_minor=discount_minor,
            currency=use.order.currency,
            occurred_at=now,
            recorded_at=now,
        )
    )
    session.flush()
    return id
