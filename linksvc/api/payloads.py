"""What the shapes that travel over the API have in common: what is sent is strict, what is answered is frozen."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)
from pydantic_core import PydanticCustomError

from linksvc.money import AMOUNT_MOST, Money
from linksvc.names import LONGEST

"""In minor units. Far above any order, and far below what 64 bits hold."""


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("One line without control characters is asked for")
    text = text.strip()
    if not text:
        raise ValueError("More than spaces is asked for")
    return text


Line = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST), AfterValidator(_one_line)]
"""A name, a reference: one line of printable characters, not spaces alone. Taken without outer spaces: a form or a column of
fixed width adds some, and what is looked up by it later is typed without."""


def _written(form: str, kind: str) -> Callable[[object], object]:
    """pydantic reads digits alone as seconds or milliseconds since 1970: 20261130000000 would be a day of the year 2612."""
    written = re.compile(form, re.ASCII)

    def check(value: object) -> object:
        if isinstance(value, date) or (isinstance(value, str) and written.match(value)):
            return value
        raise PydanticCustomError(kind, "It is not written as RFC 3339 has it")

    return check


def _tellable(moment: datetime) -> datetime:
    """The last hours before the year 10000, and the first after the year 1, lie outside of the calendar in UTC."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("datetime_range", "It is outside of the calendar in UTC") from None
    return moment


Moment = Annotated[
    AwareDatetime,
    Field(strict=False),
    AfterValidator(_tellable),
    BeforeValidator(_written(r"\d{4}-\d\d-\d\d[Tt ]", "datetime_form")),
]
"""A time with its zone, as text. Not strict after the check, for which what it hands on is no JSON any more."""

Day = Annotated[date, Field(strict=False), BeforeValidator(_written(r"\d{4}-\d\d-\d\d\Z", "date_form"))]

Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), Field(description="ISO 4217, such as EUR.")]


class _Sent(BaseModel):
    """Neither unknown fields nor NUL characters, which PostgreSQL cannot store, come any further than this."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*")
    @classmethod
    def _without_nul(cls, value: object) -> object:
        if isinstance(value, str) and "\0" in value:
            raise ValueError("The character NUL is not taken")
        return value


class Payload(_Sent):
    """A JSON body, or a part of one. Strict: a number in quotes is no number."""

    model_config = ConfigDict(strict=True)


class Parameters(_Sent):
    """The query, or the fields of a multipart form: all of it arrives as text."""


class Answer(BaseModel):
    """A JSON body that is sent back."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SentMoney(Payload):
    """An amount in minor units: 1250 EUR is 12.50 euros, 1250 JPY is 1,250 yen."""

    amount: int = Field(ge=0, le=AMOUNT_MOST)
    currency: Currency

    def money(self) -> Money:
        return Money(self.amount, self.currency)


class MoneyAnswer(Answer):
    """An amount in minor units: 1250 EUR is 12.50 euros, 1250 JPY is 1,250 yen."""

    amount: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> Self:
        return cls(amount=money.amount_minor, currency=money.currency)
