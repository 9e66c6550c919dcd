"""The PDUs of which there are thousands a second, written and read without smpplib's objects. For `sender.session`.

`encode` and `decode` are those of `sender.pdus` to whoever calls them, and ten times as fast for what this module knows by
heart; all else, and whatever is odd, it leaves to them. A property test holds both to the same bytes and the same fields.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from smpplib import consts
from smpplib.command import DeliverSM, SubmitSM
from smpplib.ptypes import ostr

from sender import pdus
from sender.pdus import Pdu, optional_fields

Value = str | int | bytes

_HEADER = struct.Struct(">LLLL")
_TLV = struct.Struct(">HH")

_BARE = {"enquire_link": 0x15, "enquire_link_resp": 0x8000_0015}
"""Commands without a body."""

_ANSWERS = {"submit_sm_resp": 0x8000_0004, "deliver_sm_resp": 0x8000_0005}
"""Commands with a message id."""

_MESSAGES = {"submit_sm": 0x04, "deliver_sm": 0x05}
"""Commands with a message; their mandatory fields are the same (SMPP v3.4, 4.4.1 and 4.6.1)."""

_NAMES = {code: name for codes in (_BARE, _ANSWERS, _MESSAGES) for name, code in codes.items()}

_STRINGS = ("service_type", "source_addr", "destination_addr", "schedule_delivery_time", "validity_period")
_NUMBERS = (
    "source_addr_ton",
    "source_addr_npi",
    "dest_addr_ton",
    "dest_addr_npi",
    "esm_class",
    "protocol_id",
    "priority_flag",
    "registered_delivery",
    "replace_if_present_flag",
    "data_coding",
    "sm_default_msg_id",
)
_MANDATORY = frozenset({*_STRINGS, *_NUMBERS, "short_message"})
_BODY = b"%b\0%b%b\0%b%b\0%b%b\0%b\0%b%b"

_LONGEST_SERVICE, _LONGEST_ADDRESS, _LONGEST_TIME, _LONGEST_ID = 5, 20, 16, 64
"""In characters, without the NUL."""

_ODD = (struct.error, ValueError, TypeError, AttributeError, OverflowError, KeyError)
"""What is raised for a value that smpplib's way has to judge."""


def encode(command: str, sequence: int, status: int = 0, **fields: Value) -> bytes:
    """As `pdus.encode`."""
    try:
        if command in _MESSAGES:
            return _encode_message(command, sequence, status, fields)
        if command in _ANSWERS and fields.keys() <= {"message_id"}:
            id = fields.get("message_id", "")
            return _framed(_ANSWERS[command], sequence, status, _string(id, _LONGEST_ID) + b"\0")
        if command in _BARE and not fields:
            return _framed(_BARE[command], sequence, status, b"")
    except _ODD:
        pass
    return pdus.encode(command, sequence, status, **fields)


def decode(data: bytes) -> Pdu:
    """As `pdus.decode`."""
    _, code, status, sequence = _HEADER.unpack_from(data)
    name = _NAMES.get(code)
    try:
        if name in _MESSAGES:
            return Pdu(name, sequence, status, _decode_message(data))
        if name in _ANSWERS:
            return Pdu(name, sequence, status, _decode_answer(data))
        if name in _BARE and len(data) == _HEADER.size:
            return Pdu(name, sequence, status)
    except (ValueError, IndexError):
        pass
    return pdus.decode(data)


def _framed(code: int, sequence: int, status: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), code, status, sequence) + body


def _string(value: Any, longest: int) -> bytes:
    if len(value) > longest or "\0" in value:
        raise ValueError
    encoded: bytes = value.encode("latin-1")
    return encoded


def _encode_message(command: str, sequence: int, status: int, fields: Mapping[str, Any]) -> bytes:
    get = fields.get
    text = get("short_message", b"")
    body = _BODY % (
        _string(get("service_type", ""), _LONGEST_SERVICE),
        bytes((get("source_addr_ton", 0), get("source_addr_npi", 0))),
        _string(get("source_addr", ""), _LONGEST_ADDRESS),
        bytes((get("dest_addr_ton", 0), get("dest_addr_npi", 0))),
        _string(get("destination_addr", ""), _LONGEST_ADDRESS),
        bytes((get("esm_class", 0), get("protocol_id", 0), get("priority_flag", 0))),
        _string(get("schedule_delivery_time", ""), _LONGEST_TIME),
        _string(get("validity_period", ""), _LONGEST_TIME),
        bytes(
            (
                get("registered_delivery", 0),
                get("replace_if_present_flag", 0),
                get("data_coding", 0),
                get("sm_default_msg_id", 0),
                len(text),
            )
        ),
        text,
    )
    if not fields.keys() <= _MANDATORY:
        body += _encode_optional(command, fields)
    return _framed(_MESSAGES[command], sequence, status, body)


