"""A phone's message as deliver_sm carry it: whole, or in parts behind headers (3GPP TS 23.040, 9.2.3.24.1). For `smsc`."""

from linksvc.fragments import split
from sender.concatenation import UDHI
from sender.simulator.delivery_receipts import Fields

_LATIN1, _LATIN1_ONE = 3, 140

_EIGHT_BIT = bytes([5, 0, 3])
"""A header's length, the element "concatenated, 8-bit reference" and its length: what phones write."""


def inbound_parts(text: str, reference: int, *, latin1: bool = False) -> list[Fields]:
    """The fields of each part's deliver_sm, addresses apart; `latin1`: with data_coding 3, where one part is enough."""
    if latin1 and len(text) <= _LATIN1_ONE and _is_latin1(text):
        return [{"data_coding": _LATIN1, "short_message": text.encode("latin-1")}]
    pieces = split(text)
    coding: Fields = {"data_coding": pieces.data_coding}
    if len(pieces.parts) == 1:
        return [coding | {"short_message": pieces.parts[0]}]
    total = len(pieces.parts)
    return [
        coding | {"esm_class": UDHI, "short_message": _EIGHT_BIT + bytes([reference, total, number]) + payload}
        for number, payload in enumerate(pieces.parts, 1)
    ]


def _is_latin1(text: str) -> bool:
    return all(ord(character) < 0x100 for character in text)
