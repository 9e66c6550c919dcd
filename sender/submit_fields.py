"""A part of a message as the fields of its submit_sm (SMPP v3.4, 4.4.1). For `sender.exchange`."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sender.messages import Submission

Fields = dict[str, str | int | bytes]

ALPHANUMERIC, SHORT, LONG, RECIPIENT = "alphanumeric", "short", "long", "recipient"

_UNKNOWN, _INTERNATIONAL, _NETWORK_SPECIFIC, _ALPHANUMERIC = 0, 1, 3, 5
_ISDN = 1

USUAL: Mapping[str, tuple[int, int]] = {
    ALPHANUMERIC: (_ALPHANUMERIC, _UNKNOWN),
    SHORT: (_NETWORK_SPECIFIC, _UNKNOWN),
    LONG: (_INTERNATIONAL, _ISDN),
    RECIPIENT: (_INTERNATIONAL, _ISDN),
}
"""Type of number and numbering plan (SMPP v3.4, 5.2.5 and 5.2.6) by kind of address, unless a route wants others."""

_LONGEST_SHORT_CODE = 8
_NO_NUMBERING: Mapping[str, tuple[int, int]] = {}


def fields_of(
    submission: Submission, numbering: Mapping[str, tuple[int, int]] = _NO_NUMBERING, ends_at: datetime | None = None
) -> Fields:
    """The fields of a part. A receipt is asked for on each. `numbering`: what the route wants otherwise than is usual;
    `ends_at`: when the SMSC shall give up, because the message is of no use any more."""
    message = submission.message
    part = message.payloads[submission.part - 1]
    kind, sender = source_address(message.campaign.sender)
    source_ton, source_npi = numbering.get(kind) or USUAL[kind]
    dest_ton, dest_npi = numbering.get(RECIPIENT) or USUAL[RECIPIENT]
    fields: Fields = {
        "source_addr_ton": source_ton,
        "source_addr_npi": source_npi,
        "source_addr": sender,
        "dest_addr_ton": dest_ton,
        "dest_addr_npi": dest_npi,
        "destination_addr": message.number.lstrip("+"),
        "esm_class": part.esm_class,
        "registered_delivery": 1,
        "data_coding": message.data_coding,
        "short_message": part.short_message,
    }
    if ends_at:
        fields["validity_period"] = absolute_time(ends_at)
    if part.tlvs:
        fields.update(part.tlvs)
    return fields


def source_address(sender: str) -> tuple[str, str]:
    """The kind of a sender - a name, a short code or a number - and how it is written."""
    digits = sender.lstrip("+")
    if not (digits.isascii() and digits.isdigit()):
        return ALPHANUMERIC, sender
    if sender == digits and len(digits) <= _LONGEST_SHORT_CODE:
        return SHORT, digits
    return LONG, digits


def absolute_time(at: datetime) -> str:
    """A moment as SMPP writes it (v3.4, 7.1.1), in UTC: no tenths, no quarters of an hour from Greenwich."""
    return f"{at.astimezone(UTC):%y%m%d%H%M%S}000+"
