"""What can be told: the types of events, and the shape of each. docs/webhooks.md shows an example of each of them.

A shape is what a receiver builds upon: fields may be added, none is taken away or changes its meaning.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Literal, get_args

import orjson

WantedType = Literal[
    "code.redeemed",
    "code.voided",
    "message.delivered",
    "message.failed",
    "link.clicked",
    "contact.opted_out",
    "survey.answered",
    "payment.paid",
    "import.finished",
]
"""What an endpoint can ask for."""

EventType = Literal[WantedType, "webhook.test"]
"""A test is sent to whoever asks for one."""

EVENT_TYPES: tuple[WantedType, ...] = get_args(WantedType)

OF_SHOPS: frozenset[EventType] = frozenset({"code.redeemed", "code.voided"})
"""What a shop may hear of: the rest is its workspace's."""


@dataclass(frozen=True, slots=True)
class Amount:
    """In minor units."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message went to: by what the workspace's own systems call them, and by their number."""

    external_id: str
    number: str


@dataclass(frozen=True, slots=True)
class MessageName:
    """The n-th message of a campaign."""

    campaign_id: str
    n: int


@dataclass(frozen=True, slots=True)
class CodeUse:
    """code.redeemed, code.voided. `message` is None for a code that was sent to nobody, `customer_ref`
    where the shop said none. `offline`: the till told later;
    `accepted_duplicate`: the code had no use left by then."""

    redemption_id: str
    code: str
    shop_id: str
    order_ref: str
    customer_ref: str | None
    order: Amount
    discount: Amount
    paid: Amount
    returned: Amount
    message: MessageName | None
    offline: bool
    accepted_duplicate: bool
    redeemed_at: datetime
    voided_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageFate:
    """message.delivered, message.failed. `cause`: why, in the words of docs/receipts.md; empty for a delivered one."""

    message: MessageName
    recipient: Recipient
    state: str
    cause: str
    submitted_at: datetime | None
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Click:
    """link.clicked, by a person as far as we know. `campaign_id` is None for a link of no campaign; `message` and
    `recipient` are None where the link is nobody's own, or its owner did not consent to tracking."""

    campaign_id: str | None
    link_id: str
    message: MessageName | None
    recipient: Recipient | None
    device: str
    os: str
    clicked_at: datetime


@dataclass(frozen=True, slots=True)
class OptOut:
    """contact.opted_out: a number said STOP, by SMS or on a page. `message` is what it answered, if that is known."""

    recipient: Recipient
    message: MessageName | None
    opted_out_at: datetime


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """`answer` by `kind`: of choice the option's id, of several a list of ids, of scale a number, of text a text, of consent
    whether the box was ticked. A question that was left out is not there."""

    question: str
    kind: str
    answer: str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SurveyReply:
    """survey.answered: the first form of a recipient; no further one is taken. `block`: the form's id in the page."""

    message: MessageName
    recipient: Recipient
    page_id: str
    block: str
    answers: tuple[QuestionAnswer, ...]
    language: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentEnd:
    """payment.paid, as the provider's signed callback said. `provider_ref`: what the provider calls the payment. `message`
    asked for it."""

    payment_id: str
    provider_id: str
    provider_ref: str
    description: str
    amount: Amount
    message: MessageName
    recipient: Recipient
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class ImportEnd:
    """import.finished. `kind`: contacts, with `import_id`, or codes, with the offer's. `state`: finished or failed. A row of
    the file was added, merged with what there was, or rejected."""

    kind: str
    import_id: str | None
    offer_id: str | None
    file_name: str
    state: str
    rows: int
    added: int
    merged: int
    rejected: int
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Test:
    """webhook.test: nothing happened."""

    endpoint_id: str


Told = CodeUse | MessageFate | Click | OptOut | SurveyReply | PaymentEnd | ImportEnd | Test


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell. `key` names what happened among all of its type, so that it is one event however often it is told.
    `shop_id`: the shop it happened in, if any."""

    type: EventType
    key: str
    occurred_at: datetime
    data: Told
    shop_id: int | None = None

    @property
    def id(self) -> str:
        """The same wherever and whenever the event is made."""
        return f"evt_{blake2b(f'{self.type} {self.key}'.encode(), digest_size=16, person=b'webhook-event').hexdigest()}"

    def body(self) -> str:
        """The JSON that is sent and signed."""
        told = {"type": self.type, "timestamp": self.occurred_at, "data": self.data}
        return orjson.dumps(told, option=orjson.OPT_UTC_Z).decode()
