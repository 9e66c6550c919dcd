"""SMPP 3.4 on the wire: the edge where smpplib's PDU layer is used. For the session and the SMSC simulator.

smpplib writes PDUs and reads their mandatory parts. Framing and optional parameters are read here: smpplib raises on
parameters foreign to a PDU, and cuts the last character off a string that came without its NUL.
"""

import struct
from asyncio import IncompleteReadError, StreamReader
from collections.abc import Iterator, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from smpplib import command_codes, consts
from smpplib.command import DataSM
from smpplib.exceptions import UnknownCommandError
from smpplib.smpp import make_pdu

MIN_PDU_BYTES, MAX_PDU_BYTES = 16, 70_000
"""A header; and one with the mandatory fields and a message_payload of 65,535 bytes."""

_RESPONSE = 0x8000_0000
"""The bit of a command's code that makes it an answer."""

_HEADER = struct.Struct(">LLLL")
_TLV = struct.Struct(">HH")
_OPTIONAL = {
    code: (name, DataSM.params[name].type if name in DataSM.params else bytes)
    for name, code in consts.OPTIONAL_PARAMS.items()
}
"""Name and type of optional parameters by their tag. data_sm may carry nearly all; it knows which are numbers or strings."""

_SIZE_OF_INT = {1, 2, 4}


class Status(IntEnum):
    """The command statuses that something is done about (SMPP v3.4, 5.1.3)."""

    OK = 0x00
    INVALID_MESSAGE_LENGTH = 0x01
    INVALID_COMMAND_LENGTH = 0x02
    INVALID_COMMAND_ID = 0x03
    INVALID_BIND_STATUS = 0x04
    ALREADY_BOUND = 0x05
    SYSTEM_ERROR = 0x08
    INVALID_DESTINATION = 0x0B
    BIND_FAILED = 0x0D
    INVALID_PASSWORD = 0x0E
    INVALID_SYSTEM_ID = 0x0F
    QUEUE_FULL = 0x14
    SUBMIT_FAILED = 0x45
    INVALID_SYSTEM_TYPE = 0x53
    THROTTLED = 0x58
    TEMPORARY_APPLICATION_ERROR = 0x64
    UNKNOWN_ERROR = 0xFF


class PduError(Exception):
    """What came is no PDU, or what was to be sent cannot be one."""


class FramingError(PduError):
    """The stream can no longer be told apart into PDUs: the connection must be closed."""


class UnreadablePdu(PduError):
    """A framed PDU of an unknown command or with a broken body. Answer generic_nack with `status`, unless it is an answer
    itself, and go on."""

    def __init__(self, detail: str, sequence: int, status: Status, is_response: bool = False) -> None:
        super().__init__(detail)
        self.sequence = sequence
        self.status = status
        self.is_response = is_response


