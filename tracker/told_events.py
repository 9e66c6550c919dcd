"""What a page told at once, as it lies in the spool beside hits: written by `tracker.page_events`, read by ingest.

A record of it begins otherwise than a hit's, so that neither is ever taken for the other, and older readers set it aside.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from linksvc.clock import micros_of, moment_of

FORMAT = "page-1"
"""The first element of a packed record; a reader refuses what it does not know."""

_BEGINNING = b'["'
"""A hit's first element is a number (`tracker.hits.FORMAT`)."""

_SHAPE = (str, int, int, int, int, str, int, list)
_EVENT_SHAPE = (int, str, str, int, str, int, str, int)


class ToldEvent(NamedTuple):
    """One thing that happened. `number` names it among those of its hit."""

    number: int
    name: str
    block: str
    value: int
    order_ref: str
    amount_minor: int
    currency: str
    occurred_at: datetime


class ToldEvents(NamedTuple):
    """What happened on the page that a hit brought somebody to. `page_id` 0: a page of the marketer's own."""

    campaign_id: int
    link_id: int
    page_id: int
    n: int
    segment: UUID
    """With `position` the hit."""
    position: int
    events: tuple[ToldEvent, ...]

    def pack(self) -> bytes:
        events = [(*event[:-1], micros_of(event.occurred_at)) for event in self.events]
        return orjson.dumps([FORMAT, *self[:4], str(self.segment), self.position, events])


def is_told(payload: bytes) -> bool:
    """Whether it is what a page told, and no hit."""
    return payload.startswith(_BEGINNING)


def unpack_told(payload: bytes) -> ToldEvents:
    """The record as it was packed. Raises ValueError for anything else."""
    found = orjson.loads(payload)
    if not isinstance(found, list) or tuple(map(type, found)) != _SHAPE or found[0] != FORMAT:
        raise ValueError("what a page told, of unknown format")
    _, campaign_id, link_id, page_id, n, segment, position, events = found
    if min(campaign_id, link_id, page_id, n, position) < 0 or not events:
        raise ValueError("what a page told of a hit that cannot be")
    return ToldEvents(campaign_id, link_id, page_id, n, UUID(segment), position, tuple(map(_event, events)))


def _event(found: object) -> ToldEvent:
    if not isinstance(found, list) or tuple(map(type, found)) != _EVENT_SHAPE:
        raise ValueError("an event of unknown format")
    *said, micros = found
    try:
        return ToldEvent._make([*said, moment_of(micros)])
    except OverflowError as error:
        raise ValueError("an event at no time") from error
