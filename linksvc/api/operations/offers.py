"""Offers over the API: what the codes of a campaign will be worth."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field

from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import AMOUNT_MOST, Answer, Currency, Line, Payload
from linksvc.errors import FieldError, InvalidRequest
from linksvc.offers import USES_MOST, NewOffer, Terms, create_offer
from linksvc.public_ids import format_id

Minor = Annotated[int, Field(ge=0, le=AMOUNT_MOST)]


class OfferPayload(Payload):
    name: Line
    kind: Literal["percentage", "amount"]
    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)] | None = Field(
        None, description="For kind percentage: more than 0, at most 100.", examples=["10.0"]
    )
    amount: Annotated[int, Field(ge=1, le=AMOUNT_MOST)] | None = Field(None, description="For kind amount: minor units.")
    currency: Currency | None = Field(None, description="The workspace's, unless told.")
    minimum: Minor = Field(0, description="The least order it is good for, in minor units.")
    uses_per_code: int = Field(1, ge=1, le=USES_MOST)
    starts_at: AwareDatetime | date | None = Field(
        None, description="From when on; now, unless told. A date alone is the start of that day in the workspace's zone."
    )
    ends_at: AwareDatetime | date | None = Field(
        None, description="Until when, exclusive; for ever, unless told. A date alone is the end of that day."
    )


class OfferAnswer(Answer):
    id: str
    name: str
    kind: str
    percent: str | None
    amount: int | None
    currency: str
    minimum: int
    uses_per_code: int
    starts_at: datetime
    ends_at: datetime | None

    @classmethod
    def of(cls, terms: Terms) -> Self:
        percentage = terms.kind == "percentage"
        return cls(
            id=format_id("offer", terms.id),
            name=terms.name,
            kind=terms.kind,
            percent=f"{Decimal(terms.value) / 100:.2f}" if percentage else None,
            amount=None if percentage else terms.value,
            currency=terms.currency,
            minimum=terms.minimum_minor,
            uses_per_code=terms.uses_per_code,
            starts_at=terms.starts_at,
            ends_at=terms.ends_at,
        )


def add_offer(call: Call[OfferPayload, None]) -> Prepared:
    sent = call.body
    new = NewOffer(
        name=sent.name,
        kind=sent.kind,
        value=_value(sent),
        currency=sent.currency,
        minimum_minor=sent.minimum,
        uses_per_code=sent.uses_per_code,
        starts_at=sent.starts_at,
        ends_at=sent.ends_at,
    )
    return answer_once(call, lambda session: OfferAnswer.of(create_offer(session, call.workspace_id, new, call.now())))


def _value(sent: OfferPayload) -> int:
    """Basis points or minor units: of the two fields the one that the kind asks for, and not the other."""
    wanted, other = ("percent", "amount") if sent.kind == "percentage" else ("amount", "percent")
    errors = []
    if getattr(sent, wanted) is None:
        errors.append(FieldError(wanted, f"It is needed for kind {sent.kind}."))
    if getattr(sent, other) is not None:
        errors.append(FieldError(other, f"It is not for kind {sent.kind}."))
    if errors:
        raise InvalidRequest("What was sent is not what is asked for; see errors.", errors=tuple(errors))
    return int(sent.percent * 100) if sent.percent is not None else sent.amount or 0


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/offers",
        name="add_offer",
        summary="Add an offer",
        description="What a promo code is worth. An offer never changes once it is made.",
        tag="offers",
        scope="offers:write",
        handler=add_offer,
        body=OfferPayload,
        idempotency_key="optional",
        status=201,
        answer=OfferAnswer,
        failures=(
            Failure(422, "currency_unknown", "The currency is none of ISO 4217 in use today."),
            Failure(422, "window_empty", "The offer ends before it starts."),
        ),
    ),
)
