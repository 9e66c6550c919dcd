"""Redeeming: a promo code is used, once too often never. Called by the API and the till page; many at the same moment are
redeemed by `linksvc.redemption_groups`. The till's side is docs/redemptions.md."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from linksvc import code_uses, held_uses
from linksvc.advisory_locks import Name, lock
from linksvc.code_uses import share_of
from linksvc.code_worth import Asked, Worth, judge
from linksvc.held_uses import HeldUse
from linksvc.new_redemptions import Taken, discount_of, record, record_refusals
from linksvc.redemption_rows import Redemption as Redemption
from linksvc.refusals import EXHAUSTED, HELD, HOLD_OVER, IN_FUTURE, NO_HOLD, Refusal, too_late
from linksvc.till_uses import Offline as Offline
from linksvc.till_uses import Till as Till
from linksvc.till_uses import Use as Use

CLOCKS_DIFFER = timedelta(minutes=5)
"""A till's clock may be that much ahead of ours."""

DUPLICATES = frozenset({"code_exhausted", "contact_limit_reached", "offer_exhausted", "budget_exhausted"})
"""What a till that was offline could not know: a use that came too late."""


def redeem(session: Session, till: Till, use: Use, now: datetime) -> Redemption | Refusal:
    """Uses the code, or says why not; both leave an entry in the ledger. Whoever calls commits either.

    One UPDATE decides: of any number of tills at the same moment no more get the code than it has uses. A use on behalf
    of a message is a fact too, so that the campaign's funnel learns of it.
    """
    outcome = _judge_time(use.offline, now) or _redeem(session, till, use, now)
    if isinstance(outcome, Refusal):
        record_refusals(session, [(till, use, outcome)], now)
    return outcome


def _judge_time(offline: Offline | None, now: datetime) -> Refusal | None:
    if offline is None:
        return None
    if offline.occurred_at > now + CLOCKS_DIFFER:
        return IN_FUTURE
    return too_late(offline.grace) if offline.occurred_at < now - offline.grace else None


def _redeem(session: Session, till: Till, use: Use, now: datetime) -> Redemption | Refusal:
    lock(session, *order_name(till, use.order_ref))
    held = held_uses.find(session, till.workspace_id, till.shop_id, use.hold_id) if use.hold_id else None
    if use.hold_id and held is None:
        return NO_HOLD
    occurred_at = min(use.offline.occurred_at, now) if use.offline else now
    # A hold is made in time and good until it ends, though the offer may end before it.
    worth = judge(session, asked_of(till, use, held), held.created_at if held else occurred_at)
    if isinstance(worth, Refusal):
        return worth
    if held and held.code == worth.code and use.offline and _ran_out_since(held, occurred_at, now):
        # The customer paid in time, so it is a use like others, if there is one left.
        use, held = replace(use, hold_id="", customer_ref=use.customer_ref or held.customer_ref), None
    refusal = _take_held(session, worth, held, use, now) if held else _take(session, till, worth, use, now)
    if refusal is None:
        return record(session, Taken(till, use, worth, occurred_at, held), now)
    if refusal.reason in DUPLICATES and use.offline and use.offline.accept_duplicate:
        return record(session, Taken(till, use, worth, occurred_at, duplicate=True), now)
    return refusal


def _ran_out_since(held: HeldUse, occurred_at: datetime, now: datetime) -> bool:
    """Whether a hold that lived then has ended meanwhile because its time was over."""
    return held.state in ("held", "expired") and occurred_at < held.expires_at <= now


def asked_of(till: Till, use: Use, held: HeldUse | None = None) -> Asked:
    customer_ref = use.customer_ref or (held.customer_ref if held else "")
    return Asked(till.workspace_id, use.code, use.order, till.shop_id, use.order_ref, customer_ref, use.delivery_minor)


def order_name(till: Till, order_ref: str) -> Name:
    """An order's codes are judged one after the other, so that no two are taken that do not go together: whoever judges one
    has locked this name of its order."""
    return "order", f"{till.workspace_id} {till.shop_id} {order_ref}"


def _take(session: Session, till: Till, worth: Worth, use: Use, now: datetime) -> Refusal | None:
    """Takes one use of the code and its share of the offer's limits."""
    if worth.held:
        held_uses.expire(session, till.workspace_id, worth.code, now)
    if worth.used >= worth.max_uses or not code_uses.use(session, till.workspace_id, worth.code):
        return HELD if worth.used < worth.max_uses and worth.held else EXHAUSTED
    share = share_of(worth.terms, discount_of(worth, use).amount_minor, worth.subject)
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
    share = share_of(worth.terms, discount_of(worth, use).amount_minor, worth.subject)
    refusal = code_uses.change_share(session, held.workspace_id, worth.terms, held.share, share)
    if refusal:
        code_uses.move(session, held.workspace_id, worth.code, -1, 1)
        held_uses.reopen(session, held)
    return refusal
