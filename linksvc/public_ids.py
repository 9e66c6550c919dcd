"""Identifiers as the API and the pages show them: a prefix that says what is meant, then a number, `cmp_12`, or, for what
tills make by the thousand, 32 hexadecimal digits that are drawn."""

import re
from typing import Literal

from linksvc.errors import NotFound
from linksvc.random_digits import draw_digits

Kind = Literal["campaign", "import", "key", "link", "message", "offer", "page", "segment", "shop", "store"]

PREFIXES: dict[Kind, str] = {
    "campaign": "cmp",
    "import": "imp",
    "key": "key",
    "link": "lnk",
    "message": "msg",
    "offer": "off",
    "page": "pag",
    "segment": "seg",
    "shop": "shp",
    "store": "sto",
}

DrawnKind = Literal["event", "hold", "payment", "picture", "provider", "redemption", "webhook"]

DRAWN_PREFIXES: dict[DrawnKind, str] = {
    "event": "evt",
    "hold": "hld",
    "payment": "pay",
    "picture": "pic",
    "provider": "ppr",
    "redemption": "rdm",
    "webhook": "whk",
}

DRAWN_EXAMPLE = "3f2b8c1d9e4a4c6f8b7a5d2e1f0c9b8a"
"""The digits of ids in the documentation."""

DRAWN_DIGITS = 32

DIGITS: dict[DrawnKind, int] = dict.fromkeys(DRAWN_PREFIXES, DRAWN_DIGITS) | {"picture": 64}
"""How many hexadecimal digits an id has. A picture's are the digest of what it shows."""

_DRAWN = re.compile("[0-9a-f]+", re.ASCII)

# Numbers past 18 digits do not fit the 64 bits of a key, so they name nothing.
_NUMBER = re.compile("[1-9][0-9]{0,17}", re.ASCII)


def format_id(kind: Kind, number: int) -> str:
    return f"{PREFIXES[kind]}_{number}"


def parse_id(kind: Kind, text: str) -> int:
    """The number in a public id. Raises NotFound for anything else: such an id names nothing."""
    prefix, _, number = text.partition("_")
    if prefix != PREFIXES[kind] or not _NUMBER.fullmatch(number):
        raise NotFound(f"There is no such {kind}. Its id looks like {PREFIXES[kind]}_12.")
    return int(number)


def draw_id(kind: DrawnKind) -> str:
    """A new id: nobody can guess it, and no counter is fought over."""
    return f"{DRAWN_PREFIXES[kind]}_{draw_digits()}"


def check_drawn_id(kind: DrawnKind, text: str) -> str:
    """The id as it is stored. Raises NotFound for anything that names nothing."""
    prefix, _, digits = text.partition("_")
    if prefix != DRAWN_PREFIXES[kind] or len(digits) != DIGITS[kind] or not _DRAWN.fullmatch(digits):
        raise NotFound(f"There is no such {kind}. Its id is {DRAWN_PREFIXES[kind]}_ and {DIGITS[kind]} hexadecimal digits.")
    return text