def _encode_optional(command: str, fields: Mapping[str, Any]) -> bytes:
    """The optional parameters, in the order in which smpplib writes them."""
    writers = _WRITERS[command]
    if not fields.keys() <= _MANDATORY | writers.keys() or (fields.get("short_message") and "message_payload" in fields):
        raise ValueError
    return b"".join(write(fields[name]) for name, write in writers.items() if name in fields)


def _writers(params: Mapping[str, Any], order: tuple[str, ...]) -> dict[str, Callable[[Any], bytes]]:
    """How the optional parameters of a command are written; those of odd types are left out."""
    makers = {int: _number_writer, str: _string_writer, ostr: _octets_writer}
    return {
        name: makers[params[name].type](consts.OPTIONAL_PARAMS[name], params[name])
        for name in order
        if name in consts.OPTIONAL_PARAMS and params[name].type in makers
    }


def _number_writer(code: int, parameter: Any) -> Callable[[Any], bytes]:
    packed = struct.Struct(">HH" + consts.INT_PACK_FORMATS[parameter.size])
    return lambda value: packed.pack(code, parameter.size, value)


def _string_writer(code: int, parameter: Any) -> Callable[[Any], bytes]:
    def write(value: Any) -> bytes:
        octets = _string(value, parameter.max - 1)
        if not octets.isascii():
            raise ValueError
        return _TLV.pack(code, len(octets) + 1) + octets + b"\0" if octets else b""

    return write


def _octets_writer(code: int, _: Any) -> Callable[[Any], bytes]:
    return lambda value: _TLV.pack(code, len(value)) + value if value else b""


_WRITERS = {
    "submit_sm": _writers(SubmitSM.params, SubmitSM.params_order),
    "deliver_sm": _writers(DeliverSM.params, DeliverSM.params_order),
}


def _decode_message(data: bytes) -> dict[str, Value]:
    """Raises ValueError or IndexError for what is not whole."""
    find = data.index
    service_end = find(0, 16)
    source_end = find(0, service_end + 3)
    to_end = find(0, source_end + 3)
    schedule_end = find(0, to_end + 4)
    validity_end = find(0, schedule_end + 1)
    start = validity_end + 6
    length = data[start - 1]
    fields: dict[str, Value] = {
        "service_type": data[16:service_end].decode("latin-1"),
        "source_addr_ton": data[service_end + 1],
        "source_addr_npi": data[service_end + 2],
        "source_addr": data[service_end + 3 : source_end].decode("latin-1"),
        "dest_addr_ton": data[source_end + 1],
        "dest_addr_npi": data[source_end + 2],
        "destination_addr": data[source_end + 3 : to_end].decode("latin-1"),
        "esm_class": data[to_end + 1],
        "protocol_id": data[to_end + 2],
        "priority_flag": data[to_end + 3],
        "schedule_delivery_time": data[to_end + 4 : schedule_end].decode("latin-1"),
        "validity_period": data[schedule_end + 1 : validity_end].decode("latin-1"),
        "registered_delivery": data[validity_end + 1],
        "replace_if_present_flag": data[validity_end + 2],
        "data_coding": data[validity_end + 3],
        "sm_default_msg_id": data[validity_end + 4],
        "sm_length": length,
    }
    end = start + length
    if end > len(data):
        raise ValueError
    if start < len(data):
        fields["short_message"] = data[start:end]
    if end < len(data):
        fields.update(optional_fields(data[end:]))
    return fields


def _decode_answer(data: bytes) -> dict[str, Value]:
    end = data.find(b"\0", _HEADER.size)
    if end not in (-1, len(data) - 1):
        raise ValueError
    return {"message_id": data[_HEADER.size : end if end >= 0 else None].decode("latin-1")}
