"""Events about codes, told in the transaction in which one is used or a use is undone."""

from datetime import datetime
from typing import Literal

from sqlmodel import Session

from linksvc.money import Money
from linksvc.public_ids import format_id
from linksvc.redemption_rows import Redemption
from linksvc.webhooks import outbox
from linksvc.webhooks.events import Amount, CodeUse, Event, MessageName


def tell_use(
    session: Session,
    kind: Literal["code.redeemed", "code.voided"],
    workspace_id: int,
    redemption: Redemption,
    message: tuple[int | None, int | None],
    now: datetime,
) -> None:
    """`message`: the one (campaign, n) that the code was sent with, if it was."""
    listeners = outbox.find_listeners(session, workspace_id)
    if listeners:
        at = redemption.redeemed_at if kind == "code.redeemed" else redemption.voided_at or now
        event = Event(kind, redemption.id, at, _use(redemption, message), redemption.shop_id)
        outbox.tell_listeners(session, workspace_id, listeners, [event], now)


def _use(redemption: Redemption, message: tuple[int | None, int | None]) -> CodeUse:
    campaign_id, n = message
    return CodeUse(
        redemption_id=redemption.id,
        code=redemption.code,
        shop_id=format_id("shop", redemption.shop_id),
        order_ref=redemption.order_ref,
        customer_ref=redemption.customer_ref,
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
