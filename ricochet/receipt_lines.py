"""Delivery receipts as lines of JSON, as whoever asks what they say writes them down: see `tests/data/receipts.jsonl`. For
`ricochet receipts parse`.

A line stands for a deliver_sm: its text, byte by byte, its data_coding and its optional parameters.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from ricochet.json_lines import BadLine, read_lines, read_object, type_name
from sender.pdus import Pdu
from sender.receipts import RECEIPT, Receipt, is_receipt, parse

_EXAMPLE = '{"short_message_latin1": "id:1 stat:DELIVRD", "data_coding": 0, "tlv": {"message_state": 2}}'

_NUMBERS = ("message_state", "data_coding", "esm_class")


def read_receipts(stream: BinaryIO, now: datetime) -> Iterator[Receipt | BadLine]:
    """The receipts of a stream, one a line that is not empty, in their order; BadLine stands where one cannot be read.
    `now`: when they came, which decides between two readings of a date."""
    return read_lines(stream, lambda line: _receipt(line, now))


def told(receipt: Receipt) -> dict[str, Any]:
    """A receipt as it is answered: what was not told is null, and the date has seconds only if they were."""
    format = "%Y-%m-%dT%H:%M:%S" if receipt.seconds_told else "%Y-%m-%dT%H:%M"
    return {
        "ids": list(receipt.ids),
        "state": receipt.state or None,
        "done": receipt.done_at.strftime(format) if receipt.done_at else None,
        "err": receipt.error,
    }


def _receipt(line: bytes, now: datetime) -> Receipt:
    record = read_object(line, "a receipt", _EXAMPLE)
    tlvs = record.get("tlv")
    if not isinstance(tlvs, dict | None):
        raise ValueError(f"tlv is {type_name(tlvs)}, and should be an object of names and values.")
    fields: dict[str, str | int | bytes] = {"esm_class": RECEIPT}
    texts = {name: octets for name in ("short_message", "message_payload") if (octets := _octets(record, name)) is not None}
    if not texts and not tlvs:
        raise ValueError(f"There is neither a text nor a parameter. Right would be: {_EXAMPLE}")
    for name in ("data_coding", "esm_class"):
        if record.get(name) is not None:
            fields[name] = _number(name, record[name])
    fields |= texts
    fields |= dict(_parameters(tlvs or {}))
    pdu = Pdu("deliver_sm", 1, 0, fields)
    if not is_receipt(pdu):
        raise ValueError(
            f"The esm_class {pdu.number('esm_class')} says that it is no receipt; that of a receipt is {RECEIPT}."
        )
    return parse(pdu, now)


def _octets(record: Mapping[str, Any], name: str) -> bytes | None:
    """The bytes of a text, in whichever way they are written down; None where they are not."""
    for ending, read in _WAYS.items():
        value = record.get(f"{name}{ending}")
        if value is None:
            continue
        if not isinstance(value, str):
            raise ValueError(f"{name}{ending} is {type_name(value)}, and should be a string.")
        try:
            return read(value)
        except (ValueError, binascii.Error):
            raise ValueError(f"{name}{ending} cannot be read as its name says.") from None
    return None


def _parameters(tlvs: Mapping[str, Any]) -> Iterator[tuple[str, str | int | bytes]]:
    for name, value in tlvs.items():
        if value is None:
            continue
        if name in _NUMBERS:
            yield name, _number(f"tlv.{name}", value)
        elif name == "receipted_message_id":
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise ValueError(f"tlv.{name} is {type_name(value)}, and should be a string.")
            yield name, str(value)
        elif name in ("network_error_code", "message_payload"):
            yield name, _hexadecimal(f"tlv.{name}", value)


def _number(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 5:
        return int(value)
    raise ValueError(f"{name} is {type_name(value)}, and should be a number.")


def _hexadecimal(name: str, value: object) -> bytes:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        raise ValueError(f"{name} should be bytes in hexadecimal, such as 030021.") from None


def _latin1(text: str) -> bytes:
    return text.encode("latin-1")


def _base64(text: str) -> bytes:
    return b64decode(text, validate=True)


_WAYS: Mapping[str, Callable[[str], bytes]] = {"_latin1": _latin1, "_hex": bytes.fromhex, "_base64": _base64, "": _latin1}
"""By the ending of a field's name."""
