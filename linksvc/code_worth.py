"""Whether a promo code may be used now, and on what terms. A till asks beforehand; `linksvc.redemptions` and
`linksvc.code_holds` ask again, and take what is limited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from linksvc import contact_uses, offer_budgets
from linksvc.code_lookup import Carried, Found, Sought, find_carried, find_codes
from linksvc.local_days import moment_of
from linksvc.models import CodeHold
from linksvc.money import Money
from linksvc.offers import Terms
from linksvc.promo_codes import has_valid_check, normalise
from linksvc.refusals import (
    BUDGET_EXHAUSTED,
    CONTACT_LIMIT,
    DISABLED,
    EXHAUSTED,
    HELD,
    MISTYPED,
    NO_DELIVERY,
    NOBODY,
    NOT_HERE,
    NOT_STACKABLE,
    OFFER_EXHAUSTED,
    UNKNOWN,
)
from linksvc.refusals import Refusal as Refusal
from linksvc.shown_codes import shown

TYPED_MOST = 64
"""Characters of a code as it is typed or scanned."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a till asks of a code. What it does not say is not looked at: without a shop or an order the code may still be
    refused for them."""

    workspace_id: int
    typed: str
    order: Money | None = None
    shop_id: int | None = None
    order_ref: str = ""
    customer_ref: str = ""
    delivery_minor: int | None = None
    """The part of the order that its delivery costs; None: it is not said."""


@dataclass(frozen=True, slots=True)
class Worth:
    """A code that may be used, and the terms of its offer. campaign_id and n: the message that carried it, if one did."""

    code: str
    """Normalised."""
    shown: str
    """The code as it is shown."""
    terms: Terms
    max_uses: int
    used: int
    held: int
    campaign_id: int | None
    n: int | None
    ends_at: datetime | None
    """Of this very code: of the offer, or before that by the day its message was delivered."""
    subject: str
    """Whose limit it counts against; empty unless the offer is limited per contact."""
    is_news: bool
    """Somebody is told of what becomes of it (`linksvc.webhooks`)."""


def stored_form(typed: str) -> str:
    """The code as it would be stored, cut to what a key may hold: some characters become many when they are normalised."""
    return normalise(typed)[:TYPED_MOST]


def find_worth(
    session: Session,
    workspace_id: int,
    typed: str,
    order: Money | None,
    now: datetime,
    *,
    shop_id: int | None = None,
    order_ref: str = "",
    customer_ref: str = "",
    delivery_minor: int | None = None,
) -> Worth | Refusal:
    """What a typed code is worth now; with an order, whether it is worth that on this order. Uses nothing up."""
    asked = Asked(workspace_id, typed, order, shop_id, order_ref, customer_ref, delivery_minor)
    worth = judge(session, asked, now)
    if isinstance(worth, Refusal):
        return worth
    return _refuse_limits(session, asked, worth, now) or worth


def judge(session: Session, asked: Asked, at: datetime) -> Worth | Refusal:
    """What the code's own row, its offer and its order say at that moment; how much of what is limited is left they do not
    say."""
    return judge_all(session, [asked], at)[0]


def judge_all(session: Session, asked: Sequence[Asked], at: datetime) -> list[Worth | Refusal]:
    """As `judge`, of each by itself, with one look at the index for all."""
    sought = [Sought(one.workspace_id, stored_form(one.typed), one.shop_id or 0, one.order_ref) for one in asked]
    found = find_codes(session, sought)
    return [_judge(session, one, code.code, asks, at) for one, code, asks in zip(found, sought, asked, strict=True)]


def _judge(session: Session, found: Found | None, code: str, asked: Asked, at: datetime) -> Worth | Refusal:
    if found is None:
        return UNKNOWN if has_valid_check(code) else MISTYPED
    carried = _carried(session, found.terms, found.campaign_id, found.n)
    ends_at = _end(found.terms, carried)
    subject = _subject(found.terms, carried, asked.customer_ref)
    refusal = (
        _refuse_time(found, ends_at, at)
        or _refuse_place(found, asked.order_ref)
        or (asked.order and _refuse_order(found.terms, asked.order, asked.delivery_minor))
    )
    if refusal is None and found.terms.uses_per_contact and not subject:
        refusal = NOBODY
    return refusal or Worth(
        code=code,
        shown=shown(code, found.written),
        terms=found.terms,
        max_uses=found.max_uses,
        used=found.used,
        held=found.held,
        campaign_id=found.campaign_id,
        n=found.n,
        ends_at=ends_at,
        subject=subject,
        is_news=found.is_news,
    )


def code_end(session: Session, terms: Terms, campaign_id: int | None, n: int | None) -> datetime | None:
    """When a code of this message, or of none, ends: nobody can use it from then on."""
    return _end(terms, _carried(session, terms, campaign_id, n))


def _carried(session: Session, terms: Terms, campaign_id: int | None, n: int | None) -> Carried | None:
    """The message that carried the code, where the offer's terms depend on it."""
    if campaign_id is None or n is None or not (terms.uses_per_contact or terms.days_after_delivery):
        return None
    return find_carried(session, campaign_id, n)


