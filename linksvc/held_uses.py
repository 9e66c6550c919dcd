"""The uses that holds reserve: found, ended, put back. Called by `linksvc.code_holds` and by `linksvc.redemptions`.

Whoever ends a hold has its code's row locked: see `linksvc.code_uses` for the order.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select, update

from linksvc import code_ledger, code_uses
from linksvc.code_ledger import Action, Step
from linksvc.code_uses import Share, find_terms
from linksvc.database import rows_affected
from linksvc.models import CodeHold
from linksvc.money import Money


@dataclass(frozen=True, slots=True)
class HeldUse:
    """A hold as it was read, with what it reserves of the offer's limits."""

    workspace_id: int
    code: str
    id: str
    offer_id: int
    shop_id: int
    key_id: int
    key: str
    order_ref: str
    order: Money | None
    discount: Money | None
    customer_ref: str
    share: Share
    state: str
    expires_at: datetime
    created_at: datetime


def held_use_of(row: CodeHold) -> HeldUse:
    """A stored hold, detached from its session."""
    return HeldUse(
        workspace_id=row.workspace_id,
        code=row.code,
        id=row.id,
        offer_id=row.offer_id,
        shop_id=row.shop_id,
        key_id=row.key_id,
        key=row.key,
        order_ref=row.order_ref,
        order=Money(row.order_minor, row.currency) if row.currency else None,
        discount=Money(row.discount_minor, row.currency) if row.currency else None,
        customer_ref=row.customer_ref,
        share=Share(row.budget_uses, row.budget_minor, row.subject),
        state=row.state,
        expires_at=row.expires_at,
        created_at=row.created_at,
    )


def find(session: Session, workspace_id: int, shop_id: int, hold_id: str) -> HeldUse | None:
    """The shop's hold of that id, live or not."""
    row = session.exec(
        select(CodeHold)
        .where(CodeHold.workspace_id == workspace_id, CodeHold.id == hold_id, CodeHold.shop_id == shop_id)
        .execution_options(populate_existing=True)
    ).first()
    return held_use_of(row) if row else None


def close(session: Session, held: HeldUse, now: datetime) -> bool:
    """Ends the hold because it is redeemed. False if it is over already."""
    return _set(session, held, "held", "redeemed", now)


def reopen(session: Session, held: HeldUse) -> None:
    """Takes `close` back."""
    _set(session, held, "redeemed", "held")


def release(session: Session, held: HeldUse, now: datetime) -> bool:
    """Ends the hold by hand and gives back what it reserves. False if it is over already."""
    code_uses.lock(session, held.workspace_id, held.code)
    if not _set(session, held, "held", "released", now):
        return False
    _give_back(session, [held], "released", now)
    return True


def expire(session: Session, workspace_id: int, code: str, now: datetime) -> int:
    """Ends the holds of a code whose time is over; returns how many."""
    return expire_of(session, workspace_id, [code], now)


def expire_of(session: Session, workspace_id: int, codes: Collection[str], now: datetime) -> int:
    """Ends the holds of these codes whose time is over; returns how many."""
    for code in sorted(codes):
        code_uses.lock(session, workspace_id, code)
    over = session.exec(
        update(CodeHold)
        .where(
            col(CodeHold.workspace_id) == workspace_id,
            col(CodeHold.code).in_(codes),
            col(CodeHold.state) == "held",
            col(CodeHold.expires_at) <= now,
        )
        .values(state="expired")
        .returning(CodeHold),
        execution_options={"synchronize_session": False, "populate_existing": True},
    )
    ended = [held_use_of(row) for row in over.scalars()]
    _give_back(session, ended, "expired", now)
    return len(ended)


def _set(session: Session, held: HeldUse, before: str, after: str, now: datetime | None = None) -> bool:
    this = (
        col(CodeHold.workspace_id) == held.workspace_id,
        col(CodeHold.code) == held.code,
        col(CodeHold.id) == held.id,
        col(CodeHold.state) == before,
    )
    live = () if now is None else (col(CodeHold.expires_at) > now,)
    changed = session.exec(
        update(CodeHold).where(*this, *live).values(state=after), execution_options={"synchronize_session": False}
    )
    return rows_affected(changed) == 1


def _give_back(session: Session, ended: Sequence[HeldUse], action: Action, now: datetime) -> None:
    """Gives back what ended holds reserved; the rows of their codes are locked."""
    by_code: dict[tuple[int, str], int] = defaultdict(int)
    by_offer: dict[tuple[int, int], list[Share]] = defaultdict(list)
    for held in ended:
        by_code[held.workspace_id, held.code] += 1
        by_offer[held.workspace_id, held.offer_id].append(held.share)
    for (workspace_id, code), uses in sorted(by_code.items()):
        code_uses.move(session, workspace_id, code, 0, -uses)
    for (workspace_id, offer_id), shares in sorted(by_offer.items()):
        code_uses.give_shares_back(session, workspace_id, find_terms(session, workspace_id, offer_id), shares)
    code_ledger.append(session, [step_of(held, action, now, -1) for held in ended], now)


def step_of(held: HeldUse, action: Action, now: datetime, held_step: int) -> Step:
    """A step of the hold's life for the ledger."""
    return Step(
        workspace_id=held.workspace_id,
        code=held.code,
        action=action,
        shop_id=held.shop_id,
        key_id=held.key_id,
        occurred_at=now,
        hold_id=held.id,
        order_ref=held.order_ref,
        order_minor=held.order.amount_minor if held.order else 0,
        discount_minor=held.discount.amount_minor if held.discount else 0,
        currency=held.order.currency if held.order else "",
        held_step=held_step,
    )
