"""Holds: a use of a code is reserved for a basket until its order is paid. Called by the API; swept by `ricochet work`.

A hold reserves what a redemption would take, of the code and of the offer's limits, so what was held can be redeemed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from linksvc import code_ledger, code_uses, held_uses
from linksvc.code_ledger import Step
from linksvc.code_uses import share_of
from linksvc.code_worth import Asked, Worth, judge, stored_form
from linksvc.errors import NotFound
from linksvc.held_uses import HeldUse, held_use_of, step_of
from linksvc.models import CodeHold
from linksvc.money import Money
from linksvc.public_ids import draw_id
from linksvc.redemptions import Till
from linksvc.refusals import EXHAUSTED, HELD, KEY_REUSED, Refusal
from linksvc.shown_codes import read_one_shown

TTL_S = 900
TTL_MOST_S = 86_400
"""In seconds. What is held for longer is held for nobody, and keeps others from it."""


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What a till asks to be reserved. `key` is its own name for the basket: asking again with it prolongs the hold. Without
    an order the whole of it is not reserved: the offer's budget is asked when it is redeemed."""

    code: str
    key: str
    ttl_s: int = TTL_S
    order_ref: str = ""
    order: Money | None = None
    customer_ref: str = ""
    delivery_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A use that is reserved, or was. `state`: held, redeemed, released, expired."""

    id: str
    code: str
    """As it is shown."""
    key: str
    state: str
    order_ref: str
    order: Money | None
    discount: Money | None
    expires_at: datetime
    created_at: datetime


def hold(session: Session, till: Till, asked: HoldRequest, now: datetime) -> Hold | Refusal:
    """Reserves a use of the code, or says why not; both leave an entry in the ledger. With the key of a live hold of this
    shop and code that hold is prolonged, for the order as it is now."""
    worth = judge(session, _asked(till, asked), now)
    outcome = worth if isinstance(worth, Refusal) else _hold(session, till, asked, worth, now)
    if isinstance(outcome, Refusal):
        code_ledger.append(session, [_refused(till, asked, outcome, now)], now)
    return outcome


def find_hold(session: Session, till: Till, hold_id: str, now: datetime) -> Hold:
    """The shop's hold. Raises NotFound (`hold_not_found`)."""
    held = _find(session, till, hold_id)
    return _told(held, read_one_shown(session, held.workspace_id, held.code), now)


def release(session: Session, till: Till, hold_id: str, now: datetime) -> Hold:
    """Ends a hold by hand; what is over already stays as it is, so it may be said twice. Raises NotFound
    (`hold_not_found`)."""
    held_uses.release(session, _find(session, till, hold_id), now)
    return find_hold(session, till, hold_id, now)


def is_due(session: Session, now: datetime) -> bool:
    """Whether there is a hold whose time is over."""
    over = select(CodeHold.id).where(CodeHold.state == "held", col(CodeHold.expires_at) <= now)
    return session.exec(over.limit(1)).first() is not None


def sweep(session: Session, now: datetime, most: int) -> int:
    """Ends up to `most` holds whose time is over; returns how many. A till that asks for their code does it too."""
    over = session.exec(
        select(CodeHold.workspace_id, CodeHold.code)
        .where(CodeHold.state == "held", col(CodeHold.expires_at) <= now)
        .order_by(col(CodeHold.expires_at))
        .limit(most)
    ).all()
    workspaces = sorted({workspace_id for workspace_id, _ in over})
    return sum(held_uses.expire_of(session, mine, {code for w, code in over if w == mine}, now) for mine in workspaces)


def _hold(session: Session, till: Till, asked: HoldRequest, worth: Worth, now: datetime) -> Hold | Refusal:
    # With the code's row locked nobody else makes or ends a hold of it.
    code_uses.lock(session, till.workspace_id, worth.code)
    held_uses.expire(session, till.workspace_id, worth.code, now)
    if live := _find_live(session, till, worth.code, asked.key):
        return _prolong(session, live, asked, worth, now)
    if not code_uses.hold(session, till.workspace_id, worth.code):
        return EXHAUSTED if worth.used >= worth.max_uses else HELD
    row = _row(till, asked, worth, now)
    held = held_use_of(row)
    if refusal := code_uses.take_share(session, till.workspace_id, worth.terms, held.share):
        code_uses.move(session, till.workspace_id, worth.code, 0, -1)
        return refusal
    session.add(row)
    session.flush()
    code_ledger.append(session, [step_of(held, "held", now, 1)], now)
    return _told(held, worth.shown, now)


