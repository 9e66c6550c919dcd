"""Storing what pages told: each event once, and the interaction that proves a hit a person's. For ingest and replay."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from linksvc.bulk import insert_rows
from linksvc.facts import NewFact, record
from linksvc.models import PageEvent
from tracker.beacons import INTERACTIONS
from tracker.evidence import HitRef, interaction_of
from tracker.hit_store import check_messages
from tracker.segments import HitId
from tracker.told_events import ToldEvents


class ToldRecord(NamedTuple):
    """What a page told at once, and the id of its record in the spool."""

    id: HitId
    told: ToldEvents


def store_told(session: Session, records: Sequence[ToldRecord], recorded_at: datetime) -> None:
    """Stores the events and their facts, in the caller's transaction, at its end; those that are stored already stay as they
    are. Raises UnknownMessage."""
    if not records:
        return
    check_messages(session, ((one.told.campaign_id, one.told.n) for one in records))
    # In one order: a page may tell the same again to another tracker, and whoever stores that waits for this transaction.
    rows = sorted((row for one in records for row in _rows(one.told, recorded_at)), key=_KEY)
    insert_rows(session, PageEvent, _COLUMNS, rows)
    interactions: dict[tuple[int, str], NewFact] = {}
    for one in records:
        if fact := _interaction(one.told):
            interactions.setdefault((fact.campaign_id, fact.source), fact)
    record(session, [interactions[name] for name in sorted(interactions)], recorded_at)


_COLUMNS = (
    "campaign_id",
    "segment",
    "position",
    "n",
    "link_id",
    "page_id",
    "recorded_at",
    "number",
    "name",
    "block",
    "value",
    "order_ref",
    "amount_minor",
    "currency",
    "occurred_at",
)


_KEY = itemgetter(*map(_COLUMNS.index, ("campaign_id", "segment", "position", "number")))


def _rows(told: ToldEvents, recorded_at: datetime) -> Iterator[tuple[Any, ...]]:
    hit = (told.campaign_id, str(told.segment), told.position, told.n, told.link_id, told.page_id, recorded_at)
    for event in told.events:
        yield (*hit, *event)


def _interaction(told: ToldEvents) -> NewFact | None:
    """The fact of the first of its events that only a person does."""
    done = [event for event in told.events if event.name in INTERACTIONS]
    if not done:
        return None
    first = min(done, key=lambda event: (event.occurred_at, event.number))
    hit = HitRef(told.campaign_id, told.n, told.segment, told.position)
    return interaction_of(hit, str(first.number), first.occurred_at)


def known_events(session: Session, records: Sequence[ToldRecord]) -> set[HitId]:
    """Those of the records all of whose events are stored already."""
    if not records:
        return set()
    statement = select(PageEvent.campaign_id, PageEvent.segment, PageEvent.position, PageEvent.number).where(
        col(PageEvent.campaign_id).in_({one.told.campaign_id for one in records}),
        col(PageEvent.segment).in_({str(one.told.segment) for one in records}),
        col(PageEvent.position).in_({one.told.position for one in records}),
    )
    stored = set(map(tuple, session.exec(statement)))
    return {one.id for one in records if _names(one.told) <= stored}


def _names(told: ToldEvents) -> set[tuple[int, str, int, int]]:
    return {(told.campaign_id, str(told.segment), told.position, event.number) for event in told.events}
