"""Pay by link over the API: payments are asked for, listed, called off."""

from datetime import datetime
from hashlib import blake2b
from typing import Literal, Self

from pydantic import Field
from sqlmodel import Session

from linksvc.api.once import answer_once, answer_with, scope_of
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.operations.messages import FIELDS, MESSAGE_FAILURES, RecipientPayload
from linksvc.api.payloads import Answer, Line, Moment, MoneyAnswer, Parameters, Payload, SentMoney
from linksvc.database import reading
from linksvc.destinations import MAX_CHARACTERS as LONGEST_DESTINATION
from linksvc.models import Payment
from linksvc.money import Money
from linksvc.payment_checkouts import ask_for_checkout
from linksvc.payment_list import list_payments
from linksvc.payments import (
    CheckedPayment,
    Checkout,
    NewPayment,
    cancel_payment,
    check_payment,
    find_payment,
    place_of,
    store_payment,
)
from linksvc.public_ids import DRAWN_PREFIXES, check_drawn_id, format_id
from linksvc.single_reports import id_of
from linksvc.templates import MAX_CHARACTERS as LONGEST_TEXT

PAGE_MOST = 1_000


class PaymentPayload(Payload):
    to: RecipientPayload
    amount: SentMoney
    description: Line = Field(description="What it is for: the provider's page shows it.", examples=["Order R-1001"])
    provider_id: str = Field(
        max_length=40,
        description="Who takes the money; `ricochet payment provider list` shows the ids.",
        examples=["ppr_3f2b8c1d9e4a4c6f8b7a5d2e1f0c9b8a"],
    )
    provider_ref: Line | None = Field(
        None,
        description="What the provider's callback will call the payment; goes with destination_url.",
        examples=["R-1001"],
    )
    destination_url: str | None = Field(
        None,
        max_length=LONGEST_DESTINATION,
        description="Where it is paid. Left out: the provider is asked for it.",
        examples=["https://pay.example/R-1001"],
    )
    text: str = Field(
        max_length=LONGEST_TEXT,
        description=f"What is sent; its {{{{ link }}}} leads to where it is paid. Fields: {FIELDS}.",
        examples=["Bonjour {{ first_name }}, réglez 49,90 € ici : {{ link }}"],
    )
    sender: str = Field(
        max_length=20, description="A short code, a number in E.164, or a name of at most 11 characters.", examples=["36180"]
    )
    confirmation: str = Field(
        "",
        max_length=LONGEST_TEXT,
        description="What is sent once it is paid, from the same sender; fields as above but the link. Empty: nothing.",
        examples=["Merci {{ first_name }}, nous avons reçu votre paiement."],
    )
    expires_at: Moment | None = Field(
        None, description="Until when it may be paid; for ever, unless told. At Stripe 24 hours at most, and unless told."
    )

    def new(self) -> NewPayment:
        return NewPayment(
            to=self.to.recipient(),
            money=self.amount.money(),
            description=self.description,
            provider_id=check_drawn_id("provider", self.provider_id),
            text=self.text,
            sender=self.sender,
            provider_ref=self.provider_ref or "",
            destination_url=self.destination_url or "",
            confirmation=self.confirmation,
            expires_at=self.expires_at,
        )


