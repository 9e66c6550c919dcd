"""Holds over the API: a use of a code is reserved for a basket until its order is paid."""

from datetime import datetime
from typing import Self

from pydantic import Field
from sqlmodel import Session

from linksvc import code_holds
from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Line, MoneyAnswer, Payload
from linksvc.api.till_shapes import NO_SHOP, CustomerRef, OrderPayload, TypedCode, refusals, refused, till_of
from linksvc.code_holds import TTL_MOST_S, TTL_S, Hold, HoldRequest
from linksvc.database import reading
from linksvc.errors import Conflict
from linksvc.refusals import Refusal


class HoldPayload(Payload):
    code: TypedCode
    key: Line | None = Field(
        None,
        description="Your own name for the basket: held again with it, the hold is prolonged, for the order as it is then. "
        "Unless told, it is the Idempotency-Key.",
        examples=["basket-4711"],
    )
    ttl_s: int = Field(TTL_S, ge=1, le=TTL_MOST_S, description="For how long, in seconds.")
    order_ref: Line | None = None
    order: OrderPayload | None = Field(
        None, description="With it the discount is reserved too, where the offer has a budget."
    )
    customer_ref: CustomerRef = None

    def asked(self, idempotency_key: str) -> HoldRequest:
        return HoldRequest(
            code=self.code,
            key=self.key or idempotency_key,
            ttl_s=self.ttl_s,
            order_ref=self.order_ref or "",
            order=self.order.money() if self.order else None,
            customer_ref=self.customer_ref or "",
            delivery_minor=self.order.delivery if self.order else None,
        )


class HoldAnswer(Answer):
    id: str
    state: str = Field(description="held, redeemed, released or expired.")
    code: str
    key: str
    order_ref: str | None
    order: MoneyAnswer | None
    discount: MoneyAnswer | None
    expires_at: datetime
    created_at: datetime

    @classmethod
    def of(cls, hold: Hold) -> Self:
        return cls(
            id=hold.id,
            state=hold.state,
            code=hold.code,
            key=hold.key,
            order_ref=hold.order_ref or None,
            order=MoneyAnswer.of(hold.order) if hold.order else None,
            discount=MoneyAnswer.of(hold.discount) if hold.discount else None,
            expires_at=hold.expires_at,
            created_at=hold.created_at,
        )


def hold_code(call: Call[HoldPayload, None]) -> Prepared:
    till, asked = till_of(call), call.body.asked(call.idempotency_key)

    def work(session: Session) -> HoldAnswer | Conflict:
        outcome = call.try_code(lambda: code_holds.hold(session, till, asked, call.now()))
        return refused(outcome) if isinstance(outcome, Refusal) else HoldAnswer.of(outcome)

    return answer_once(call, work)


def read_hold(call: Call[None, None]) -> HoldAnswer:
    till = till_of(call)
    with reading(call.engine) as session:
        return HoldAnswer.of(code_holds.find_hold(session, till, call.drawn_ids["hold_id"], call.now()))


def release_hold(call: Call[None, None]) -> Prepared:
    till, hold_id = till_of(call), call.drawn_ids["hold_id"]
    return answer_once(call, lambda session: HoldAnswer.of(code_holds.release(session, till, hold_id, call.now())))


_NOT_FOUND = Failure(404, "hold_not_found", "This shop has no such hold.")

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/holds",
        name="hold_code",
        summary="Reserve a use of a code",
        description="For a basket that is being paid: nobody else gets this use until it is redeemed or released, or its "
        "time is over. Held again with the same `key`, by the same shop, the hold is prolonged.",
        tag="holds",
        scope="codes:redeem",
        handler=hold_code,
        body=HoldPayload,
        idempotency_key="required",
        tries_codes=True,
        status=201,
        answer=HoldAnswer,
        failures=(
            NO_SHOP,
            *refusals(without=("hold_not_found", "hold_expired", "occurred_in_future", "upload_too_late")),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/holds/{hold_id}",
        name="read_hold",
        summary="Read a hold",
        tag="holds",
        scope="codes:read",
        handler=read_hold,
        answer=HoldAnswer,
        failures=(NO_SHOP, _NOT_FOUND),
    ),
    Operation(
        method="POST",
        path="/v1/holds/{hold_id}/release",
        name="release_hold",
        summary="Release a hold",
        description="The use is there for others again. A hold that is over already stays as it is.",
        tag="holds",
        scope="codes:redeem",
        handler=release_hold,
        idempotency_key="required",
        answer=HoldAnswer,
        failures=(NO_SHOP, _NOT_FOUND),
    ),
)
