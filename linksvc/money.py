"""Money as the API and the ledger hold it: an integer of minor units and a currency of ISO 4217."""

from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import floor

from babel import Locale
from babel.core import get_global

from linksvc.errors import FieldError, InvalidRequest

AMOUNT_MOST = 10**12
"""Minor units of a single amount; the sum of millions of them still fits a column."""

# ISO 4217 has two decimals but for these. The locale data behind babel tells how many are usually shown instead, which
# differs: it has none for the Iraqi dinar, whose minor unit is a thousandth.
_DECIMALS = {
    0: {
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    },
    3: {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"},
    4: {"CLF", "UYW"},
}


@dataclass(frozen=True, slots=True)
class Money:
    """`amount_minor` of the currency's smallest units: 1250 EUR is 12.50 euros, 1250 JPY is 1,250 yen."""

    amount_minor: int
    currency: str

    def in_words(self, language: str = "en") -> str:
        """The amount for a person: `€12.50`, `12,50 €`."""
        exponent = exponent_of(self.currency)
        locale = Locale.parse(language)
        pattern = copy(locale.currency_formats["standard"])
        pattern.frac_prec = (exponent, exponent)
        amount = Decimal(self.amount_minor).scaleb(-exponent)
        return str(pattern.apply(amount, locale, currency=self.currency, currency_digits=False))


def exponent_of(currency: str) -> int:
    """How many decimals the currency's minor unit has: EUR 2, JPY 0, BHD 3."""
    return next((exponent for exponent, currencies in _DECIMALS.items() if currency in currencies), 2)


def half_up(amount: Fraction) -> int:
    """To the nearest whole number, a half away from nothing as on an invoice; `round` takes it to the even one."""
    nearest = floor(abs(amount) + Fraction(1, 2))
    return -nearest if amount < 0 else nearest


def in_minor_units(micros: int, currency: str) -> int:
    """Millionths of the currency's unit, to its smallest coin."""
    return half_up(Fraction(micros, int(10 ** (6 - exponent_of(currency)))))


def check_currency(currency: str) -> str:
    """The currency. Raises InvalidRequest (`currency_unknown`) unless it is legal tender somewhere today."""
    if currency not in _current():
        message = f"{currency} is no currency of ISO 4217 in use today. Three capitals such as EUR are asked for."
        raise InvalidRequest(message, code="currency_unknown", errors=(FieldError("currency", message),))
    return currency


@cache
def _current() -> frozenset[str]:
    territories = get_global("territory_currencies").values()
    return frozenset(code for uses in territories for code, _, end, tender in uses if end is None and tender)
