"""Messages that are held back: why and until when, and how they come free again. Facts about holds: `linksvc.facts`.

The sender's last checks hold messages (`sender.checks`); the worker releases them; pages, API and command line tell of them.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, exists, func
from sqlmodel import Session, col, select, update

from linksvc import facts
from linksvc.clock import Clock
from linksvc.database import BATCH_ROWS, writing
from linksvc.facts import NewFact
from linksvc.models import Campaign, SendBatch
from linksvc.quiet_hours import HOLIDAY, QUIET_HOURS
from linksvc.send_batches import MOST_MESSAGES

FREQUENCY_CAP, SCHEDULED = "frequency_cap", "scheduled"

REASONS = (QUIET_HOURS, HOLIDAY, FREQUENCY_CAP, SCHEDULED)

MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class Held:
    """So many messages of a campaign to people of a country wait until then."""

    reason: str
    country: str
    until: datetime
    messages: int


def list_holds(session: Session, campaign_id: int) -> tuple[Held, ...]:
    """Why the campaign's messages are held back, those that leave next first; at most MOST_TOLD."""
    group = (col(SendBatch.reason), col(SendBatch.country), col(SendBatch.due_at))
    statement = (
        select(*group, func.sum(SendBatch.size))
        .where(SendBatch.campaign_id == campaign_id, col(SendBatch.reason).in_(REASONS))
        .group_by(*group)
        .order_by(col(SendBatch.due_at), col(SendBatch.country), col(SendBatch.reason))
        .limit(MOST_TOLD)
    )
    return tuple(Held(reason, country, until, int(messages)) for reason, country, until, messages in session.exec(statement))


def fact_of(campaign_id: int, n: int, reason: str, until: datetime, now: datetime) -> NewFact:
    """That the message is held back."""
    return NewFact(campaign_id, "held", f"{n}:{until.isoformat()}", n, now, reason, until.isoformat())


def campaigns_to_release(session: Session, since: datetime, now: datetime) -> list[int]:
    """The campaigns of which a hold ended after `since`: most of the time none, and nobody has to wait for a look."""
    ended = exists().where(col(SendBatch.campaign_id) == col(Campaign.id), *_ended(since, now))
    return [id for id in session.exec(select(Campaign.id).where(Campaign.state == "sending", ended)) if id]


def _ended(since: datetime, now: datetime) -> tuple[ColumnElement[bool], ...]:
    due_at = col(SendBatch.due_at)
    return due_at > since, due_at <= now, col(SendBatch.reason).in_(REASONS)


def release(engine: Engine, campaign_id: int, since: datetime, clock: Clock) -> int:
    """Lets messages of a campaign go whose hold ended after `since`: up to BATCH_ROWS of them; returns how many. They are
    claimed whether that was done or not; it is what figures are told by."""
    now = clock()
    with writing(engine) as session:
        statement = (
            select(SendBatch.first_n, SendBatch.size, SendBatch.due_at)
            .where(SendBatch.campaign_id == campaign_id, *_ended(since, now))
            .order_by(col(SendBatch.due_at))
            .limit(BATCH_ROWS // MOST_MESSAGES)
            .with_for_update(skip_locked=True)
        )
        over = list(session.exec(statement))
        made = [
            NewFact(campaign_id, "released", f"{n}:{until.isoformat()}", n, now, detail=until.isoformat())
            for first_n, size, until in over
            for n in range(first_n, first_n + size)
        ]
        facts.record(session, made, now)
        firsts = [first_n for first_n, _, _ in over]
        session.exec(
            update(SendBatch)
            .where(col(SendBatch.campaign_id) == campaign_id, col(SendBatch.first_n).in_(firsts))
            .values(reason="")
        )
        return len(made)
