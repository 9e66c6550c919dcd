"""What a payment provider's callback says, read from its body once its signature was checked. Used by
`linksvc.payment_callbacks`.

Amounts are compared in minor units, as ISO 4217 has them (`linksvc.money`). Stripe counts a few currencies otherwise
(docs.stripe.com/currencies, "Zero-decimal currencies", "Special cases").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from linksvc.errors import InvalidRequest
from linksvc.money import AMOUNT_MOST, Money, exponent_of

SUCCEEDED = "payment.succeeded"

_STRIPE_DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Where Stripe's smallest unit is not that of ISO 4217."""

_COMPLETED = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
_INTENT = "payment_intent.succeeded"


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """`ref` names the event among all of its provider. `references`: by what it names the payment, any of them. `paid` None:
    it tells of something else."""

    ref: str
    references: tuple[str, ...]
    paid: Money | None
    occurred_at: datetime


def read_event(kind: str, body: bytes, now: datetime) -> PaymentEvent:
    """Raises InvalidRequest (callback_unreadable) for what is no event of that kind of provider."""
    try:
        return _READERS[kind](body, now)
    except ValidationError as error:
        where = ", ".join(".".join(str(part) for part in one["loc"]) for one in error.errors(include_input=False)[:5])
        raise InvalidRequest(
            f"The body is signed, and is no event that can be read: {where or 'it is no JSON'}.", code="callback_unreadable"
        ) from None


def stripe_amount(money: Money) -> int:
    """An amount as Stripe counts it. Raises InvalidRequest (amount_invalid) for what it cannot be asked for."""
    decimals = _STRIPE_DECIMALS.get(money.currency, exponent_of(money.currency))
    amount, left = divmod(money.amount_minor * _power(decimals), _power(exponent_of(money.currency)))
    if left or (decimals == 3 and amount % 10):
        raise InvalidRequest("Stripe takes no such fraction of this currency.", code="amount_invalid")
    return amount


Ref = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Amount = Annotated[int, Field(ge=0, le=AMOUNT_MOST)]
Code = Annotated[str, StringConstraints(pattern="^[A-Za-z]{3}$")]


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Signed(_Read):
    """A callback of kind hmac. Of another type than payment.succeeded its id alone is looked at."""

    id: Ref
    type: Ref


class _Succeeded(_Signed):
    reference: Ref
    amount: Amount
    currency: Code
    paid_at: Annotated[AwareDatetime | None, Field(strict=False)] = None


class _StripeObject(_Read):
    id: Ref
    currency: Code | None = None
    amount_total: Amount | None = None
    amount_received: Amount | None = None
    payment_status: str = ""
    payment_intent: Any = None
    client_reference_id: Ref | None = None
    metadata: Mapping[str, str] | None = None


class _StripeData(_Read):
    object: _StripeObject


class _StripeEvent(_Read):
    id: Ref
    type: Ref
    created: Annotated[int, Field(ge=0, le=253_402_300_799)]


class _StripePaid(_StripeEvent):
    type: Literal["checkout.session.completed", "checkout.session.async_payment_succeeded", "payment_intent.succeeded"]
    data: _StripeData


def _read_signed(body: bytes, now: datetime) -> PaymentEvent:
    event = _Signed.model_validate_json(body)
    if event.type != SUCCEEDED:
        return PaymentEvent(event.id, (), None, now)
    told = _Succeeded.model_validate_json(body)
    return PaymentEvent(told.id, (told.reference,), Money(told.amount, told.currency.upper()), told.paid_at or now)


def _read_stripe(body: bytes, _: datetime) -> PaymentEvent:
    event = _StripeEvent.model_validate_json(body)
    at = datetime.fromtimestamp(event.created, UTC)
    if event.type not in (*_COMPLETED, _INTENT):
        return PaymentEvent(event.id, (), None, at)
    told = _StripePaid.model_validate_json(body).data.object
    own = (told.metadata or {}).get("payment_id", "")
    intent = told.payment_intent if isinstance(told.payment_intent, str) else ""
    references = tuple(ref for ref in (told.id, intent, told.client_reference_id or "", own) if ref)
    # A session is completed before money comes where that takes days; then another event follows.
    is_paid = event.type == _INTENT or told.payment_status == "paid"
    amount = told.amount_received if event.type == _INTENT else told.amount_total
    if not is_paid or amount is None or told.currency is None:
        return PaymentEvent(event.id, references, None, at)
    return PaymentEvent(event.id, references, _from_stripe(amount, told.currency.upper()), at)


def _from_stripe(amount: int, currency: str) -> Money:
    decimals, ours = _STRIPE_DECIMALS.get(currency, exponent_of(currency)), exponent_of(currency)
    whole, left = divmod(amount * _power(ours), _power(decimals))
    # A fraction that the currency has not is no amount that anybody asked for.
    return Money(-1 if left else whole, currency)


def _power(decimals: int) -> int:
    return int(10**decimals)


_READERS: Mapping[str, Callable[[bytes, datetime], PaymentEvent]] = {"hmac": _read_signed, "stripe": _read_stripe}
