"""A redemption as it is stored and as it is told to shops. Made by `linksvc.redemptions`, `linksvc.returns` and
`linksvc.redemption_list`."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from linksvc.models import Redemption as Row
from linksvc.money import Money


@dataclass(frozen=True, slots=True)
class Redemption:
    """A code that was used. `paid` is the order after the discount, `returned` what of it was paid back since."""

    id: str
    code: str
    """As it is shown."""
    order_ref: str
    order: Money
    discount: Money
    paid: Money
    returned: Money
    redeemed_at: datetime
    recorded_at: datetime
    """Later than `redeemed_at` only if the till was offline."""
    voided_at: datetime | None
    offer_id: int
    shop_id: int
    store_id: int | None
    customer_ref: str
    hold_id: str
    offline: bool
    accepted_duplicate: bool

    @property
    def state(self) -> str:
        """redeemed, partially_returned, returned or voided."""
        if self.voided_at is not None:
            return "voided"
        if not self.returned.amount_minor:
            return "redeemed"
        return "returned" if self.returned == self.paid else "partially_returned"

    @property
    def net(self) -> Money:
        """What it brought in the end."""
        kept = self.paid.amount_minor - self.returned.amount_minor
        return Money(0 if self.voided_at else kept, self.paid.currency)


class NewRow(NamedTuple):
    """A redemption that is about to be stored: `linksvc.models.Redemption` without a session's bookkeeping, which costs more
    than the row."""

    workspace_id: int
    code: str
    id: str
    offer_id: int
    shop_id: int
    store_id: int | None
    key_id: int
    order_ref: str
    order_minor: int
    discount_minor: int
    paid_minor: int
    currency: str
    customer_ref: str
    subject: str
    campaign_id: int | None
    n: int | None
    hold_id: str
    offline: bool
    accepted_duplicate: bool
    occurred_at: datetime
    recorded_at: datetime
    returned_minor: int = 0
    voided_at: datetime | None = None


def redemption_of(row: Row | NewRow, shown: str) -> Redemption:
    """A redemption's row, detached from its session. `shown`: its code, as it is shown."""
    return Redemption(
        id=row.id,
        code=shown,
        order_ref=row.order_ref,
        order=Money(row.order_minor, row.currency),
        discount=Money(row.discount_minor, row.currency),
        paid=Money(row.paid_minor, row.currency),
        returned=Money(row.returned_minor, row.currency),
        redeemed_at=row.occurred_at,
        recorded_at=row.recorded_at,
        voided_at=row.voided_at,
        offer_id=row.offer_id,
        shop_id=row.shop_id,
        store_id=row.store_id,
        customer_ref=row.customer_ref,
        hold_id=row.hold_id,
        offline=row.offline,
        accepted_duplicate=row.accepted_duplicate,
    )
