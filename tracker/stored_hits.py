"""Hits as they are stored, read again to be judged again: as a stream, however many there are. For the later pass.

Whoever breaks off a stream closes it, before the session that it reads from.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session, col, select

from linksvc.hit_verdicts import COUNTED, INTERACTION
from linksvc.models import Hit, Message
from tracker.hits import SpooledHit

_STREAMED_ROWS = 2_000

_SEEN = SpooledHit._fields
"""A stored hit has a column for each; of the headers as a JSON object."""


@dataclass(frozen=True, slots=True)
class StoredHit:
    """A hit as the spool brought it, its name, and the verdict that holds for it."""

    hit: SpooledHit
    segment: str
    position: int
    verdict: str
    reason: str
    judged: int
    counted: bool
    """Whether it is in the figures yet."""
    submitted_at: datetime | None
    """When the operator had taken its message."""
    window_ends_at: datetime | None
    """What comes later is in no figure about clicks but those that say so."""

    @property
    def late(self) -> bool:
        return self.window_ends_at is not None and self.hit.occurred_at > self.window_ends_at

    @property
    def settled(self) -> bool:
        """Whether an interaction has made it human for good."""
        return self.reason == INTERACTION


def in_order_of_time(
    session: Session, campaign_id: int, since: datetime | None = None, until: datetime | None = None
) -> Generator[StoredHit]:
    """The campaign's hits from `since` to before `until`; None: from the first, to the last."""
    statement = _hits(campaign_id)
    if since:
        statement = statement.where(col(Hit.occurred_at) >= since)
    if until:
        statement = statement.where(col(Hit.occurred_at) < until)
    return _read(session, statement.order_by(col(Hit.occurred_at), col(Hit.segment), col(Hit.position)))


def by_message(session: Session, campaign_id: int) -> Generator[StoredHit]:
    """All the campaign's hits, those of one message behind each other."""
    return _read(session, _hits(campaign_id).order_by(col(Hit.n)))


def _hits(campaign_id: int) -> Any:
    columns = [getattr(Hit, name) for name in _SEEN]
    # Looked at hit by hit, like the fact in COUNTED, and for the same reason.
    of_message = (
        select(moment)
        .where(Message.campaign_id == Hit.campaign_id, col(Message.n) == col(Hit.n))
        .correlate(Hit)
        .scalar_subquery()
        for moment in (Message.submitted_at, Message.window_ends_at)
    )
    held = (Hit.segment, Hit.position, Hit.verdict, Hit.reason, Hit.judged, COUNTED, *of_message)
    return select(*columns, *held).where(Hit.campaign_id == campaign_id)


def _read(session: Session, statement: Any) -> Generator[StoredHit]:
    with session.connection().execute(statement, execution_options={"yield_per": _STREAMED_ROWS}) as rows:
        for row in rows:
            seen: dict[str, Any] = {name: getattr(row, name) for name in _SEEN}
            seen["headers"] = orjson.loads(row.headers)
            yield StoredHit(SpooledHit(**seen), *row[len(_SEEN) :])
