"""What a till asks for: a use of a code, on an order, in a shop. For `linksvc.redemptions` and all that it stands on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from linksvc.money import Money


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
    delivery_minor: int | None = None
    """The part of the order that its delivery costs: what an offer of free delivery takes off. None: it is not said."""
    offline: Offline | None = None