def _prolong(session: Session, live: HeldUse, asked: HoldRequest, worth: Worth, now: datetime) -> Hold | Refusal:
    if live.share.subject != worth.subject:
        return KEY_REUSED
    discount = _discount(asked, worth)
    share = share_of(worth.terms, discount.amount_minor if discount else 0, worth.subject)
    if refusal := code_uses.change_share(session, live.workspace_id, worth.terms, live.share, share):
        return refusal
    this = (col(CodeHold.workspace_id) == live.workspace_id, col(CodeHold.code) == live.code, col(CodeHold.id) == live.id)
    session.exec(
        update(CodeHold)
        .where(*this)
        .values(
            expires_at=now + timedelta(seconds=asked.ttl_s),
            order_ref=asked.order_ref,
            order_minor=asked.order.amount_minor if asked.order else 0,
            discount_minor=discount.amount_minor if discount else 0,
            currency=asked.order.currency if asked.order else "",
            customer_ref=asked.customer_ref,
            budget_minor=share.minor,
        ),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    held = held_use_of(session.exec(select(CodeHold).where(*this)).one())
    code_ledger.append(session, [step_of(held, "held", now, 0)], now)
    return _told(held, worth.shown, now)


def _find_live(session: Session, till: Till, code: str, key: str) -> HeldUse | None:
    row = session.exec(
        select(CodeHold)
        .where(
            CodeHold.workspace_id == till.workspace_id,
            CodeHold.code == code,
            CodeHold.shop_id == till.shop_id,
            CodeHold.key == key,
            CodeHold.state == "held",
        )
        .execution_options(populate_existing=True)
    ).first()
    return held_use_of(row) if row else None


def _find(session: Session, till: Till, hold_id: str) -> HeldUse:
    held = held_uses.find(session, till.workspace_id, till.shop_id, hold_id)
    if held is None:
        raise NotFound("There is no such hold in this shop.", code="hold_not_found")
    return held


def _asked(till: Till, asked: HoldRequest) -> Asked:
    return Asked(
        workspace_id=till.workspace_id,
        typed=asked.code,
        order=asked.order,
        shop_id=till.shop_id,
        order_ref=asked.order_ref,
        customer_ref=asked.customer_ref,
        delivery_minor=asked.delivery_minor,
    )


def _discount(asked: HoldRequest, worth: Worth) -> Money | None:
    return worth.terms.discount_on(asked.order, asked.delivery_minor) if asked.order else None


def _row(till: Till, asked: HoldRequest, worth: Worth, now: datetime) -> CodeHold:
    discount = _discount(asked, worth)
    share = share_of(worth.terms, discount.amount_minor if discount else 0, worth.subject)
    return CodeHold(
        workspace_id=till.workspace_id,
        code=worth.code,
        id=draw_id("hold"),
        offer_id=worth.terms.id,
        shop_id=till.shop_id,
        key_id=till.key_id,
        key=asked.key,
        order_ref=asked.order_ref,
        order_minor=asked.order.amount_minor if asked.order else 0,
        discount_minor=discount.amount_minor if discount else 0,
        currency=asked.order.currency if asked.order else "",
        customer_ref=asked.customer_ref,
        budget_uses=share.uses,
        budget_minor=share.minor,
        subject=share.subject,
        expires_at=now + timedelta(seconds=asked.ttl_s),
        created_at=now,
    )


def _refused(till: Till, asked: HoldRequest, refusal: Refusal, now: datetime) -> Step:
    return Step(
        workspace_id=till.workspace_id,
        code=stored_form(asked.code),
        action="refused",
        shop_id=till.shop_id,
        key_id=till.key_id,
        occurred_at=now,
        reason=refusal.reason,
        order_ref=asked.order_ref,
        order_minor=asked.order.amount_minor if asked.order else 0,
        currency=asked.order.currency if asked.order else "",
    )


def _told(held: HeldUse, shown: str, now: datetime) -> Hold:
    over = held.state == "held" and held.expires_at <= now
    return Hold(
        id=held.id,
        code=shown,
        key=held.key,
        state="expired" if over else held.state,
        order_ref=held.order_ref,
        order=held.order,
        discount=held.discount,
        expires_at=held.expires_at,
        created_at=held.created_at,
    )