class Pdu(NamedTuple):
    """A PDU that was read. `fields` holds what was in it, optional parameters included, by the names of SMPP v3.4:
    strings as str (Latin-1), numbers as int, octets as bytes. Optional parameters without a name are left out."""

    command: str
    sequence: int
    status: int = 0
    fields: Mapping[str, str | int | bytes] = MappingProxyType({})

    @property
    def is_response(self) -> bool:
        return self.command.endswith("_resp") or self.command == "generic_nack"

    def text(self, name: str) -> str:
        """A string field; empty if it was not there."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""

    def number(self, name: str, default: int = 0) -> int:
        """A numeric field."""
        value = self.fields.get(name, default)
        return value if isinstance(value, int) else default

    def octets(self, name: str) -> bytes:
        """An octet field; empty if it was not there."""
        value = self.fields.get(name, b"")
        return value if isinstance(value, bytes) else b""

    @property
    def payload(self) -> bytes:
        """What the message says, from short_message or, where that is empty, message_payload; header included."""
        return self.octets("short_message") or self.octets("message_payload")


def describe(status: int) -> str:
    """A command status in words."""
    return str(consts.DESCRIPTIONS.get(status, f"status 0x{status:08X}"))


def encode(command: str, sequence: int, status: int = 0, **fields: str | int | bytes) -> bytes:
    """The bytes of a PDU. Raises PduError for a field the command has not, and for a string that would be cut."""
    try:
        pdu = make_pdu(command, sequence=sequence, **fields)
        _check_fields(pdu, fields)
        pdu.sequence, pdu.status = sequence, int(status)
        return bytes(pdu.generate())
    except (UnknownCommandError, struct.error, ValueError, TypeError) as error:
        raise PduError(f"{command} cannot be written: {error}") from error


def decode(data: bytes) -> Pdu:
    """Reads one whole PDU. Raises UnreadablePdu."""
    _, code, status, sequence = _HEADER.unpack_from(data)
    is_response = bool(code & _RESPONSE)
    try:
        command = command_codes.get_command_name(code)
        pdu = make_pdu(command, sequence=sequence)
    except UnknownCommandError as error:
        detail = f"command 0x{code:08X} is not known"
        raise UnreadablePdu(detail, sequence, Status.INVALID_COMMAND_ID, is_response) from error
    body = data[_HEADER.size :]
    if command in ("submit_sm_resp", "deliver_sm_resp") and b"\0" not in body:
        body += b"\0"  # Some SMSCs leave out the NUL after the message id.
    try:
        return Pdu(command, sequence, status, _read_body(pdu, body))
    except (struct.error, ValueError, TypeError) as error:
        raise UnreadablePdu(f"{command} is broken", sequence, Status.INVALID_COMMAND_LENGTH, is_response) from error


async def read_pdu(reader: StreamReader) -> Pdu | None:
    """The next PDU, or None when the peer closed between two.

    Raises FramingError, and UnreadablePdu (after which the next one can be read). Never cancel a call whose connection is to
    be used further: the bytes already read would be lost. A time-out belongs around what waits for an answer, not here.
    """
    try:
        prefix = await reader.readexactly(4)
    except IncompleteReadError as error:
        if not error.partial:
            return None
        raise FramingError("the connection was closed within a PDU") from error
    length = int.from_bytes(prefix, "big")
    if not MIN_PDU_BYTES <= length <= MAX_PDU_BYTES:
        raise FramingError(f"a PDU of {length} bytes was announced")
    try:
        return decode(prefix + await reader.readexactly(length - 4))
    except IncompleteReadError as error:
        raise FramingError("the connection was closed within a PDU") from error


def optional_fields(data: bytes) -> Iterator[tuple[str, str | int | bytes]]:
    """The named optional parameters. A last one that is cut short is left out: some SMSCs pad their PDUs."""
    position, end = 0, len(data)
    while position + _TLV.size <= end:
        code, length = _TLV.unpack_from(data, position)
        position += _TLV.size
        value, position = data[position : position + length], position + length
        name, kind = _OPTIONAL.get(code, ("", bytes))
        if not name or position > end:
            continue
        if kind is int and length in _SIZE_OF_INT:
            yield name, int.from_bytes(value, "big")
        elif kind is str:
            yield name, value.rstrip(b"\0").decode("latin-1")
        else:
            yield name, value


def _check_fields(pdu: Any, fields: Mapping[str, str | int | bytes]) -> None:
    for name, value in fields.items():
        parameter = pdu.params.get(name)
        if parameter is None:
            raise ValueError(f"it has no field {name}")
        if parameter.type is not str:
            continue
        text = str(value)
        if "\0" in text:
            raise ValueError(f"{name} holds a NUL, which would end it")
        # smpplib would cut the value silently: a password to 8 characters, an address to 20.
        if len(text) >= parameter.max:
            raise ValueError(f"{name} has {len(text)} characters, {parameter.max - 1} are the most")
        # It would write the length of an optional one in characters, and the characters in UTF-8.
        if name in consts.OPTIONAL_PARAMS and not text.isascii():
            raise ValueError(f"{name} is not ASCII")


def _read_body(pdu: Any, body: bytes) -> dict[str, str | int | bytes]:
    optional: list[bytes] = []
    pdu.parse_optional_params = optional.append
    pdu._parse_string = lambda name, data, position: _read_string(pdu, name, data, position)
    pdu.parse_params(body)
    # smpplib takes what there is of a text that is announced to be longer.
    if len(getattr(pdu, "short_message", None) or b"") < (getattr(pdu, "sm_length", None) or 0):
        raise ValueError("the text is shorter than announced")
    fields = {name: _plain(value) for name in pdu.params_order if (value := getattr(pdu, name)) is not None}
    for data in optional:
        fields.update(optional_fields(data))
    return fields


def _read_string(pdu: Any, name: str, data: bytes, position: int) -> tuple[bytes, int]:
    end = data.index(b"\0", position)
    setattr(pdu, name, data[position:end].decode("latin-1"))
    return data, end + 1


def _plain(value: Any) -> str | int | bytes:
    return value if isinstance(value, str | int) else bytes(value)
