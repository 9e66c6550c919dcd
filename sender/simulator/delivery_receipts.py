"""Delivery receipts as SMSCs write them: a text by convention (SMPP v3.4, appendix B) and optional parameters (5.3.2)."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from sender.simulator.settings import SmscSettings

Fields = dict[str, str | int | bytes]

RECEIPT = 0x04
"""esm_class of a deliver_sm that holds a receipt."""

INTERNATIONAL, ISDN = 1, 1
"""Type of number and numbering plan of a phone's number (SMPP v3.4, 5.2.5 and 5.2.6)."""

_GSM = 3
"""The kind of network in network_error_code (SMPP v3.4, 5.3.2.31)."""

_WORDS = {
    "ENROUTE": (1, "ENROUTE"),
    "DELIVERED": (2, "DELIVRD"),
    "EXPIRED": (3, "EXPIRED"),
    "DELETED": (4, "DELETED"),
    "UNDELIVERABLE": (5, "UNDELIV"),
    "UNKNOWN": (7, "UNKNOWN"),
    "REJECTED": (8, "REJECTD"),
}
"""For each state its number (SMPP v3.4, 5.2.28) and its word in the text."""

_ERRORS = {"EXPIRED": 27, "UNDELIVERABLE": 1, "REJECTED": 13, "UNKNOWN": 255}


@dataclass(frozen=True)
class Part:
    """A part that the SMSC took: whom it was for (E.164), which address sent it, when, and how its text begins."""

    number: str
    sender: str
    value: int
    """The id, of which `SmscSettings` say how it is written."""
    submitted_at: datetime
    text: str


def receipt_fields(part: Part, state: str, done_at: datetime, settings: SmscSettings, error: str = "") -> Fields:
    """The fields of the deliver_sm that tells what became of a part; `error` is an err code other than the usual one."""
    number, word = _WORDS[state]
    usual = _ERRORS.get(state, 0)
    text = (
        f"id:{settings.receipt_id.write(part.value)} sub:001 dlvrd:{int(state == 'DELIVERED'):03d} "
        f"submit date:{part.submitted_at:%y%m%d%H%M} done date:{done_at:%y%m%d%H%M} "
        f"stat:{word} err:{error or f'{usual:03d}'} text:{part.text[:20]}"
    )
    # Real receipts quote the message in whatever bytes it had: a reader must not stumble over them.
    fields = _bare(part) | {"short_message": text.encode("latin-1", "replace")}
    if settings.tlv_id:
        fields |= {
            "receipted_message_id": settings.tlv_id.write(part.value),
            "message_state": number,
            "network_error_code": _network_error(usual, error),
        }
    return fields


def malformed_fields(part: Part, state: str, malformation: str, random: Random) -> Fields:
    """Those of a receipt that names no message, in one of the ways of `fates.MALFORMATIONS`."""
    word = _WORDS[state][1]
    text = {
        "no id": f"sub:001 dlvrd:001 stat:{word} err:000 text:".encode(),
        "cut": b"id",
        "noise": bytes(random.choice((0, *range(0x80, 0x100))) for _ in range(random.randint(1, 60))),
        "empty": b"",
        "other labels": f"msgid={part.value:x};status={word}".encode(),
    }[malformation]
    return _bare(part) | {"short_message": text}


def address_fields(number: str, address: str) -> Fields:
    """From a phone to an address of the client's."""
    return {
        "source_addr": number.removeprefix("+"),
        "source_addr_ton": INTERNATIONAL,
        "source_addr_npi": ISDN,
        "destination_addr": address,
    }


def _bare(part: Part) -> Fields:
    return address_fields(part.number, part.sender) | {"esm_class": RECEIPT}


def _network_error(usual: int, error: str) -> bytes:
    """An err code that is no number of two bytes has no place there: then it says nothing."""
    code = int(error) if error.isdecimal() else 0 if error else usual
    return bytes([_GSM]) + (code if code <= 0xFFFF else 0).to_bytes(2, "big")
