"""Which alphabet an inbound message is written in, by its data_coding and the route's settings. For `sender.inbound`."""

from linksvc.alphabets import BINARY, GSM, decode
from linksvc.route_accounts import RouteReading

_USUAL = {
    1: "ascii",
    2: BINARY,
    3: "latin1",
    4: BINARY,
    5: "shift-jis",
    6: "iso8859-5",
    7: "iso8859-8",
    8: "ucs2",
    10: "iso2022-jp",
    14: "euc-kr",
}
"""SMPP v3.4, 5.2.19. IA5, which it calls 1, is read as ASCII, eight bits in it as Latin-1, and controls that no text has as
GSM 03.38: SMSCs on node-smpp write that under 1."""

_NO_TEXT = frozenset(range(1, 0x20)) - frozenset(b"\t\n\r")

_DEFAULT = 0
_CLASSES, _EIGHT_BITS = 0xF0, 0x04
_WAITING_UCS2 = 0xE0
_GENERAL_ALPHABETS = {0x00: "", 0x04: BINARY, 0x08: "ucs2"}


def read_text(octets: bytes, data_coding: int, reading: RouteReading) -> str:
    """The text of a whole message, its headers cut off and its parts joined. Never raises."""
    alphabet = alphabet_of(data_coding, reading)
    if alphabet == "ascii":
        alphabet = _meant_by_ia5(octets)
    return decode(octets, alphabet)


def _meant_by_ia5(octets: bytes) -> str:
    if not octets.isascii():
        return "latin1"
    return GSM if _NO_TEXT.intersection(octets) else "ascii"


def alphabet_of(data_coding: int, reading: RouteReading) -> str:
    """The name of the alphabet, one of `linksvc.alphabets.ALPHABETS`."""
    if name := reading.data_codings.get(data_coding):
        return name
    if data_coding == _DEFAULT:
        return reading.alphabet
    return _USUAL.get(data_coding) or _by_its_bits(data_coding) or reading.alphabet


def _by_its_bits(data_coding: int) -> str:
    """What GSM's own coding says (3GPP TS 23.038, 4), which SMPP passes on for 16 and above; empty: the default alphabet."""
    group = data_coding & 0xF0
    if group == _CLASSES:
        return BINARY if data_coding & _EIGHT_BITS else GSM
    if group == _WAITING_UCS2:
        return "ucs2"
    if 0x10 <= data_coding < 0x40:
        return _GENERAL_ALPHABETS.get(data_coding & 0x0C, "")
    return ""
