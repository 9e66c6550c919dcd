"""An inbound message as it is read off the wire, whole or a part of one. For `sender.inbound`."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import structlog

from linksvc.phone_numbers import SHORTEST_NUMBER, read_caller
from linksvc.route_accounts import RouteReading
from sender.inbound_parts import Part, read_place
from sender.inbound_texts import read_text
from sender.pdus import Pdu

_NATIONAL = 2
"""The type of a number that does not name its country (SMPP v3.4, 5.2.5)."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Received:
    """An inbound message, or a part of one, as it was read. `number` is the sender's, in E.164 if it is a telephone's; `to`
    the address of ours it came to; `text` of a part: what stands in it alone."""

    number: str
    to: str
    text: str
    content: str
    """A hash of everything that came, to tell a redelivered message."""
    at: datetime
    part: Part | None = None
    """None: it came in one piece."""
    parts: int = 1
    complete: bool = True


def read(pdu: Pdu, at: datetime, reading: RouteReading | None = None) -> Received:
    """Reads a deliver_sm that is no receipt."""
    reading = reading or RouteReading()
    data_coding = pdu.number("data_coding")
    place, payload = read_place(pdu)
    source, to = pdu.text("source_addr"), pdu.text("destination_addr")
    number = read_caller(source, reading.number_country, national=pdu.number("source_addr_ton") == _NATIONAL)
    if number is None and source.isdigit() and len(source) >= SHORTEST_NUMBER:
        log.warning("A message came from a number without its country", action="inbound_national_number")
    return Received(
        number=number or source,
        to=_ours(to, pdu.number("dest_addr_ton"), reading),
        text=read_text(payload, data_coding, reading),
        content=_content(pdu, source, to),
        at=at,
        part=Part(place, data_coding, payload) if place else None,
    )


def _ours(to: str, ton: int, reading: RouteReading) -> str:
    """The address of ours; a long number in national form as our campaigns write it."""
    national = ton == _NATIONAL or to.startswith("0")
    return (read_caller(to, reading.number_country, national=ton == _NATIONAL) if national else None) or to


def _content(pdu: Pdu, source: str, to: str) -> str:
    """What two deliveries of one message have in common, the message's own number among it where an SMSC tells one."""
    told = (source, to, str(pdu.number("data_coding")))
    numbers = [str(pdu.number(name)) for name in ("user_message_reference", "sar_msg_ref_num", "sar_segment_seqnum")]
    return sha256("\0".join((*told, *numbers)).encode() + b"\0" + pdu.payload).hexdigest()[:32]
