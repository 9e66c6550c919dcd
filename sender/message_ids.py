"""The id that an SMSC gives a part, in one spelling for its answers and its receipts. For `sender.matching`.

An SMSC may write the id of one part in hexadecimal in the answer and in decimal in the receipt, padded or not, in capitals
or not; a route says how. By `auto` case and padding do not matter, and a hexadecimal number is taken for its decimal one
where no doubt is possible: it holds a letter or begins with 0x, and has eight decimal digits or more, so that the counters
of two parts of one time cannot meet.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

AUTO, TEXT, HEX, DECIMAL = "auto", "text", "hex", "decimal"

LONGEST = 128
"""SMPP allows 64 characters (v3.4, 5.2.23); what is much longer is no id."""

_HEXADECIMAL = re.compile(r"(?:0x)?([0-9a-f]+)")
_DIGITS = re.compile(r"[0-9]+")
_LONGEST_NUMBER = 20
"""In hexadecimal digits; UUIDs and the like are no numbers."""
_LEAST_DIGITS = 8


def clean(raw: str) -> str:
    """An id as it was told, without the padding that is not part of it: it ends with the first NUL. Empty: it is none."""
    id = raw.partition("\0")[0].strip()
    return id if len(id) <= LONGEST else ""


@lru_cache(maxsize=4_096)
def canonical(raw: str, form: str = AUTO) -> str:
    """The one spelling of an id that is written in that form (`linksvc.route_accounts.ID_FORMS`). An id that is not of its
    form is read as `auto` would. Each is asked for several times, in its answer and in its receipt."""
    id = clean(raw)
    return _FORMS[form](id) if id else ""


def _auto(id: str) -> str:
    folded = id.lower()
    match = _HEXADECIMAL.fullmatch(folded)
    told = match[1] if match else folded
    bare = told.lstrip("0") or told[:1]
    is_sure = match is not None and (not bare.isdigit() or folded != told)
    if is_sure and len(bare) <= _LONGEST_NUMBER:
        decimal = str(int(bare, 16))
        if len(decimal) >= _LEAST_DIGITS:
            return decimal
        # A short one of digits alone must not be taken for the decimal one.
        return f"0x{bare}" if bare.isdigit() else bare
    return bare


def _hex(id: str) -> str:
    match = _HEXADECIMAL.fullmatch(id.lower())
    return str(int(match[1], 16)) if match else _auto(id)


def _decimal(id: str) -> str:
    return (id.lstrip("0") or "0") if _DIGITS.fullmatch(id) else _auto(id)


_FORMS: Mapping[str, Callable[[str], str]] = {AUTO: _auto, TEXT: str, HEX: _hex, DECIMAL: _decimal}
