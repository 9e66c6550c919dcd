"""Whether a promo code may be used now, and on what terms. A till asks beforehand; `linksvc.redemptions` asks again."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.models import Offer, PromoCode
from linksvc.money import Money
from linksvc.offers import Terms, terms_of
from linksvc.promo_codes import has_valid_check, normalise

TYPED_MOST = 64
"""Characters of a code as it is typed or scanned."""


@dataclass(frozen=True, slots=True)
class Worth:
    """A code that may be used, and the terms of its offer. campaign_id and n: the message that carried it, if one did."""

    code: str
    """Normalised."""
    terms: Terms
    max_uses: int
    campaign_id: int | None
    n: int | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a code is not taken: a stable reason, and words for whoever stands at the till."""

    reason: str
    detail: str


EXHAUSTED = Refusal("code_exhausted", "This code was used already, as often as it may be.")
_MISTYPED = Refusal("code_not_found", "There is no such code: a character may be wrong, or two swapped. Read it again.")
_UNKNOWN = Refusal("code_not_found", "There is no such code.")
_DISABLED = Refusal("code_disabled", "This code was withdrawn.")


def stored_form(typed: str) -> str:
    """The code as it would be stored, cut to what a key may hold: some characters become many when they are normalised."""
    return normalise(typed)[:TYPED_MOST]


def find_worth(session: Session, workspace_id: int, typed: str, order: Money | None, now: datetime) -> Worth | Refusal:
    """What a typed code is worth now; with an order, whether it is worth that on this order."""
    code = stored_form(typed)
    row = session.exec(
        select(PromoCode, Offer)
        .join(Offer, col(Offer.id) == col(PromoCode.offer_id))
        .where(
            col(PromoCode.workspace_id) == workspace_id, col(PromoCode.code) == code, col(Offer.workspace_id) == workspace_id
        )
    ).first()
    if row is None:
        return _UNKNOWN if has_valid_check(code) else _MISTYPED
    promo_code, terms = row[0], terms_of(row[1])
    if refusal := _refuse_code(promo_code, terms, now) or (order and _refuse_order(terms, order)):
        return refusal
    return Worth(code, terms, promo_code.max_uses, promo_code.campaign_id, promo_code.n)


def _refuse_code(code: PromoCode, terms: Terms, now: datetime) -> Refusal | None:
    if code.disabled:
        return _DISABLED
    if now < terms.starts_at:
        return Refusal("code_not_active_yet", f"This code is good from {terms.starts_at:%Y-%m-%d %H:%M} UTC.")
    if terms.ends_at is not None and now >= terms.ends_at:
        return Refusal("code_expired", f"This code was good until {terms.ends_at:%Y-%m-%d %H:%M} UTC.")
    return EXHAUSTED if code.used >= code.max_uses else None


def _refuse_order(terms: Terms, order: Money) -> Refusal | None:
    if order.currency != terms.currency:
        return Refusal("currency_mismatch", f"This code is for orders in {terms.currency}.")
    if order.amount_minor < terms.minimum_minor:
        minimum = Money(terms.minimum_minor, terms.currency).in_words()
        return Refusal("minimum_not_met", f"This code is for orders of {minimum} or more.")
    return None
