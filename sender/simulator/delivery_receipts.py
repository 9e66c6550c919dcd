"""Delivery receipts as SMSCs write them: a text by convention (SMPP v3.4, appendix B) and optional parameters (5.3.2)."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from sender.simulator.settings import SmscSettings

Fields = dict[str, str | int | bytes]

RECEIPT = 0x04
"""esm_class of a deliver_sm that holds a receipt."""

INTERNATIONAL, ISDN = 1, 1
"""Type of number and numbering plan of a phone's number (SMPP v3.4, 5.2.5 and 5.2.6)."""

_GSM = 3
"""The kind of network in network_error_code (SMPP v3.4, 5.3.2.31)."""

_UCS2 = 8

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


def receipt_fields(
    part: Part, state: str, done_at: datetime, settings: SmscSettings, error: str = "", form: str = ""
) -> Fields:
    """The fields of the PDU that tells what became of a part; `error` is an err code other than the usual one, `form` one of
    `knobs.RECEIPT_FORMS`: data_sm has the fields of that command."""
    number, word = _WORDS[state]
    usual = _ERRORS.get(state, 0)
    zone = ZoneInfo(settings.receipt_timezone)
    labels = [
        f"id:{settings.receipt_id.write(part.value)}",
        "sub:001",
        f"dlvrd:{int(state == 'DELIVERED'):03d}",
        f"submit date:{settings.receipt_dates.write(part.submitted_at.astimezone(zone))}",
        f"done date:{settings.receipt_dates.write(done_at.astimezone(zone))}",
        f"stat:{word}",
        f"err:{error or f'{usual:03d}'}",
    ]
    if form == "shuffled":
        labels = [labels[index].replace("stat:", "Stat:").replace("id:", "ID:") for index in (5, 6, 4, 3, 0, 2, 1)]
    fields = _bare(part) | _body(" ".join([*labels, f"text:{part.text[:20]}"]), form)
    if settings.tlv_id:
        fields |= {
            "receipted_message_id": settings.tlv_id.write(part.value),
            "message_state": number,
            "network_error_code": _network_error(usual, error),
        }
    return fields


def _body(text: str, form: str) -> Fields:
    # Real receipts quote the message in whatever bytes it had: a reader must not stumble over them.
    octets = text.encode("latin-1", "replace")
    match form:
        case "payload" | "data_sm":
            return {"message_payload": octets}
        case "ucs2":
            # Too long for a short_message in this alphabet.
            return {"message_payload": text.encode("utf-16-be", "replace"), "data_coding": _UCS2}
        case "nul":
            return {"short_message": octets.replace(b" stat", b"\0 stat") + b"\0"}
    return {"short_message": octets}


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
