"""Delivery receipts: what an SMSC says became of a part (SMPP v3.4, 5.2.12, 5.2.28 and appendix B).

Optional parameters, where there are any, win over the text. What cannot be read is left empty and nothing raises: a receipt
that says nothing is kept as it came (`sender.strays`), and none is ever taken for somebody's message.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from smpplib.command import DeliverSM
from smpplib.consts import OPTIONAL_PARAMS

from linksvc.route_accounts import RouteReading
from sender import message_ids, receipt_texts
from sender.pdus import Pdu
from sender.receipt_dates import read_date

FINAL = ("DELIVERED", "EXPIRED", "DELETED", "UNDELIVERABLE", "UNKNOWN", "REJECTED", "SKIPPED")
"""States after which no other follows."""

INTERMEDIATE = ("SCHEDULED", "ENROUTE", "ACCEPTED")
"""The others, the later ones behind."""

RECEIPT = 0x04
"""The esm_class of a receipt (SMPP v3.4, 5.2.12)."""

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
    "UNDELIVERED": "UNDELIVERABLE",
    "FAILED": "UNDELIVERABLE",
    "ACCEPTD": "ACCEPTED",
    "REJECTD": "REJECTED",
    "BUFFRED": "ENROUTE",
    "BUFFERED": "ENROUTE",
    "QUEUED": "ENROUTE",
}

_MESSAGE_TYPE = 0x3C
_INTERMEDIATE = 0x20
_UNTOLD = -1
_LONGEST_ERROR = 40

_MANDATORY = frozenset(DeliverSM.params) - OPTIONAL_PARAMS.keys()
_USUAL = RouteReading()


@dataclass(frozen=True, slots=True)
class AsItCame:
    """A receipt that names no message. `payload` and `parameters` (JSON) are what there is to look into."""

    sender: str
    payload: bytes
    parameters: str


class Receipt(NamedTuple):
    """A receipt as it was told. `ids`: what it calls the message, the optional parameter's first; `keys`: the same, each in
    its canonical spelling; `state` as in SMPP v3.4, 5.2.28, empty if none was told; `done_at` is the SMSC's own date, None
    if it cannot be read. `network_error` is the kind of network and its code (SMPP v3.4, 5.3.2.31)."""

    ids: tuple[str, ...]
    state: str
    error: str | None
    done_at: datetime | None
    keys: tuple[str, ...] = ()
    number: str = ""
    seconds_told: bool = False
    network_error: tuple[int, int] | None = None
    as_it_came: AsItCame | None = None

    @property
    def is_final(self) -> bool:
        return self.state in FINAL


def is_receipt(pdu: Pdu) -> bool:
    """Whether a deliver_sm or data_sm tells of a message we sent, by its esm_class: receipts, intermediate notifications and
    the acknowledgements of handsets are none of them somebody's text. Some SMSCs forget to say so, but only a receipt has a
    receipted_message_id (SMPP v3.4, 5.3.2.12)."""
    return pdu.number("esm_class") & _MESSAGE_TYPE != 0 or bool(pdu.text("receipted_message_id"))


def parse(pdu: Pdu, received_at: datetime, reading: RouteReading = _USUAL) -> Receipt:
    """Reads a receipt as the route's SMSC writes them."""
    labels = receipt_texts.labels_of(pdu, reading.alphabet)
    parameter = message_ids.clean(pdu.text("receipted_message_id"))
    told = message_ids.clean(receipt_texts.first_word(labels.get(receipt_texts.ID, "")))
    ids = _ids(parameter, told)
    network = _network_error(pdu.octets("network_error_code"))
    done = read_date(labels.get(receipt_texts.DONE, ""), reading.receipt_timezone, received_at)
    return Receipt(
        ids=ids,
        state=_state(pdu, receipt_texts.first_word(labels.get(receipt_texts.STATE, ""))),
        error=receipt_texts.first_word(labels.get(receipt_texts.ERROR, ""))[:_LONGEST_ERROR] or _network_code(pdu),
        done_at=done.at if done else None,
        keys=_keys(parameter, told, reading),
        number=pdu.text("source_addr"),
        seconds_told=bool(done and done.with_seconds),
        network_error=network,
        as_it_came=None if ids else _as_it_came(pdu),
    )


def _keys(parameter: str, told: str, reading: RouteReading) -> tuple[str, ...]:
    first, second = message_ids.canonical(parameter, reading.tlv_id), message_ids.canonical(told, reading.receipt_id)
    return (first,) if first == second != "" else tuple(key for key in (first, second) if key)


def _ids(parameter: str, told: str) -> tuple[str, ...]:
    if parameter == told != "":
        return (told,)
    if parameter and told and told != parameter:
        # Beside a parameter the text's id only matters as a number, in whatever base and padding.
        told = told.lstrip("0") or "0"
    return tuple(dict.fromkeys(id for id in (parameter, told) if id))


def _state(pdu: Pdu, word: str) -> str:
    message_type = pdu.number("esm_class") & _MESSAGE_TYPE
    state = _told_state(pdu.number("message_state", _UNTOLD), word)
    if message_type in (0, RECEIPT) or state in INTERMEDIATE:
        return state
    # Neither a notification under way nor a handset's acknowledgement closes a message.
    return "ENROUTE" if message_type & _INTERMEDIATE else ""


def _told_state(number: int, word: str) -> str:
    if number in _STATES:
        return _STATES[number]
    if word.isascii() and word.isdigit() and len(word) <= 3:
        return _STATES.get(int(word), "UNKNOWN")
    if not word and number == _UNTOLD:
        return ""
    return _WORDS.get(word.upper(), "UNKNOWN")


def _network_error(code: bytes) -> tuple[int, int] | None:
    """Some SMSCs send three digits instead of a kind of network and a number."""
    if len(code) != 3:
        return None
    return (0, int(code)) if code.isdigit() else (code[0], int.from_bytes(code[1:], "big"))


def _network_code(pdu: Pdu) -> str | None:
    code = pdu.octets("network_error_code")
    told = _network_error(code)
    if told is None:
        return None
    return code.decode() if code.isdigit() else str(told[1])


def _as_it_came(pdu: Pdu) -> AsItCame:
    parameters = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in sorted(pdu.fields.items())
        if name not in _MANDATORY and name != "message_payload"
    }
    return AsItCame(pdu.text("destination_addr"), pdu.payload, json.dumps(parameters))
