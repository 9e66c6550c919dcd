"""Redeeming: a promo code is used, once too often never. Called by the API and the till page; the till's side is
docs/redemptions.md."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy import Table, func
from sqlmodel import Session, select

from linksvc import code_ledger, code_uses, facts, held_uses
from linksvc.code_ledger import Step
from linksvc.code_uses import share_of
from linksvc.code_worth import Asked, Worth, judge, stored_form
from linksvc.database import is_sqlite
from linksvc.facts import NewFact
from linksvc.held_uses import HeldUse
from linksvc.models import Redemption as Row
from linksvc.money import Money
from linksvc.public_ids import draw_id
from linksvc.redemption_rows import Redemption as Redemption
from linksvc.redemption_rows import redemption_of
from linksvc.refusals import EXHAUSTED, HELD, HOLD_OVER, IN_FUTURE, NO_HOLD, TOO_LATE, Refusal
from linksvc.webhooks import code_news

CLOCKS_DIFFER = timedelta(minutes=5)
"""A till's clock may be that much ahead of ours."""

DUPLICATES = frozenset({"code_exhausted", "contact_limit_reached", "offer_exhausted", "budget_exhausted"})
"""What a till that was offline could not know: a use that came too late."""

_ROWS: Table = Row.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Till:
    """Where a code is used: a shop, one of its stores if it says which, by one of its keys."""

    workspace_id: int
    shop_id: int
    key_id: int
    store_id: int | None = None


@dataclass(frozen=True, slots=True)
class Offline:
    """What a till that was offline adds: when it gave the discount, by its clock. It is judged by that moment, unless it was
    more than `grace` ago. With `accept_duplicate` a code that had no use left meanwhile is recorded all the same: the
    customer has had the discount."""

    occurred_at: datetime
    grace: timedelta
    accept_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """What a till asks for: a code as it was typed, on an order with the shop's own reference."""

    code: str
    order_ref: str
    order: Money
    hold_id: str = ""
    customer_ref: str = ""
    delivery_minor: int = 0
    """The part of the order that its delivery costs: what an offer of free delivery takes off."""
    offline: Offline | None = None


def redeem(session: Session, till: Till, use: Use, now: datetime) -> Redemption | Refusal:
    """Uses the code, or says why not; both leave an entry in the ledger. Whoever calls commits either.

    One UPDATE decides: of any number of tills at the same moment no more get the code than it has uses. A use on behalf
    of a message is a fact too, so that the campaign's funnel learns of it.
    """
    outcome = _judge_time(use.offline, now) or _redeem(session, till, use, now)
    if isinstance(outcome, Refusal):
        code_ledger.append(session, [_refused(till, use, outcome, now)], now)
    return outcome


def _judge_time(offline: Offline | None, now: datetime) -> Refusal | None:
    if offline is None:
        return None
    if offline.occurred_at > now + CLOCKS_DIFFER:
        return IN_FUTURE
    return TOO_LATE if offline.occurred_at < now - offline.grace else None


def _redeem(session: Session, till: Till, use: Use, now: datetime) -> Redemption | Refusal:
    _lock_order(session, till, use.order_ref)
    held = held_uses.find(session, till.workspace_id, till.shop_id, use.hold_id) if use.hold_id else None
    if use.hold_id and held is None:
        return NO_HOLD
    occurred_at = min(use.offline.occurred_at, now) if use.offline else now
    # A hold is made in time and good until it ends, though the offer may end before it.
    worth = judge(session, _asked(till, use, held), held.created_at if held else occurred_at)
    if isinstance(worth, Refusal):
        return worth
    refusal = _take_held(session, worth, held, use, now) if held else _take(session, till, worth, use, now)
    if refusal is None:
        return _record(session, till, use, worth, occurred_at, now, held)
    if refusal.reason in DUPLICATES and use.offline and use.offline.accept_duplicate:
        return _record(session, till, use, worth, occurred_at, now, None, duplicate=True)
    return refusal


def _lock_order(session: Session, till: Till, order_ref: str) -> None:
    """Lets an order's codes be judged one after the other, so that no two are taken that do not go together."""
    if is_sqlite(session):
        return  # A writing transaction is the only one there is.
    name = blake2b(f"{till.workspace_id} {till.shop_id} {order_ref}".encode(), digest_size=8, person=b"order").digest()
    session.connection().execute(select(func.pg_advisory_xact_lock(int.from_bytes(name, signed=True))))


def _asked(till: Till, use: Use, held: HeldUse | None) -> Asked:
    customer_ref = use.customer_ref or (held.customer_ref if held else "")
    return Asked(till.workspace_id, use.code, use.order, till.shop_id, use.order_ref, customer_ref, use.delivery_minor)


