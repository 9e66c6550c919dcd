"""What tills send and get, over all operations on codes, holds and redemptions."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from linksvc.api.operation import Call, Failure
from linksvc.api.payloads import Answer, Line, MoneyAnswer, Payload, SentMoney
from linksvc.code_worth import TYPED_MOST
from linksvc.errors import Conflict, Forbidden
from linksvc.money import AMOUNT_MOST, Money
from linksvc.public_ids import format_id
from linksvc.redemptions import Redemption, Till, Use
from linksvc.refusals import REASONS, Refusal

TypedCode = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TYPED_MOST),
    Field(description="As typed or scanned: case, spaces and dashes do not matter.", examples=["2F4K-9QTX-07BM"]),
]

CustomerRef = Annotated[
    Line | None,
    Field(
        description="The company's own reference of the customer, the same in all shops. Needed where an offer is limited "
        "per customer and the code came with no message. Spaces at its ends do not matter.",
        examples=["C-77012"],
    ),
]

NO_SHOP = Failure(403, "key_without_shop", "The key is bound to no shop.")


class OrderPayload(SentMoney):
    """An order before the discount, delivery included, in minor units: 4990 EUR is 49.90 euros."""

    delivery: int | None = Field(
        None,
        ge=0,
        le=AMOUNT_MOST,
        description="The part of it that is delivery: what free delivery takes off, and needed for it; 0: nothing is "
        "delivered. At most the amount.",
    )

    @model_validator(mode="after")
    def _is_a_part(self) -> Self:
        if self.delivery is not None and self.delivery > self.amount:
            raise ValueError("Delivery is a part of the order, so it cannot be more than the amount.")
        return self


class RedemptionPayload(Payload):
    code: TypedCode
    order_ref: Line = Field(
        description="The shop's own reference of the order. Spaces at its ends do not matter.", examples=["R-1001"]
    )
    order: OrderPayload
    hold_id: str | None = Field(None, max_length=40, description="The hold that reserves the use, if there is one.")
    customer_ref: CustomerRef = None

    def use(self) -> Use:
        return Use(
            code=self.code,
            order_ref=self.order_ref,
            order=self.order.money(),
            hold_id=self.hold_id or "",
            customer_ref=self.customer_ref or "",
            delivery_minor=self.order.delivery,
        )


class RedemptionAnswer(Answer):
    id: str
    state: str = Field(description="redeemed, partially_returned, returned or voided.")
    code: str
    order_ref: str
    order: MoneyAnswer
    discount: MoneyAnswer
    paid: MoneyAnswer = Field(description="The order after the discount.")
    returned: MoneyAnswer = Field(description="What of it was paid back since.")
    net: MoneyAnswer = Field(description="What is left of it; nothing of a redemption that was voided.")
    offer_id: str
    shop_id: str
    store_id: str | None
    customer_ref: str | None
    hold_id: str | None
    redeemed_at: datetime = Field(description="When it happened; of an upload, by the till's clock.")
    received_at: datetime = Field(description="When we learnt of it.")
    offline: bool = Field(description="The till told it later.")
    accepted_duplicate: bool = Field(description="The code had no use left, and the till had given the discount.")
    voided_at: datetime | None

    @classmethod
    def of(cls, redemption: Redemption) -> Self:
        # As a whole: to make each amount by itself takes as long again as all the rest.
        told = {
            "id": redemption.id,
            "state": redemption.state,
            "code": redemption.code,
            "order_ref": redemption.order_ref,
            "order": _amount(redemption.order),
            "discount": _amount(redemption.discount),
            "paid": _amount(redemption.paid),
            "returned": _amount(redemption.returned),
            "net": _amount(redemption.net),
            "offer_id": format_id("offer", redemption.offer_id),
            "shop_id": format_id("shop", redemption.shop_id),
            "store_id": None if redemption.store_id is None else format_id("store", redemption.store_id),
            "customer_ref": redemption.customer_ref or None,
            "hold_id": redemption.hold_id or None,
            "redeemed_at": redemption.redeemed_at,
            "received_at": redemption.recorded_at,
            "offline": redemption.offline,
            "accepted_duplicate": redemption.accepted_duplicate,
            "voided_at": redemption.voided_at,
        }
        return cls.model_validate(told)


def _amount(money: Money) -> dict[str, int | str]:
    return {"amount": money.amount_minor, "currency": money.currency}


def till_of(call: Call[Any, Any]) -> Till:
    """Who asks, as a till. Raises Forbidden (`key_without_shop`)."""
    caller = call.caller
    if caller.shop_id is None:
        raise Forbidden("This key belongs to no shop, and this needs one. Make a key with --shop.", code="key_without_shop")
    return Till(call.workspace_id, caller.shop_id, caller.key_id, caller.store_id)


def refused(refusal: Refusal) -> Conflict:
    return Conflict(refusal.detail, code=refusal.reason)


def refusals(without: Collection[str]) -> tuple[Failure, ...]:
    """Why a code is not taken, as the failures of an operation, without reasons that it cannot have."""
    return tuple(Failure(409, reason, meaning) for reason, meaning in REASONS.items() if reason not in without)
