"""One reader's language and time zone: words, numbers, money and times as the pages write them. Made once a request."""

from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_datetime, get_day_names, get_timezone
from babel.numbers import format_compact_decimal, format_decimal, parse_pattern

from dashboards.catalog import CATALOG
from dashboards.texts import Text
from linksvc.money import exponent_of, in_minor_units

Language = Literal["en", "fr"]

LANGUAGES: tuple[Language, ...] = ("fr", "en")

_LOCALES = {"en": "en_GB", "fr": "fr_FR"}
_MONEY = {"en": parse_pattern("¤¤ #,##0.00"), "fr": parse_pattern("#,##0.00\u00a0¤")}
_SPACED = {
    " :": "\u00a0:",
    " ;": "\u202f;",
    " ?": "\u202f?",
    " !": "\u202f!",
    "« ": "«\u00a0",
    " »": "\u00a0»",
    " %": "\u202f%",
}


@dataclass(frozen=True, slots=True)
class Speech:
    """How a page speaks to its reader."""

    language: Language
    timezone: str = "UTC"

    def say(self, key: str, count: int | None = None, **values: str | int) -> str:
        """The catalog's text of that key. `count` chooses singular or plural and is written as a number, like every int.

        Raises KeyError for a key that the catalog does not hold.
        """
        return self.write(CATALOG[key], count, **values)

    def write(self, text: Text, count: int | None = None, **values: str | int) -> str:
        """A text in the reader's language, its fields filled in."""
        pattern = self._form(text, count)
        if count is not None:
            values["count"] = count
        written = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return pattern.format(**written)

    def _form(self, text: Text, count: int | None) -> str:
        forms = text.fr if self.language == "fr" else text.en
        if isinstance(forms, tuple):
            # French counts zero as one; English does not.
            single = count in {0, 1} if self.language == "fr" else count == 1
            forms = forms[0] if single else forms[1]
        return french_spaces(forms) if self.language == "fr" else forms

    def number(self, value: int) -> str:
        return str(format_decimal(value, locale=_LOCALES[self.language]))

    def compact(self, value: int) -> str:
        """A count in a few characters, for a label that has no room: `1,200`, `42K`. Its exact value stands elsewhere."""
        return self.number(value) if value < 10_000 else str(format_compact_decimal(value, locale=_LOCALES[self.language]))

    def decimal(self, value: float) -> str:
        """One decimal, always."""
        return str(format_decimal(value, "#,##0.0", locale=_LOCALES[self.language]))

    def per_cent(self, share: float) -> str:
        """A share of one as `12.4 %`."""
        return f"{self.decimal(share * 100)}\u202f%"

    def share(self, part: int, whole: int) -> str:
        """A share that somebody chose as they chose it: `10 %`, `12.5 %`."""
        return f"{format_decimal(Decimal(part * 100) / whole, '#,##0.##', locale=_LOCALES[self.language])}\u202f%"

    def interval(self, low: float, high: float) -> str:
        """Two shares of one as `11.8–13.0`, to stand beside a per cent."""
        return f"{self.decimal(low * 100)}–{self.decimal(high * 100)}"

    def money(self, amount_minor: int, currency: str) -> str:
        """An amount in minor units, written with all the decimals that its currency's minor unit has."""
        exponent = exponent_of(currency)
        pattern = copy(_MONEY[self.language])
        pattern.frac_prec = (exponent, exponent)
        amount = Decimal(amount_minor).scaleb(-exponent)
        return str(pattern.apply(amount, _LOCALES[self.language], currency=currency, currency_digits=False))

    def money_of_micros(self, amount_micros: int, currency: str) -> str:
        """An amount in millionths of the currency's unit, rounded to its minor unit."""
        return self.money(in_minor_units(amount_micros, currency), currency)

    def exact_money(self, amount_micros: int, currency: str) -> str:
        """An amount in millionths of the currency's unit: with two decimals more than its minor unit has, where it has any
        there. Prices of fragments do."""
        exponent = exponent_of(currency)
        pattern = copy(_MONEY[self.language])
        pattern.frac_prec = (exponent, exponent + 2)
        amount = Decimal(amount_micros).scaleb(-6)
        return str(pattern.apply(amount, _LOCALES[self.language], currency=currency, currency_digits=False))

    def weekday(self, day: int, *, brief: bool = False) -> str:
        """The name of a day of the week; 0 is Monday."""
        return str(get_day_names("abbreviated" if brief else "wide", locale=_LOCALES[self.language])[day])

    def country(self, code: str) -> str:
        """A country's name (ISO 3166 code); one that is unknown goes by its code."""
        return str(Locale.parse(_LOCALES[self.language]).territories.get(code, code))

    def day(self, day: date) -> str:
        return str(format_date(day, "d MMMM y", locale=_LOCALES[self.language]))

    def day_and_time(self, moment: datetime) -> str:
        return self._moment(moment, "d MMM y, HH:mm")

    def clock_time(self, moment: datetime) -> str:
        return self._moment(moment, "HH:mm")

    def exact_time(self, moment: datetime) -> str:
        return self._moment(moment, "HH:mm:ss")

    def _moment(self, moment: datetime, pattern: str) -> str:
        zone = get_timezone(self.timezone)
        return str(format_datetime(moment, pattern, tzinfo=zone, locale=_LOCALES[self.language]))


def french_spaces(text: str) -> str:
    """French sets a space before : ; ? ! % and inside its quotes; it must not break the line."""
    for plain, fixed in _SPACED.items():
        text = text.replace(plain, fixed)
    return text


def choose_language(accept_language: str) -> Language:
    """The language of an Accept-Language header (RFC 9110, 12.5.4) that the pages speak; English when it names neither."""
    best: tuple[float, Language] = (0.0, "en")
    for part in accept_language.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        for language in LANGUAGES:
            if name.split("-")[0] == language and weight > best[0]:
                best = (weight, language)
    return best[1]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
