"""What a promo code is worth, asked at the till. A code travels in the body, so no access log holds it."""

from datetime import datetime
from typing import Self

from pydantic import Field

from linksvc.api.operation import Call, Operation
from linksvc.api.payloads import Answer, Line, MoneyAnswer, Payload
from linksvc.api.till_shapes import CustomerRef, OrderPayload, TypedCode
from linksvc.code_worth import Refusal, Worth, find_worth
from linksvc.database import reading, writing
from linksvc.failed_attempts import is_of_the_code, note_refusal
from linksvc.money import Money
from linksvc.offers import Terms
from linksvc.public_ids import format_id


class ValidationPayload(Payload):
    code: TypedCode
    order: OrderPayload | None = Field(None, description="With it the answer says what would be taken off and paid.")
    order_ref: Line | None = Field(
        None, description="With it the answer says whether the code goes with those that the order had already."
    )
    customer_ref: CustomerRef = None


class GivenAnswer(Answer):
    """What an offer gives."""

    id: str
    name: str
    kind: str = Field(description="percentage, amount, free_delivery or gift.")
    gift: str | None = Field(description="In words.")
    minimum: MoneyAnswer = Field(description="The least order it is good for.")
    stackable: bool = Field(description="Whether other codes may be used on the same order.")

    @classmethod
    def of(cls, terms: Terms) -> Self:
        return cls(
            id=format_id("offer", terms.id),
            name=terms.name,
            kind=terms.kind,
            gift=terms.gift or None,
            minimum=MoneyAnswer(amount=terms.minimum_minor, currency=terms.currency),
            stackable=terms.stackable,
        )


class ValidationAnswer(Answer):
    valid: bool
    code: str = Field(description="As it is shown, if it is valid; else as it was sent.")
    reason: str | None = Field(description="The code with which a redemption would be refused; null if valid.")
    detail: str | None = Field(description="The reason in words; null if valid.")
    discount: MoneyAnswer | None
    paid: MoneyAnswer | None
    offer: GivenAnswer | None
    ends_at: datetime | None = Field(description="Until when the code is good, exclusive; null: for ever, or not valid.")

    @classmethod
    def of(cls, outcome: Worth | Refusal, sent: ValidationPayload) -> Self:
        if isinstance(outcome, Refusal):
            return cls(
                valid=False,
                code=sent.code,
                reason=outcome.reason,
                detail=outcome.detail,
                discount=None,
                paid=None,
                offer=None,
                ends_at=None,
            )
        discount = paid = None
        if sent.order:
            order = sent.order.money()
            discount = outcome.terms.discount_on(order, sent.order.delivery)
            paid = Money(order.amount_minor - discount.amount_minor, order.currency)
        return cls(
            valid=True,
            code=outcome.shown,
            reason=None,
            detail=None,
            discount=MoneyAnswer.of(discount) if discount else None,
            paid=MoneyAnswer.of(paid) if paid else None,
            offer=GivenAnswer.of(outcome.terms),
            ends_at=outcome.ends_at,
        )


def validate_code(call: Call[ValidationPayload, None]) -> ValidationAnswer:
    sent = call.body
    with reading(call.engine) as session:
        outcome = call.try_code(
            lambda: find_worth(
                session,
                call.workspace_id,
                sent.code,
                sent.order.money() if sent.order else None,
                call.now(),
                shop_id=call.caller.shop_id,
                order_ref=sent.order_ref or "",
                customer_ref=sent.customer_ref or "",
                delivery_minor=sent.order.delivery if sent.order else None,
            )
        )
    if isinstance(outcome, Refusal) and is_of_the_code(outcome):
        with writing(call.engine) as session:
            note_refusal(session, call.workspace_id, call.attempter, sent.code, outcome, call.now())
    return ValidationAnswer.of(outcome, sent)


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
)
