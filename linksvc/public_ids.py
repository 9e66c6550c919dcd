"""Identifiers as the API and the pages show them: a prefix that says what is meant and a number, `cmp_12`."""

import re
from typing import Literal

from linksvc.errors import NotFound

Kind = Literal["campaign", "import", "link", "offer", "shop"]

PREFIXES: dict[Kind, str] = {"campaign": "cmp", "import": "imp", "link": "lnk", "offer": "off", "shop": "shp"}

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
