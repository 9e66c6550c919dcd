"""Long messages that come in parts: each is kept as it comes, in any order, and joined with the last one.

For `sender.inbound`, under the number's lock. Parts that are joined stay for as long as an SMSC may deliver one of them
again; those that have waited that long for others are taken for all there will ever be (`take_lapsed`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, select

from linksvc.models import InboundPart
from linksvc.route_accounts import RouteReading
from sender.concatenation import UDHI, Concatenation, read_header
from sender.inbound_texts import read_text
from sender.pdus import Pdu

WAIT = timedelta(minutes=10)
"""How long a part waits for the next one."""

_MISSING = "…"
"""What stands for parts that never came."""


@dataclass(frozen=True, slots=True)
class PartKey:
    """Whose message a part belongs to. The key has the route, not the bind: parts may come over several."""

    route_id: int
    number: str
    sender: str
    reference: int
    parts: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part as it came, without its header."""

    place: Concatenation
    data_coding: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Joined:
    """A message of several parts, which began to come `at`; its first part tells it from others, by `content`."""

    key: PartKey
    text: str
    content: str
    complete: bool
    at: datetime


def read_place(pdu: Pdu) -> tuple[Concatenation | None, bytes]:
    """Which part of which message this is, by its header or its SAR parameters (SMPP v3.4, 5.3.2.22 to 24), and the payload
    without the header; None: a message of its own. What makes no sense, such as part 3 of 2, is one too."""
    place, payload = None, pdu.payload
    if pdu.number("esm_class") & UDHI:
        place, payload = read_header(payload)
    if place is None and "sar_msg_ref_num" in pdu.fields:
        numbers = ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
        place = Concatenation(*(pdu.number(name) for name in numbers))
    return (place if place and 1 <= place.part <= place.parts and place.parts > 1 else None), payload


def add_part(session: Session, key: PartKey, part: Part, reading: RouteReading, now: datetime) -> Iterator[Joined]:
    """Keeps a part; yields what is whole with it, and before that what will never be, because its reference is used for
    another message by now. A part that comes again changes nothing."""
    kept = _kept(session, key)
    present = kept.get(part.place.part)
    if present and present.payload == part.payload.hex() and present.data_coding == part.data_coding:
        return
    if present:
        if len(kept) < key.parts:
            yield join(key, list(kept.values()), reading)
        _drop(session, key)
        kept = {}
    told: dict[str, Any] = asdict(key) | {
        "part": part.place.part,
        "data_coding": part.data_coding,
        "payload": part.payload.hex(),
    }
    row = InboundPart(**told, recorded_at=now)
    session.add(row)
    session.flush()
    if len(kept) + 1 == key.parts:
        yield join(key, [*kept.values(), row], reading)


def lapsed_keys(session: Session, now: datetime, limit: int) -> list[PartKey]:
    """Messages none of whose parts came within WAIT, joined or not; the caller locks their numbers and takes them."""
    later = aliased(InboundPart)
    same = [getattr(later, name) == col(getattr(InboundPart, name)) for name in _KEY]
    statement = (
        select(*(col(getattr(InboundPart, name)) for name in _KEY))
        .where(
            col(InboundPart.recorded_at) <= now - WAIT,
            ~exists().where(*same, col(later.recorded_at) > now - WAIT),
        )
        .distinct()
        .limit(limit)
    )
    return [PartKey(*row) for row in session.exec(statement)]


def take_lapsed(session: Session, key: PartKey, reading: RouteReading, now: datetime) -> Joined | None:
    """Forgets a message's parts; returns it if it never became whole. None also if a part came meanwhile."""
    kept = list(_kept(session, key).values())
    if not kept or max(row.recorded_at for row in kept) > now - WAIT:
        return None
    joined = join(key, kept, reading)
    _drop(session, key)
    return None if joined.complete else joined


def join(key: PartKey, rows: Sequence[InboundPart], reading: RouteReading) -> Joined:
    """The text of these parts. They are joined first and read then: a character may be cut in two between them."""
    rows = sorted(rows, key=lambda row: row.part)
    pieces: list[str] = []
    end = 0
    for _, numbered in groupby(enumerate(rows), key=lambda one: (one[1].part - one[0], one[1].data_coding)):
        run = [row for _, row in numbered]
        pieces += [_MISSING] if run[0].part > end + 1 else []
        pieces.append(read_text(bytes.fromhex("".join(row.payload for row in run)), run[0].data_coding, reading))
        end = run[-1].part
    pieces += [_MISSING] if end < key.parts else []
    first = rows[0]
    content = content_of(
        key, Part(Concatenation(key.reference, key.parts, first.part), first.data_coding, bytes.fromhex(first.payload))
    )
    return Joined(key, "".join(pieces), content, len(rows) == key.parts, min(row.recorded_at for row in rows))


def content_of(key: PartKey, first: Part) -> str:
    """What tells a message from others, by the first of its parts that came: a hash."""
    told = (key.number, key.sender, key.reference, key.parts, first.place.part, first.data_coding, first.payload.hex())
    return sha256("\0".join(map(str, told)).encode()).hexdigest()[:32]


def _kept(session: Session, key: PartKey) -> dict[int, InboundPart]:
    return {row.part: row for row in session.exec(select(InboundPart).where(*_is(key)))}


def _drop(session: Session, key: PartKey) -> None:
    # The rows are in the session: without this it would try to match them with what was deleted.
    session.exec(delete(InboundPart).where(*_is(key)).execution_options(synchronize_session="fetch"))


def _is(key: PartKey) -> list[ColumnElement[bool]]:
    return [col(getattr(InboundPart, name)) == getattr(key, name) for name in _KEY]


_KEY = tuple(PartKey.__dataclass_fields__)
