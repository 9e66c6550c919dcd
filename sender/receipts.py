"""Delivery receipts: what an SMSC says became of a fragment (SMPP v3.4, 5.2.12, 5.2.28 and appendix B).

Its text was never standardised: labels stand in any order and case, any may be missing, counts and dates may be
garbage. Optional parameters, where there are any, win over it.

Ids: an SMSC may write the id of one message in hexadecimal in the answer and in decimal in the receipt, padded or not,
in capitals or not. `normalise` folds case and padding. `other_base` gives what the same number is in the other base,
where no doubt is possible: the hexadecimal form holds a letter and the number has eight decimal digits or more, so
that the counters of two messages of one time cannot meet. An id found as it is goes before one in the other base.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from sender.pdus import Pdu

FINAL = ("DELIVERED", "EXPIRED", "DELETED", "UNDELIVERABLE", "UNKNOWN", "REJECTED")
"""States after which no other follows."""

_STATES = {
    0: "SCHEDULED",
    1: "ENROUTE",
    2: "DELIVERED",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIVERABLE",
    6: "ACCEPTED",
    7: "UNKNOWN",
    8: "REJECTED",
    9: "SKIPPED",
}
_WORDS = {state: state for state in _STATES.values()} | {
    "DELIVRD": "DELIVERED",
    "UNDELIV": "UNDELIVERABLE",
    "ACCEPTD": "ACCEPTED",
    "REJECTD": "REJECTED",
    "FAILED": "UNDELIVERABLE",
}

_MESSAGE_TYPE = 0x3C
_RECEIPT, _INTERMEDIATE = 0x04, 0x20

_LABEL = re.compile(r"\b(id|sub|dlvrd|submit date|done date|stat|err|text):(\S*)", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[0-9a-f]+")
_LEAST_DIGITS = 8
_DATE = re.compile(r"(\d{10}|\d{12}|\d{14})(?:([+-])(\d{2}):?(\d{2})?)?")
_UCS2 = 8


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was told. `ids`: what it calls the message, the optional parameter's first; `state` as in SMPP v3.4,
    5.2.28, empty if none was told; `done_at` is the SMSC's own date, None if it cannot be read."""

    ids: tuple[str, ...]
    state: str
    error: str | None
    done_at: datetime | None

    @property
    def is_final(self) -> bool:
        return self.state in FINAL


def is_receipt(pdu: Pdu) -> bool:
    """Whether a deliver_sm tells of a message we sent, by its esm_class alone: receipts, intermediate notifications and the
    acknowledgements of handsets are none of them somebody's text."""
    return pdu.number("esm_class") & _MESSAGE_TYPE != 0


def parse(pdu: Pdu, received_at: datetime) -> Receipt:
    """Reads a receipt. What cannot be read is left empty; without ids nothing can be done with it."""
    labels: dict[str, str] = {}
    for label, value in _LABEL.findall(_text(pdu)):
        labels.setdefault(label.lower(), value)
    message_type = pdu.number("esm_class") & _MESSAGE_TYPE
    state = _STATES.get(pdu.number("message_state", -1)) or _state(labels.get("stat", ""))
    if message_type != _RECEIPT and (state in FINAL or not state):
        state = "ENROUTE" if message_type == _INTERMEDIATE else ""
    return Receipt(
        ids=_ids(pdu.text("receipted_message_id").replace("\0", "").strip(), labels.get("id", "")),
        state=state,
        error=labels.get("err") or _network_error(pdu.octets("network_error_code")),
        done_at=_date(labels.get("done date", ""), received_at),
    )


def normalise(id: str) -> str:
    """An id without regard to case and padding."""
    folded = id.strip().strip("\0").lower()
    return folded.lstrip("0") or folded[:1]


def other_base(id: str) -> str | None:
    """A normalised id's number in the other base, where no doubt is possible."""
    if not _HEXADECIMAL.fullmatch(id) or len(id) > 20:
        return None
    number, other = (int(id), f"{int(id):x}") if id.isdigit() else (int(id, 16), str(int(id, 16)))
    unmistakable = not (id.isdigit() and other.isdigit()) and len(str(number)) >= _LEAST_DIGITS
    return other if unmistakable else None


def _text(pdu: Pdu) -> str:
    encoding = "utf-16-be" if pdu.number("data_coding") == _UCS2 else "latin-1"
    return pdu.payload.decode(encoding, "replace").replace("\0", " ")


def _ids(parameter: str, told: str) -> tuple[str, ...]:
    if parameter and told:
        # Beside a parameter the text's id only matters as a number, in whatever base and padding.
        told = told.lstrip("0") or "0"
    return tuple(dict.fromkeys(id for id in (parameter, told) if id))


def _state(word: str) -> str:
    return _WORDS.get(word.upper(), "UNKNOWN") if word else ""


def _network_error(code: bytes) -> str | None:
    """network_error_code is a type and a number; some SMSCs send three digits instead."""
    if len(code) != 3:
        return None
    return code.decode() if code.isdigit() else str(int.from_bytes(code[1:], "big"))


def _date(told: str, received_at: datetime) -> datetime | None:
    """The date nearest to its arrival, of those that its digits may mean: twelve digits are YYMMDDhhmmss or YYYYMMDDhhmm."""
    match = _DATE.fullmatch(told)
    if match is None:
        return None
    digits, sign, hours, minutes = match.groups()
    zone = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    formats = {10: ("%y%m%d%H%M",), 12: ("%y%m%d%H%M%S", "%Y%m%d%H%M"), 14: ("%Y%m%d%H%M%S",)}[len(digits)]
    read = [moment for format in formats if (moment := _read(digits, format, zone))]
    return min(read, key=lambda moment: abs(moment - received_at), default=None)


def _read(digits: str, format: str, zone: timedelta) -> datetime | None:
    try:
        moment = datetime.strptime(digits, format).replace(tzinfo=timezone(zone))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.year >= 1990 else None
