"""An amount of money as somebody types it at a till: `49,90`, `49.90`, `1 249`. The till page calls it."""

import re
from decimal import Decimal

from linksvc.money import exponent_of

AMOUNT_MOST = 10**12
"""In minor units: far above any order, and what the API takes at most."""

_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*", re.ASCII)
_DECIMAL = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
_BOTH = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*(?!\1)[.,]\d+", re.ASCII)
_DROPPED = re.compile(r"[\s\u200b'’€$£¥]")
"""What stands between thousands, where `\\s` holds the spaces that do not break too, and signs that tills have keys for."""


def parse_amount(typed: str, currency: str) -> int | None:
    """The minor units of a typed amount; None for what is none, has more decimals than the currency, or is too much.

    One separator is a decimal one if the currency has room for what follows, else it stands between thousands: `1,249` is
    a thousand euros and more, but one Kuwaiti dinar and more. Of two different separators the last is the decimal one.
    """
    text = _DROPPED.sub("", typed).removesuffix(currency).removeprefix(currency)
    exponent = exponent_of(currency)
    if _BOTH.fullmatch(text):
        whole, decimals = re.split(r"[.,](?=\d+$)", text)
        amount = re.sub(r"[.,]", "", whole) + "." + decimals
    elif _DECIMAL.fullmatch(text) and _decimals(text) <= exponent:
        amount = text.replace(",", ".")
    elif _GROUPED.fullmatch(text):
        amount = re.sub(r"[.,]", "", text)
    else:
        return None
    return _minor(amount, exponent)


def _decimals(text: str) -> int:
    return len(re.split(r"[.,]", text)[1]) if re.search(r"[.,]", text) else 0


def _minor(amount: str, exponent: int) -> int | None:
    if len(amount) > 2 * len(str(AMOUNT_MOST)) or _decimals(amount) > exponent:
        return None
    minor = int(Decimal(amount).scaleb(exponent))
    return minor if minor <= AMOUNT_MOST else None