class PaymentsQuery(Parameters):
    state: Literal["pending", "paid", "expired", "cancelled"] | None = Field(
        None, description="Only those; all, unless told."
    )
    after: str | None = Field(None, max_length=100, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class PaymentAnswer(Answer):
    id: str
    state: str = Field(description="pending, paid, expired or cancelled.")
    amount: MoneyAnswer
    description: str
    provider_id: str
    provider_ref: str
    destination_url: str = Field(description="Where it is paid.")
    message_id: str = Field(description="The message that asks for it; /v1/messages tells its link and its state.")
    confirmation: str
    created_at: datetime
    expires_at: datetime | None
    paid_at: datetime | None = Field(description="As the provider says.")

    @classmethod
    def of(cls, payment: Payment) -> Self:
        same = (
            "id",
            "state",
            "description",
            "provider_id",
            "provider_ref",
            "destination_url",
            "confirmation",
            "created_at",
            "expires_at",
            "paid_at",
        )
        return cls(
            amount=MoneyAnswer.of(Money(payment.amount_minor, payment.currency)),
            message_id=format_id("message", id_of(place_of(payment))),
            **{name: getattr(payment, name) for name in same},
        )


class PaymentsAnswer(Answer):
    payments: tuple[PaymentAnswer, ...] = Field(description="Newest first.")
    next_after: str | None = Field(description="Send it as `after` for the next page; null on the last.")


def add_payment(call: Call[PaymentPayload, None]) -> Prepared:
    new, id = call.body.new(), _id_for(call)

    def prepare() -> tuple[CheckedPayment, Checkout]:
        with reading(call.engine) as session:
            checked = check_payment(session, call.keyring, call.short_links, call.workspace_id, id, new, call.now())
        if checked.asks:
            return checked, ask_for_checkout(checked, call.settings.webhook_networks, call.now())
        return checked, Checkout(new.destination_url, new.provider_ref)

    def work(session: Session, prepared: tuple[CheckedPayment, Checkout]) -> PaymentAnswer:
        return PaymentAnswer.of(store_payment(session, call.short_links, *prepared, call.now()))

    return answer_with(call, prepare, work)


def read_payments(call: Call[None, PaymentsQuery]) -> PaymentsAnswer:
    asked = call.query
    with reading(call.engine) as session:
        page = list_payments(session, call.workspace_id, asked.state, asked.after, asked.limit)
        return PaymentsAnswer(payments=tuple(map(PaymentAnswer.of, page.payments)), next_after=page.next_after)


def read_payment(call: Call[None, None]) -> PaymentAnswer:
    with reading(call.engine) as session:
        return PaymentAnswer.of(find_payment(session, call.workspace_id, call.drawn_ids["payment_id"]))


def withdraw_payment(call: Call[None, None]) -> Prepared:
    id = call.drawn_ids["payment_id"]
    return answer_once(call, lambda session: PaymentAnswer.of(cancel_payment(session, call.workspace_id, id, call.now())))


def _id_for(call: Call[PaymentPayload, None]) -> str:
    """The same for each repetition of a request: by it the provider knows that it is one."""
    asked = f"{scope_of(call.caller)} {call.idempotency_key}".encode()
    return f"{DRAWN_PREFIXES['payment']}_{blake2b(asked, digest_size=16, person=b'payment').hexdigest()}"


_NOT_FOUND = Failure(404, "payment_not_found", "There is no such payment in this workspace.")
_ONE = "/v1/payments/{payment_id}"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/payments",
        name="add_payment",
        summary="Ask for a payment",
        description="Sends a single message whose link leads to where the amount is paid: to `destination_url`, or to what "
        "the provider answers, which is asked first; if it fails nothing is stored or sent. A repetition asks the provider "
        "with the same key. That it was paid is told by the provider's callback alone.",
        tag="payments",
        scope="payments:write",
        handler=add_payment,
        body=PaymentPayload,
        idempotency_key="required",
        status=201,
        answer=PaymentAnswer,
        failures=(
            *MESSAGE_FAILURES,
            Failure(404, "not_found", "`provider_id` is no id of a payment provider."),
            Failure(404, "provider_not_found", "There is no such payment provider, or it is disabled."),
            Failure(409, "payment_exists", "There is a payment of this provider_ref already."),
            Failure(409, "provider_secret_lost", "A secret of the provider has to be given anew."),
            Failure(422, "amount_invalid", "The amount is nothing, or no amount that the provider takes."),
            Failure(422, "currency_unknown", "The currency is no legal tender."),
            Failure(422, "checkout_missing", "It is not said where it is paid, and the provider is not asked."),
            Failure(422, "provider_ref_missing", "It is not said what the provider calls it."),
            Failure(422, "expiry_invalid", "It ends too soon or too late."),
            Failure(422, "link_without_destination", "The text has {{ link }}, and there is no destination."),
            Failure(429, "too_many_checkouts", "Too many payments are being made at providers now.", retryable=True),
            Failure(502, "provider_unreachable", "The provider did not answer.", retryable=True),
            Failure(502, "provider_failed", "The provider answered 5xx, 409 or 429.", retryable=True),
            Failure(502, "provider_refused", "The provider refused; `detail` has its words."),
            Failure(502, "provider_answer_unusable", "The provider's answer is not what was agreed."),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/payments",
        name="read_payments",
        summary="List payments",
        tag="payments",
        scope="payments:read",
        handler=read_payments,
        query=PaymentsQuery,
        answer=PaymentsAnswer,
        failures=(Failure(422, "cursor_invalid", "`after` is no `next_after` of a page."),),
    ),
    Operation(
        method="GET",
        path=_ONE,
        name="read_payment",
        summary="Read a payment",
        tag="payments",
        scope="payments:read",
        handler=read_payment,
        answer=PaymentAnswer,
        failures=(_NOT_FOUND,),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/cancel",
        name="cancel_payment",
        summary="Call a payment off",
        description="Its link says that it is over, and its message is taken back if it has not left. The provider is not "
        "told: a callback that comes all the same is kept and changes nothing.",
        tag="payments",
        scope="payments:write",
        handler=withdraw_payment,
        idempotency_key="optional",
        answer=PaymentAnswer,
        failures=(
            _NOT_FOUND,
            Failure(409, "payment_paid", "It is paid already."),
            Failure(409, "payment_expired", "It has expired."),
        ),
    ),
)
