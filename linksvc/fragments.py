"""How a text travels: GSM-7 or UCS-2, in one fragment or several. For the sender, which submits what `split` returns, and
for whoever tells a marketer what a text costs, from `analyse`: both cut by the same code, so the count is what is sent."""

from collections.abc import Iterator
from dataclasses import dataclass

from linksvc.errors import InvalidRequest

MAX_FRAGMENTS = 255
"""The concatenation header counts in one byte (3GPP TS 23.040, 9.2.3.24.8)."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038, 6.2.1. It has Ç and no ç, as the standard does; position 0x1B is the escape, no character."""

_EXTENSION = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65}
"""3GPP TS 23.038, 6.2.1.1: each is sent as the escape and this septet."""

_ESCAPE = 0x1B
_GSM = {character: bytes([value]) for value, character in enumerate(_BASIC) if value != _ESCAPE} | {
    character: bytes([_ESCAPE, value]) for character, value in _EXTENSION.items()
}
_FROM_GSM = {septets: character for character, septets in _GSM.items()}

_GSM_ONE, _GSM_EACH = 160, 153
_UCS2_ONE, _UCS2_EACH = 140, 134
"""In bytes: 70 and 67 UTF-16 units. A fragment of several loses seven septets, or six bytes, to its header."""


@dataclass(frozen=True)
class Analysis:
    """What a text costs. `length` counts septets (GSM-7) or UTF-16 units (UCS-2); `forced_by` names, once each and in order,
    the characters that GSM-7 lacks."""

    encoding: str
    length: int
    fragments: int
    forced_by: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """A text ready to be submitted: `data_coding` 0 (GSM-7, one septet a byte) or 8 (UCS-2), and the payload of each
    fragment without its header."""

    data_coding: int
    parts: tuple[bytes, ...]


def analyse(text: str) -> Analysis:
    """The cost of a text. Raises InvalidRequest (text_too_long) past 255 fragments."""
    pieces = split(text)
    size = sum(map(len, pieces.parts))
    if pieces.data_coding == 0:
        return Analysis("GSM-7", size, len(pieces.parts), ())
    forced_by = tuple(dict.fromkeys(character for character in text if character not in _GSM))
    return Analysis("UCS-2", size // 2, len(pieces.parts), forced_by)


def split(text: str) -> Split:
    """The fragments of a text; an escape pair or a surrogate pair is never cut. Raises InvalidRequest (text_too_long)."""
    try:
        gsm = [_GSM[character] for character in text]
    except KeyError:
        # A lone surrogate is no character: it goes out as a question mark.
        wide = [character.encode("utf-16-be", "replace") for character in text]
        return Split(8, _cut(wide, _UCS2_ONE, _UCS2_EACH))
    return Split(0, _cut(gsm, _GSM_ONE, _GSM_EACH))


def decode_gsm(septets: bytes) -> str:
    """The text of unpacked septets, of which only the lower seven bits count. What an escape does not define is read
    without it, as the standard asks."""
    return "".join(_characters(bytes(septet & 0x7F for septet in septets)))


def _characters(septets: bytes) -> Iterator[str]:
    escaped = False
    for septet in septets:
        if septet == _ESCAPE:
            escaped = not escaped
            continue
        plain = _BASIC[septet]
        yield _FROM_GSM.get(bytes([_ESCAPE, septet]), plain) if escaped else plain
        escaped = False


def _cut(units: list[bytes], one: int, each: int) -> tuple[bytes, ...]:
    whole = b"".join(units)
    if len(whole) <= one:
        return (whole,)
    parts, room = [bytearray()], each
    for unit in units:
        if len(unit) > room:
            parts.append(bytearray())
            room = each
        parts[-1] += unit
        room -= len(unit)
    if len(parts) > MAX_FRAGMENTS:
        raise InvalidRequest(
            f"The text needs {len(parts)} SMS fragments; a message may have {MAX_FRAGMENTS} at most.", code="text_too_long"
        )
    return tuple(bytes(part) for part in parts)
