"""The alphabets that text comes in from operators' SMSCs, by the names that a route's settings use. For `ricochet route`,
which checks those settings, and for the sender, which reads replies and receipts."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE

from linksvc.fragments import decode_gsm

_CODECS = {
    "latin1": "latin-1",
    "ascii": "ascii",
    "utf8": "utf-8",
    "ucs2": "utf-16-be",
    "iso8859-5": "iso8859_5",
    "iso8859-7": "iso8859_7",
    "iso8859-8": "iso8859_8",
    "shift-jis": "shift_jis",
    "iso2022-jp": "iso2022_jp",
    "euc-kr": "euc_kr",
}

GSM, UCS2, BINARY = "gsm", "ucs2", "binary"

DEFAULT_ALPHABETS = (GSM, "latin1", "ascii", "utf8")
"""What data_coding 0 may mean on a route."""

ALPHABETS = (GSM, *_CODECS, BINARY)
"""What a data_coding of an inbound message may mean. `binary` is shown in hexadecimal unless it is plain text."""


def decode(octets: bytes, alphabet: str) -> str:
    """The text of these octets, without the NULs that some SMSCs pad with and PostgreSQL cannot store. What an alphabet
    does not define becomes U+FFFD; nothing raises."""
    if alphabet == BINARY:
        return _plain(octets)
    if alphabet == GSM and octets.isascii():
        text = decode_gsm(octets)
    elif alphabet == UCS2 and octets.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        # Some handsets and SMSCs say the order of their octets, and theirs is not always the standard's.
        text = octets.decode("utf-16", "replace")
    else:
        # An SMSC that sends eight bits in its default alphabet means Latin-1.
        text = octets.decode(_CODECS.get(alphabet, "latin-1"), "replace")
    return text.replace("\0", "")


def _plain(octets: bytes) -> str:
    text = octets.rstrip(b"\0").decode("latin-1")
    readable = all(character.isprintable() or character in "\r\n\t" for character in text)
    return text if readable else octets.hex()
