"""What a till's form asks for: a code, the order's amount, a receipt's number. Read and checked for the till page."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.forms import Filled
from dashboards.speech import Speech
from dashboards.typed_amounts import parse_amount
from linksvc.code_worth import TYPED_MOST
from linksvc.errors import InvalidRequest
from linksvc.money import Money, exponent_of
from linksvc.names import check_name

FIELDS = ("code", "amount", "delivery", "customer_ref", "order_ref")
"""`delivery` and `customer_ref` are asked for by offers that depend on them, once the code is known."""


@dataclass(frozen=True, slots=True)
class TypedOrder:
    """The fields as typed, and what they mean: None while no such amount is typed, or a wrong one."""

    form: Filled
    code: str
    order: Money | None
    delivery_minor: int | None
    customer_ref: str
    order_ref: str

    @property
    def is_usable(self) -> bool:
        return not self.form.errors


def read_order(values: Mapping[str, str], currency: str, speech: Speech) -> TypedOrder:
    """Reads the form; what is wrong with it stands in `form.errors`, in the reader's words and in the fields' order."""
    typed = {name: values.get(name, "").strip() for name in FIELDS}
    minor, delivery = (parse_amount(typed[name], currency) for name in ("amount", "delivery"))
    found = {
        "code": _wrong_code(typed["code"]),
        "amount": _wrong_amount(typed["amount"], minor),
        "delivery": _wrong_amount(typed["delivery"], delivery) or _too_much(minor, delivery),
        "customer_ref": _wrong_line(typed["customer_ref"]),
        "order_ref": _wrong_line(typed["order_ref"]),
    }
    example = speech.money(4_990 * 10 ** exponent_of(currency) // 100, currency)
    errors = {
        name: speech.say(key, typed=typed[name], currency=currency, example=example) for name, key in found.items() if key
    }
    return TypedOrder(
        form=Filled(typed, errors, usual="code"),
        code=typed["code"],
        order=Money(minor, currency) if minor is not None else None,
        delivery_minor=delivery,
        customer_ref=typed["customer_ref"],
        order_ref=typed["order_ref"],
    )


def _wrong_code(code: str) -> str:
    if not code:
        return "till.code.missing"
    return "till.code.long" if len(code) > TYPED_MOST else ""


def _wrong_amount(typed: str, minor: int | None) -> str:
    return "till.amount.wrong" if typed and minor is None else ""


def _too_much(order_minor: int | None, delivery_minor: int | None) -> str:
    both = order_minor is not None and delivery_minor is not None
    return "till.delivery.more" if both and (delivery_minor or 0) > (order_minor or 0) else ""


def _wrong_line(text: str) -> str:
    try:
        check_name(text or "-")
    except InvalidRequest:
        return "till.line.wrong"
    return ""
