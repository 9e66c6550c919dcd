"""Events about codes, told in the transaction in which one is used or a use is undone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from linksvc.money import Money
from linksvc.public_ids import format_id
from linksvc.redemption_rows import Redemption
from linksvc.webhooks import outbox
from linksvc.webhooks.events import Amount, CodeUse, Event, EventType, MessageName

Message = tuple[int | None, int | None]
"""The one (campaign, n) that a code was sent with, if it was."""


def tell_use(
    session: Session,
    kind: Literal["code.redeemed", "code.voided"],
    workspace_id: int,
    redemption: Redemption,
    message: Message,
    now: datetime,
) -> None:
    tell_uses(session, kind, workspace_id, [(redemption, message)], now)


def tell_uses(
    session: Session,
    kind: Literal["code.redeemed", "code.voided"],
    workspace_id: int,
    uses: Sequence[tuple[Redemption, Message]],
    now: datetime,
) -> None:
    """Those of one workspace."""
    listeners = outbox.find_listeners(session, workspace_id)
    if listeners:
        events = [_event(kind, redemption, message, now) for redemption, message in uses]
        outbox.tell_listeners(session, workspace_id, listeners, events, now)


def _event(kind: EventType, redemption: Redemption, message: Message, now: datetime) -> Event:
    at = redemption.redeemed_at if kind == "code.redeemed" else redemption.voided_at or now
    return Event(kind, redemption.id, at, _use(redemption, message), redemption.shop_id)


def _use(redemption: Redemption, message: Message) -> CodeUse:
    campaign_id, n = message
    return CodeUse(
        redemption_id=redemption.id,
        code=redemption.code,
        shop_id=format_id("shop", redemption.shop_id),
        order_ref=redemption.order_ref,
        customer_ref=redemption.customer_ref or None,
        order=_amount(redemption.order),
        discount=_amount(redemption.discount),
        paid=_amount(redemption.paid),
        returned=_amount(redemption.returned),
        message=MessageName(format_id("campaign", campaign_id), n) if campaign_id is not None and n is not None else None,
        offline=redemption.offline,
        accepted_duplicate=redemption.accepted_duplicate,
        redeemed_at=redemption.redeemed_at,
        voided_at=redemption.voided_at,
    )


def _amount(money: Money) -> Amount:
    return Amount(money.amount_minor, money.currency)