def _end(terms: Terms, carried: Carried | None) -> datetime | None:
    """The offer's end, or the end of the local day so many days after delivery; a message that is not known to have arrived
    ends nothing."""
    if not terms.days_after_delivery or carried is None or carried.delivered_at is None:
        return terms.ends_at
    zone = ZoneInfo(terms.timezone)
    day = carried.delivered_at.astimezone(zone).date() + timedelta(days=terms.days_after_delivery)
    own = moment_of("ends_at", day, zone, "end")
    return min(own, terms.ends_at) if terms.ends_at else own


def _subject(terms: Terms, carried: Carried | None, customer_ref: str) -> str:
    if not terms.uses_per_contact:
        return ""
    return contact_uses.subject_of(carried.contact_id if carried else None, customer_ref)


def _refuse_time(found: Found, ends_at: datetime | None, at: datetime) -> Refusal | None:
    zone = ZoneInfo(found.terms.timezone)
    if found.disabled:
        return DISABLED
    if at < found.terms.starts_at:
        local = found.terms.starts_at.astimezone(zone)
        return Refusal(
            "code_not_active_yet",
            f"This code is good from {local:%Y-%m-%d %H:%M} ({zone.key}).",
            moment=found.terms.starts_at,
        )
    if ends_at is not None and at >= ends_at:
        local = ends_at.astimezone(zone)
        return Refusal("code_expired", f"This code was good until {local:%Y-%m-%d %H:%M} ({zone.key}).", moment=ends_at)
    return None


def _refuse_place(found: Found, order_ref: str) -> Refusal | None:
    if not found.covered:
        return NOT_HERE
    if found.had_this:
        return Refusal("order_already_redeemed", f"Order {order_ref} has had this code already.")
    if found.had_unstackable or (found.had_others and not found.terms.stackable):
        return NOT_STACKABLE
    return None


def _refuse_order(terms: Terms, order: Money, delivery_minor: int | None) -> Refusal | None:
    if order.currency != terms.currency:
        return Refusal("currency_mismatch", f"This code is for orders in {terms.currency}.", currency=terms.currency)
    if order.amount_minor < terms.minimum_minor:
        minimum = Money(terms.minimum_minor, terms.currency)
        words = f"This code is for orders of {minimum.in_words()} or more."
        return Refusal("minimum_not_met", words, least=minimum)
    # Nothing said would take nothing off, and use the code up all the same.
    return NO_DELIVERY if terms.kind == "free_delivery" and delivery_minor is None else None


def _refuse_limits(session: Session, asked: Asked, worth: Worth, now: datetime) -> Refusal | None:
    """As a redemption would find them at this moment."""
    terms = worth.terms
    if worth.used >= worth.max_uses:
        return EXHAUSTED
    over = _holds_over(session, asked.workspace_id, worth.code, now) if worth.held else ()
    if worth.used + worth.held - len(over) >= worth.max_uses:
        return HELD
    if worth.subject:
        used = contact_uses.count(session, asked.workspace_id, terms.id, worth.subject)
        if used - sum(hold.subject == worth.subject for hold in over) >= terms.uses_per_contact:
            return CONTACT_LIMIT
    return _refuse_budget(session, asked, terms, over)


def _refuse_budget(session: Session, asked: Asked, terms: Terms, over: Sequence[CodeHold]) -> Refusal | None:
    if not (terms.uses_in_all or terms.budget_minor):
        return None
    uses, minor = offer_budgets.read_left(session, asked.workspace_id, terms.id)
    if terms.uses_in_all and not uses + sum(hold.budget_uses for hold in over):
        return OFFER_EXHAUSTED
    discount = terms.discount_on(asked.order, asked.delivery_minor).amount_minor if asked.order else 1
    left = minor + sum(hold.budget_minor for hold in over)
    return BUDGET_EXHAUSTED if terms.budget_minor and left < discount else None


def _holds_over(session: Session, workspace_id: int, code: str, now: datetime) -> Sequence[CodeHold]:
    """The code's holds whose time is over and which nobody has ended yet: a redemption ends them first, with all that they
    reserve."""
    over = select(CodeHold).where(
        CodeHold.workspace_id == workspace_id, CodeHold.code == code, CodeHold.state == "held", CodeHold.expires_at <= now
    )
    return session.exec(over).all()