def _take(session: Session, till: Till, worth: Worth, use: Use, now: datetime) -> Refusal | None:
    """Takes one use of the code and its share of the offer's limits."""
    if worth.held:
        held_uses.expire(session, till.workspace_id, worth.code, now)
    if worth.used >= worth.max_uses or not code_uses.use(session, till.workspace_id, worth.code):
        return HELD if worth.used < worth.max_uses and worth.held else EXHAUSTED
    share = share_of(worth.terms, _discount(worth, use).amount_minor, worth.subject)
    refusal = code_uses.take_share(session, till.workspace_id, worth.terms, share)
    if refusal:
        code_uses.move(session, till.workspace_id, worth.code, -1, 0)
    return refusal


def _take_held(session: Session, worth: Worth, held: HeldUse, use: Use, now: datetime) -> Refusal | None:
    """Turns the use that the hold reserves into one that is used, at the discount of the order as it is now."""
    if held.code != worth.code or held.share.subject != worth.subject:
        return NO_HOLD
    if not code_uses.use(session, held.workspace_id, worth.code, held=True):
        return HOLD_OVER
    if not held_uses.close(session, held, now):
        code_uses.move(session, held.workspace_id, worth.code, -1, 1)
        return HOLD_OVER
    share = share_of(worth.terms, _discount(worth, use).amount_minor, worth.subject)
    refusal = code_uses.change_share(session, held.workspace_id, worth.terms, held.share, share)
    if refusal:
        code_uses.move(session, held.workspace_id, worth.code, -1, 1)
        held_uses.reopen(session, held)
    return refusal


def _discount(worth: Worth, use: Use) -> Money:
    return worth.terms.discount_on(use.order, use.delivery_minor)


def _record(
    session: Session,
    till: Till,
    use: Use,
    worth: Worth,
    occurred_at: datetime,
    now: datetime,
    held: HeldUse | None,
    *,
    duplicate: bool = False,
) -> Redemption:
    discount = _discount(worth, use)
    row = Row(
        workspace_id=till.workspace_id,
        code=worth.code,
        id=draw_id("redemption"),
        offer_id=worth.terms.id,
        shop_id=till.shop_id,
        store_id=till.store_id,
        key_id=till.key_id,
        order_ref=use.order_ref,
        order_minor=use.order.amount_minor,
        discount_minor=discount.amount_minor,
        paid_minor=use.order.amount_minor - discount.amount_minor,
        currency=use.order.currency,
        customer_ref=use.customer_ref or (held.customer_ref if held else ""),
        subject="" if duplicate else worth.subject,
        campaign_id=worth.campaign_id,
        n=worth.n,
        hold_id=held.id if held else "",
        offline=use.offline is not None,
        accepted_duplicate=duplicate,
        occurred_at=occurred_at,
        recorded_at=now,
    )
    # Without the session's bookkeeping, which costs more than the row.
    session.connection().execute(_ROWS.insert(), row.model_dump())
    code_ledger.append(session, [_redeemed(row)], now)
    if row.campaign_id is not None and row.n is not None:
        facts.record(session, [_fact(row, row.campaign_id, row.n)], now)
    redemption = redemption_of(row)
    code_news.tell_use(session, "code.redeemed", row.workspace_id, redemption, (row.campaign_id, row.n), now)
    return redemption


def _fact(row: Row, campaign_id: int, n: int) -> NewFact:
    return NewFact(
        campaign_id=campaign_id,
        kind="redeemed",
        source=row.id,
        n=n,
        occurred_at=row.occurred_at,
        amount_minor=row.paid_minor,
        currency=row.currency,
    )


def _redeemed(row: Row) -> Step:
    return Step(
        workspace_id=row.workspace_id,
        code=row.code,
        action="redeemed",
        shop_id=row.shop_id,
        key_id=row.key_id,
        occurred_at=row.occurred_at,
        reason="accepted_duplicate" if row.accepted_duplicate else "",
        redemption_id=row.id,
        hold_id=row.hold_id,
        order_ref=row.order_ref,
        order_minor=row.order_minor,
        discount_minor=row.discount_minor,
        currency=row.currency,
        used_step=0 if row.accepted_duplicate else 1,
        held_step=-1 if row.hold_id else 0,
    )


def _refused(till: Till, use: Use, refusal: Refusal, now: datetime) -> Step:
    return Step(
        workspace_id=till.workspace_id,
        code=stored_form(use.code),
        action="refused",
        shop_id=till.shop_id,
        key_id=till.key_id,
        occurred_at=min(use.offline.occurred_at, now) if use.offline else now,
        reason=refusal.reason,
        hold_id=use.hold_id,
        order_ref=use.order_ref,
        order_minor=use.order.amount_minor,
        currency=use.order.currency,
    )
