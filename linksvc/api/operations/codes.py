"""Promo codes at the till: asking what one is worth, and using it. A code travels in the body, so no access log holds it."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints
from sqlmodel import Session

from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Line, MoneyAnswer, Payload, SentMoney
from linksvc.code_worth import TYPED_MOST, Refusal, Worth, find_worth
from linksvc.database import reading
from linksvc.errors import Conflict, Forbidden
from linksvc.money import Money
from linksvc.promo_codes import display
from linksvc.redemptions import Redemption, Till, Use, redeem

TypedCode = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TYPED_MOST),
    Field(description="As typed or scanned: case, spaces and dashes do not matter.", examples=["2F4K-9QTX-07BM"]),
]


class ValidationPayload(Payload):
    code: TypedCode
    order: SentMoney | None = Field(None, description="With it the answer says what would be taken off and paid.")


class ValidationAnswer(Answer):
    valid: bool
    code: str = Field(description="As it is shown, if it is valid; else as it was sent.")
    reason: str | None = Field(description="The code with which a redemption would be refused; null if valid.")
    detail: str | None = Field(description="The reason in words; null if valid.")
    discount: MoneyAnswer | None
    paid: MoneyAnswer | None

    @classmethod
    def of(cls, outcome: Worth | Refusal, sent: ValidationPayload) -> Self:
        if isinstance(outcome, Refusal):
            return cls(valid=False, code=sent.code, reason=outcome.reason, detail=outcome.detail, discount=None, paid=None)
        discount = paid = None
        if sent.order:
            order = sent.order.money()
            discount = outcome.terms.discount_on(order)
            paid = Money(order.amount_minor - discount.amount_minor, order.currency)
        return cls(
            valid=True,
            code=display(outcome.code),
            reason=None,
            detail=None,
            discount=MoneyAnswer.of(discount) if discount else None,
            paid=MoneyAnswer.of(paid) if paid else None,
        )


class RedemptionPayload(Payload):
    code: TypedCode
    order_ref: Line = Field(description="The shop's own reference of the order.")
    order: SentMoney = Field(description="The order before the discount.")


class RedemptionAnswer(Answer):
    id: str
    code: str
    order_ref: str
    discount: MoneyAnswer
    paid: MoneyAnswer
    redeemed_at: datetime

    @classmethod
    def of(cls, redemption: Redemption) -> Self:
        return cls(
            id=redemption.id,
            code=redemption.code,
            order_ref=redemption.order_ref,
            discount=MoneyAnswer.of(redemption.discount),
            paid=MoneyAnswer.of(redemption.paid),
            redeemed_at=redemption.redeemed_at,
        )


def validate_code(call: Call[ValidationPayload, None]) -> ValidationAnswer:
    order = call.body.order.money() if call.body.order else None
    with reading(call.engine) as session:
        outcome = call.try_code(lambda: find_worth(session, call.workspace_id, call.body.code, order, call.now()))
    return ValidationAnswer.of(outcome, call.body)


def redeem_code(call: Call[RedemptionPayload, None]) -> Prepared:
    till = _till(call)
    use = Use(call.body.code, call.body.order_ref, call.body.order.money())

    def work(session: Session) -> RedemptionAnswer | Conflict:
        outcome = call.try_code(lambda: redeem(session, till, use, call.now()))
        if isinstance(outcome, Refusal):
            return Conflict(outcome.detail, code=outcome.reason)
        return RedemptionAnswer.of(outcome)

    return answer_once(call, work)


def _till(call: Call[RedemptionPayload, None]) -> Till:
    if call.caller.shop_id is None:
        raise Forbidden(
            "This key belongs to no shop, and a redemption needs one. Make a key with --shop.", code="key_without_shop"
        )
    return Till(call.workspace_id, call.caller.shop_id, call.caller.key_id)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/codes/validate",
        name="validate_code",
        summary="Ask whether a code may be used now",
        description="Answers 200 for a code that may not be used too, with `valid` false and the reason. Uses nothing up.",
        tag="codes",
        scope="codes:validate",
        handler=validate_code,
        body=ValidationPayload,
        tries_codes=True,
        answer=ValidationAnswer,
    ),
    Operation(
        method="POST",
        path="/v1/redemptions",
        name="redeem_code",
        summary="Use a code on an order",
        description="All or nothing, and at most once an Idempotency-Key: a repeated request gets the first answer again, "
        "a refusal too, with the header `Idempotent-Replayed: true`. Keys are the shop's, whichever API key it uses.",
        tag="codes",
        scope="codes:redeem",
        handler=redeem_code,
        body=RedemptionPayload,
        idempotency_key="required",
        tries_codes=True,
        status=201,
        answer=RedemptionAnswer,
        failures=(
            Failure(403, "key_without_shop", "The key is bound to no shop."),
            Failure(409, "code_not_found", "There is no such code in this workspace."),
            Failure(409, "code_disabled", "The code was withdrawn."),
            Failure(409, "code_not_active_yet", "The offer has not started."),
            Failure(409, "code_expired", "The offer has ended."),
            Failure(409, "code_exhausted", "The code was used as often as it may be."),
            Failure(409, "order_already_redeemed", "A code of several uses was used on this very order already."),
            Failure(409, "currency_mismatch", "The order is in another currency than the offer."),
            Failure(409, "minimum_not_met", "The order is below the offer's minimum."),
        ),
    ),
)
