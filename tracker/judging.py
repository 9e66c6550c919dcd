"""Judging: hits are judged again once the minute they came in is over and the hits around them are known.

Ingest notes for each hit that its minute is due (`tracker.due`). The worker (`ricochet work`) claims the due minutes of a
campaign, reads what happened around them, and exchanges the verdicts that turn out different. What changed since it read
is left as it is, and the minute stays due: so several workers, late hits and crashes cost a repetition, never a figure.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select, update

from linksvc.applier import change_verdicts
from linksvc.clock import Clock
from linksvc.database import BATCH_ROWS, PAUSE_S, reading, writing
from linksvc.hit_verdicts import Ruling
from linksvc.models import JudgementDue
from tracker.bursts import BURST_WITHIN
from tracker.context import PRESENT, Rules, find_bursts, rulings
from tracker.stored_hits import in_order_of_time

log = structlog.get_logger()

MINUTE = timedelta(minutes=1)
"""What `judgement_due` has a row for."""

CLAIMED_FOR = timedelta(minutes=5)
"""How long claimed minutes are left alone by other workers; those of a worker that died are due again then."""

AGAIN_AFTER = timedelta(seconds=10)
"""When a minute is due again of which some hit is not counted yet."""

CLAIMED_MINUTES = 240


@dataclass(frozen=True, slots=True)
class Claim:
    """Due minutes of a campaign that this worker took; `until` is what their rows say meanwhile."""

    campaign_id: int
    minutes: tuple[datetime, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """Minutes whose hits are judged in one go, and the time around them within which verdicts may change."""

    minutes: tuple[datetime, ...]

    @property
    def since(self) -> datetime:
        return self.minutes[0] - BURST_WITHIN

    @property
    def until(self) -> datetime:
        return self.minutes[-1] + MINUTE + BURST_WITHIN


def judge_due(engine: Engine, clock: Clock, rules: Rules = PRESENT) -> bool:
    """Judges the due minutes of one campaign, the one that waits longest. False if none is due."""
    claim = _claim(engine, clock())
    if claim is None:
        return False
    for stretch in _stretches(claim.minutes):
        waiting = _judge(engine, claim.campaign_id, stretch, clock, rules)
        _settle(engine, claim, stretch, clock() + AGAIN_AFTER if waiting else None)
    return True


def _claim(engine: Engine, now: datetime) -> Claim | None:
    with reading(engine) as session:
        due = select(JudgementDue.campaign_id).where(JudgementDue.due_at <= now).order_by(col(JudgementDue.due_at)).limit(1)
        campaign_id = session.exec(due).first()
        if campaign_id is None:
            return None
        of_it = select(JudgementDue.minute).where(JudgementDue.campaign_id == campaign_id, JudgementDue.due_at <= now)
        minutes = list(session.exec(of_it.order_by(col(JudgementDue.minute)).limit(CLAIMED_MINUTES)))
    with writing(engine) as session:
        # Whoever comes second, a worker or an ingester, waits for the row and then sees what the first one wrote.
        _lock(session, campaign_id, minutes)
        taken = session.connection().execute(
            update(JudgementDue)
            .where(
                col(JudgementDue.campaign_id) == campaign_id,
                col(JudgementDue.minute).in_(minutes),
                col(JudgementDue.due_at) <= now,
            )
            .values(due_at=now + CLAIMED_FOR)
            .returning(col(JudgementDue.minute))
        )
        return Claim(campaign_id, tuple(sorted(taken.scalars())), now + CLAIMED_FOR)


def _lock(session: Session, campaign_id: int, minutes: Sequence[datetime]) -> None:
    """Takes the minutes one after the other, as ingest does (`tracker.due`): an UPDATE or DELETE of several goes by where
    they lie, and two that each wait for a minute of the other's would have PostgreSQL break one off."""
    rows = select(JudgementDue.minute).where(JudgementDue.campaign_id == campaign_id, col(JudgementDue.minute).in_(minutes))
    session.exec(rows.order_by(col(JudgementDue.minute)).with_for_update()).all()


def _stretches(minutes: Iterable[datetime]) -> Iterator[Stretch]:
    """The minutes, those together whose surroundings overlap: no hit is read twice."""
    together: list[datetime] = []
    for minute in minutes:
        if together and minute - together[-1] > MINUTE + 4 * BURST_WITHIN:
            yield Stretch(tuple(together))
            together = []
        together.append(minute)
    if together:
        yield Stretch(tuple(together))


def _judge(engine: Engine, campaign_id: int, stretch: Stretch, clock: Clock, rules: Rules) -> int:
    """Returns how many hits have to wait for another time."""
    changed = waiting = 0
    with reading(engine) as session:
        wider = (stretch.since - BURST_WITHIN, stretch.until + BURST_WITHIN)
        with closing(in_order_of_time(session, campaign_id, *wider)) as around:
            bursts = find_bursts(around, rules)
        with closing(in_order_of_time(session, campaign_id, stretch.since, stretch.until)) as hits:
            for batch in batches(ruling for _, ruling in rulings(hits, bursts, rules) if ruling):
                settled = change_verdicts(engine, campaign_id, batch, clock)
                changed, waiting = changed + settled.changed, waiting + settled.waiting
                time.sleep(PAUSE_S)
    if changed:
        log.info("verdicts changed", action="judge.changed", campaign_id=campaign_id, hits=changed, waiting=waiting)
    return waiting


def batches(found: Iterable[Ruling]) -> Iterator[list[Ruling]]:
    """The rulings, as many at a time as one transaction may write."""
    batch: list[Ruling] = []
    for ruling in found:
        batch.append(ruling)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _settle(engine: Engine, claim: Claim, stretch: Stretch, due_again: datetime | None) -> None:
    """The claimed minutes are done, or due again; but for those that ingest has made due since, by further hits."""
    ours = (
        col(JudgementDue.campaign_id) == claim.campaign_id,
        col(JudgementDue.minute).in_(stretch.minutes),
        col(JudgementDue.due_at) == claim.until,
    )
    with writing(engine) as session:
        _lock(session, claim.campaign_id, stretch.minutes)
        if due_again:
            session.exec(update(JudgementDue).where(*ours).values(due_at=due_again))
        else:
            session.exec(delete(JudgementDue).where(*ours))
