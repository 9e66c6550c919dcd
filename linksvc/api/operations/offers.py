"""Offers over the API: what promo codes are worth, when, where and how often."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field
from sqlmodel import Session

from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Currency, Day, Line, Moment, Parameters, Payload
from linksvc.database import reading
from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.money import AMOUNT_MOST
from linksvc.new_offers import DAYS_MOST, USES_IN_ALL_MOST, USES_MOST, Kind, NewOffer
from linksvc.offers import Terms, create_offer, find_offer, list_offers, shops_of
from linksvc.public_ids import format_id, parse_id

Minor = Annotated[int, Field(ge=0, le=AMOUNT_MOST)]

PAGE_MOST = 1_000
SHOPS_MOST = 1_000


class OfferPayload(Payload):
    name: Line
    kind: Kind
    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)] | None = Field(
        None, description="For kind percentage: more than 0, at most 100.", examples=["10.0"]
    )
    amount: Annotated[int, Field(ge=1, le=AMOUNT_MOST)] | None = Field(None, description="For kind amount: minor units.")
    cap: Minor = Field(0, description="For kinds percentage and free_delivery: the most it takes off; 0: any amount.")
    gift: Line | None = Field(None, description="For kind gift: what is given, in words.")
    currency: Currency | None = Field(None, description="The workspace's, unless told.")
    minimum: Minor = Field(0, description="The least order it is good for, in minor units.")
    uses_per_code: int = Field(1, ge=1, le=USES_MOST)
    uses_per_contact: int = Field(0, ge=0, le=USES_MOST, description="Over all codes of the offer; 0: any number.")
    uses_in_all: int = Field(0, ge=0, le=USES_IN_ALL_MOST, description="Of all codes together; 0: any number.")
    budget: Minor = Field(0, description="The most that all discounts may come to, in minor units; 0: any amount.")
    stackable: bool = Field(False, description="Whether other codes may be used on the same order; those must allow it too.")
    shops: tuple[str, ...] = Field((), max_length=SHOPS_MOST, description="Ids of the shops it is good in; none: in all.")
    timezone: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        None, description="The IANA zone its days are days of; the workspace's, unless told.", examples=["Europe/Paris"]
    )
    starts_at: Moment | Day | None = Field(
        None, description="From when on; now, unless told. A date alone is the start of that day in the offer's zone."
    )
    ends_at: Moment | Day | None = Field(
        None, description="Until when, exclusive; for ever, unless told. A date alone is the end of that day."
    )
    days_after_delivery: int = Field(
        0, ge=0, le=DAYS_MOST, description="A code ends with this day after its message was delivered; 0: it does not."
    )


class OfferAnswer(Answer):
    id: str
    name: str
    kind: Kind
    percent: str | None
    amount: int | None
    cap: int
    gift: str | None
    currency: str
    minimum: int
    uses_per_code: int
    uses_per_contact: int
    uses_in_all: int
    budget: int
    stackable: bool
    shops: tuple[str, ...]
    timezone: str
    starts_at: datetime
    ends_at: datetime | None
    days_after_delivery: int

    @classmethod
    def of(cls, terms: Terms, shop_ids: tuple[int, ...]) -> Self:
        return cls.model_validate(
            {
                "id": format_id("offer", terms.id),
                "name": terms.name,
                "kind": terms.kind,
                "percent": f"{Decimal(terms.value) / 100:.2f}" if terms.kind == "percentage" else None,
                "amount": terms.value if terms.kind == "amount" else None,
                "cap": terms.cap_minor,
                "gift": terms.gift or None,
                "currency": terms.currency,
                "minimum": terms.minimum_minor,
                "uses_per_code": terms.uses_per_code,
                "uses_per_contact": terms.uses_per_contact,
                "uses_in_all": terms.uses_in_all,
                "budget": terms.budget_minor,
                "stackable": terms.stackable,
                "shops": tuple(format_id("shop", shop_id) for shop_id in shop_ids),
                "timezone": terms.timezone,
                "starts_at": terms.starts_at,
                "ends_at": terms.ends_at,
                "days_after_delivery": terms.days_after_delivery,
            }
        )


class OffersQuery(Parameters):
    after: str = Field("", max_length=40, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class OffersAnswer(Answer):
    offers: tuple[OfferAnswer, ...]
    next_after: str | None


def add_offer(call: Call[OfferPayload, None]) -> Prepared:
    new = _new_offer(call.body)
    return answer_once(
        call,
        lambda session: _answers(session, call.workspace_id, (create_offer(session, call.workspace_id, new, call.now()),))[
            0
        ],
    )


def read_offers(call: Call[None, OffersQuery]) -> OffersAnswer:
    """The newest first."""
    before, limit = parse_id("offer", call.query.after) if call.query.after else None, call.query.limit
    with reading(call.engine) as session:
        found = list_offers(session, call.workspace_id, before, limit + 1)
        offers = _answers(session, call.workspace_id, found[:limit])
    return OffersAnswer(offers=offers, next_after=offers[-1].id if len(found) > limit else None)


def read_offer(call: Call[None, None]) -> OfferAnswer:
    with reading(call.engine) as session:
        return _answers(session, call.workspace_id, (find_offer(session, call.workspace_id, call.ids["offer_id"]),))[0]


def _answers(session: Session, workspace_id: int, offers: tuple[Terms, ...]) -> tuple[OfferAnswer, ...]:
    shops = shops_of(session, workspace_id, [terms.id for terms in offers])
    return tuple(OfferAnswer.of(terms, shops.get(terms.id, ())) for terms in offers)


def _new_offer(sent: OfferPayload) -> NewOffer:
    return NewOffer(
        name=sent.name,
        kind=sent.kind,
        value=_value(sent),
        currency=sent.currency,
        minimum_minor=sent.minimum,
        uses_per_code=sent.uses_per_code,
        starts_at=sent.starts_at,
        ends_at=sent.ends_at,
        cap_minor=sent.cap,
        gift=sent.gift or "",
        uses_per_contact=sent.uses_per_contact,
        uses_in_all=sent.uses_in_all,
        budget_minor=sent.budget,
        stackable=sent.stackable,
        timezone=sent.timezone,
        days_after_delivery=sent.days_after_delivery,
        shop_ids=tuple(_shop_id(i, shop) for i, shop in enumerate(sent.shops)),
    )


_VALUES = {"percentage": "percent", "amount": "amount", "gift": "gift"}
"""The field that says what an offer of a kind gives."""


def _value(sent: OfferPayload) -> int:
    """Basis points or minor units: of the fields the one that the kind asks for, and no other."""
    errors = []
    for kind, field in _VALUES.items():
        if sent.kind == kind and getattr(sent, field) is None:
            errors.append(FieldError(field, f"It is needed for kind {sent.kind}."))
        if sent.kind != kind and getattr(sent, field) is not None:
            errors.append(FieldError(field, f"It is not for kind {sent.kind}."))
    if errors:
        raise InvalidRequest("What was sent is not what is asked for; see errors.", errors=tuple(errors))
    return int(sent.percent * 100) if sent.percent is not None else sent.amount or 0


def _shop_id(place: int, shop: str) -> int:
    try:
        return parse_id("shop", shop)
    except NotFound as error:
        raise InvalidRequest(error.detail, errors=(FieldError(f"shops.{place}", error.detail),)) from None


NOT_FOUND = Failure(404, "offer_not_found", "There is no such offer in this workspace.")

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
            Failure(404, "shop_not_found", "A shop is none of this workspace."),
            Failure(422, "currency_unknown", "The currency is none of ISO 4217 in use today."),
            Failure(422, "timezone_unknown", "The zone is none of the IANA database."),
            Failure(422, "window_empty", "The offer ends before it starts."),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/offers",
        name="read_offers",
        summary="List the offers",
        description="The newest first.",
        tag="offers",
        scope="offers:read",
        handler=read_offers,
        query=OffersQuery,
        answer=OffersAnswer,
        failures=(Failure(404, "not_found", "`after` is no id of an offer."),),
    ),
    Operation(
        method="GET",
        path="/v1/offers/{offer_id}",
        name="read_offer",
        summary="Read an offer",
        tag="offers",
        scope="offers:read",
        handler=read_offer,
        answer=OfferAnswer,
        failures=(NOT_FOUND,),
    ),
)
