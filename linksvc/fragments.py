"""How a text travels: GSM-7 or UCS-2, in one fragment or several. For the sender, which submits what `split` returns, and
for whoever tells a marketer what a text costs, from `analyse`: both cut by the same code, so the count is what is sent."""

from codecs import charmap_encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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
_GSM_BY_CODE: Any = {ord(character): septets for character, septets in _GSM.items()}
"""For `charmap_encode`."""

_FROM_GSM = {septets: character for character, septets in _GSM.items()}

_SEPTETS_ALONE, _OCTETS_ALONE = 160, 140
"""What a fragment without a header holds: 140 octets (3GPP TS 23.040, 9.2.3.16); 160 septets or 70 UTF-16 units."""


@dataclass(frozen=True, slots=True)
class LongForm:
    """How a text longer than one fragment is cut: the `septets` or `octets` of text in each of several fragments. `whole`:
    it is submitted as it is, and the SMSC cuts it."""

    name: str
    septets: int
    octets: int
    whole: bool = False


UDH8 = LongForm("udh8", 153, 134)
"""A header of six octets, with an 8-bit reference: what everybody counts by."""

UDH16 = LongForm("udh16", 152, 132)
"""A header of seven octets, with a 16-bit reference; an octet is lost where half a UTF-16 unit would be left over."""

SAR = LongForm("sar", 152, 132)
"""The SMSC writes the header from parameters. Their reference has 16 bits, so it may be the longer one."""

PAYLOAD = LongForm("payload", 153, 134, whole=True)

LONG_FORMS: Mapping[str, LongForm] = {form.name: form for form in (UDH8, UDH16, SAR, PAYLOAD)}
"""By the names that a route's settings use."""

_WIRE: Mapping[str, Mapping[str, bytes]] = {
    "gsm": _GSM,
    "latin1": {character: character.encode("latin-1") for character in _GSM if character < "\u0100"},
    "ascii": {character: character.encode("ascii") for character in _GSM if character.isascii()},
    "utf8": {character: character.encode() for character in _GSM},
}
"""How an SMSC wants the characters of GSM-7 written, by what data_coding 0 means to it. It sends them in GSM-7 whatever it
is: a character that either alphabet lacks makes the text UCS-2."""


@dataclass(frozen=True)
class Analysis:
    """What a text costs. `length` counts septets (GSM-7) or UTF-16 units (UCS-2); `forced_by` names, once each and in order,
    the characters that GSM-7 lacks."""

    encoding: str
    length: int
    fragments: int
    forced_by: tuple[str, ...]


class Split(NamedTuple):
    """A text ready to be submitted: `data_coding` 0 (the SMSC's default alphabet; GSM-7 as one septet a byte) or 8 (UCS-2),
    and what is submitted in each PDU, without its header. `fragments` is what goes through the air, and what is paid: as
    many, unless the SMSC cuts the text."""

    data_coding: int
    parts: tuple[bytes, ...]
    fragments: int


def analyse(text: str, form: LongForm = UDH8, alphabet: str = "gsm") -> Analysis:
    """The cost of a text. Raises InvalidRequest (text_too_long) past 255 fragments."""
    pieces = split(text, form, alphabet)
    if pieces.data_coding == 0:
        return Analysis("GSM-7", sum(len(_GSM[character]) for character in text), pieces.fragments, ())
    wire = _WIRE[alphabet]
    forced_by = tuple(dict.fromkeys(character for character in text if character not in wire))
    return Analysis("UCS-2", sum(map(len, pieces.parts)) // 2, pieces.fragments, forced_by)


def split(text: str, form: LongForm = UDH8, alphabet: str = "gsm") -> Split:
    """The text as it is submitted; an escape pair or a surrogate pair is never cut. `alphabet`: what data_coding 0 means to
    the SMSC. Raises InvalidRequest (text_too_long)."""
    if alphabet == "gsm" and (alone := _alone(text)):
        return alone
    wire = _WIRE[alphabet]
    try:
        written = [wire[character] for character in text]
    except KeyError:
        # A lone surrogate is no character: it goes out as a question mark.
        wide = [character.encode("utf-16-be", "replace") for character in text]
        return _cut(8, wide, wide, _OCTETS_ALONE, form.octets, form)
    septets = written if wire is _GSM else [_GSM[character] for character in text]
    return _cut(0, written, septets, _SEPTETS_ALONE, form.septets, form)


def _alone(text: str) -> Split | None:
    """A text of GSM-7 that fits one fragment, as most do: written by Python's own codec for tables, several times faster."""
    try:
        septets = charmap_encode(text, "strict", _GSM_BY_CODE)[0]
    except UnicodeEncodeError:
        return None
    return Split(0, (septets,), 1) if len(septets) <= _SEPTETS_ALONE else None


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


def _cut(data_coding: int, written: Sequence[bytes], sizes: Sequence[bytes], alone: int, each: int, form: LongForm) -> Split:
    """`sizes` are the characters as they go through the air, by which is cut; `written` as the SMSC wants them."""
    if sum(map(len, sizes)) <= alone:
        return Split(data_coding, (b"".join(written),), 1)
    parts, room = [bytearray()], each
    for character, size in zip(written, sizes, strict=True):
        if len(size) > room:
            parts.append(bytearray())
            room = each
        parts[-1] += character
        room -= len(size)
    if len(parts) > MAX_FRAGMENTS:
        units = "octets of UCS-2" if data_coding else "septets of GSM-7"
        raise InvalidRequest(
            f"The text needs {len(parts):,} SMS fragments; a message has {MAX_FRAGMENTS} at most, "
            f"here {MAX_FRAGMENTS * each:,} {units}. Shorten it.",
            code="text_too_long",
        )
    if form.whole:
        return Split(data_coding, (b"".join(written),), len(parts))
    return Split(data_coding, tuple(bytes(part) for part in parts), len(parts))
