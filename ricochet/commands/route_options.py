"""Options on a route's account, shared by `ricochet route add` and `ricochet route change`."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from linksvc.alphabets import ALPHABETS, DEFAULT_ALPHABETS
from linksvc.errors import FieldError, InvalidRequest
from linksvc.route_accounts import ADDRESS_KINDS, BIND_TYPES, ID_FORMS, LONG_FORMS

Name = Annotated[str, typer.Argument(metavar="NAME", help="The route's name.", show_default=False)]
NewName = Annotated[str, typer.Argument(help="Small letters, digits and dashes.", show_default=False)]


def _option(name: str, told: str, **more: Any) -> Any:
    return typer.Option(name, help=told, show_default=False, **more)


def _one_of(choices: Iterable[str]) -> str:
    return ", ".join(choices)


_HOST = "The SMSC's host name or address."
_SYSTEM_ID = "The account's name at the SMSC."

NeededHost = Annotated[str, _option("--host", _HOST)]
NeededSystemId = Annotated[str, _option("--system-id", _SYSTEM_ID)]
Host = Annotated[str | None, _option("--host", _HOST)]
SystemId = Annotated[str | None, _option("--system-id", _SYSTEM_ID)]
Port = Annotated[int | None, _option("--port", "The SMSC's port; 2775 unless told.")]
Window = Annotated[
    int | None, _option("--window", "Parts handed over and not answered yet, at most, in each bind; 10 unless told.")
]
Rate = Annotated[int | None, _option("--rate", "Parts a second, at most, over all binds; 100 unless told.")]
SystemType = Annotated[str | None, _option("--system-type", "What some SMSCs ask for beside the account's name.")]
BindType = Annotated[
    str | None,
    _option("--bind-type", f"{_one_of(BIND_TYPES)} (a transmitter and a receiver); transceiver unless told."),
]
Binds = Annotated[
    int | None,
    _option("--binds", "Sessions, or pairs, at once; 1 unless told. One, and one more for each 50 parts a second."),
]
Tls = Annotated[bool | None, typer.Option("--tls/--no-tls", help="Connect within TLS.", show_default=False)]
TlsName = Annotated[
    str | None, _option("--tls-name", "The name that the SMSC's certificate must be for; the host's unless told.")
]
Alphabet = Annotated[
    str | None, _option("--alphabet", f"What data_coding 0 means: {_one_of(DEFAULT_ALPHABETS)}; gsm unless told.")
]
DataCoding = Annotated[
    list[str] | None,
    _option(
        "--data-coding",
        f"What another data_coding of replies means, 3=latin1: {_one_of(ALPHABETS)}. Repeat it; 3= takes it back.",
    ),
]
AnswerId = Annotated[
    str | None,
    _option("--answer-id", f"How the SMSC writes message ids in its answers: {_one_of(ID_FORMS)}; auto unless told."),
]
ReceiptId = Annotated[str | None, _option("--receipt-id", "The same, in the text of receipts.")]
TlvId = Annotated[str | None, _option("--tlv-id", "The same, in their receipted_message_id.")]
ReceiptTimezone = Annotated[
    str | None, _option("--receipt-timezone", "Of dates in receipts without offset, such as Europe/Paris; UTC unless told.")
]
NumberCountry = Annotated[
    str | None,
    _option("--number-country", "Two capitals: the country whose national numbers replies come from; none unless told."),
]
Numbering = Annotated[
    list[str] | None,
    _option(
        "--numbering",
        f"TON/NPI of a kind of address where it is not the usual, short=3/0: {_one_of(ADDRESS_KINDS)}. Repeat it; "
        "short= takes it back.",
    ),
]
LongForm = Annotated[str | None, _option("--long-form", f"How a long text is cut: {_one_of(LONG_FORMS)}; udh8 unless told.")]
MaxTries = Annotated[
    int | None, _option("--max-tries", "How often a part refused for the moment is handed over; 10 unless told.")
]
MaxAge = Annotated[int | None, _option("--max-age", "For how many seconds it is; 86400, a day, unless told.")]


def changed_codings(present: Mapping[int, str], given: list[str] | None) -> dict[int, str]:
    """The table with what was given in place of what it has; an empty value takes away. Raises InvalidRequest."""
    table = dict(present)
    for key, value in map(_pair, given or ()):
        if not key.isdecimal():
            raise _wrong("data_codings", f"“{key}={value}” is no data_coding; write 3=latin1.")
        table[int(key)] = value.lower()
    return {coding: name for coding, name in table.items() if name}


def changed_numbering(present: Mapping[str, tuple[int, int]], given: list[str] | None) -> dict[str, tuple[int, int]]:
    """The same for TON and NPI."""
    table: dict[str, tuple[int, int] | None] = dict(present)
    for kind, value in map(_pair, given or ()):
        ton, _, npi = value.partition("/")
        if value and not (ton.isdecimal() and npi.isdecimal()):
            raise _wrong("numbering", f"“{kind}={value}” has no TON and NPI; write short=3/0.")
        table[kind] = (int(ton), int(npi)) if value else None
    return {kind: pair for kind, pair in table.items() if pair}


def _pair(written: str) -> tuple[str, str]:
    key, _, value = written.partition("=")
    return key.strip(), value.strip()


def _wrong(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {message}", code="route_invalid", errors=(FieldError(field, message),))
