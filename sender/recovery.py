"""What a worker left on a bind: settled by the next holder before it sends, or by itself when it ends in order."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from linksvc import facts, frequency_caps, leases, send_batches
from linksvc.clock import Clock
from linksvc.database import writing
from linksvc.facts import NewFact
from linksvc.models import Attempt, Campaign, Message
from linksvc.send_batches import AT_ONCE
from sender.binds import Bind, holding, take
from sender.claims import give_back
from sender.messages import ACCEPTED, MARKED, REFUSED, RETRIED, RETRY, UNKNOWN

log = structlog.get_logger()


@dataclass(frozen=True)
class Recovered:
    """How many fragments may or may not have left (`unknown`), and how many were known not to have (`refused`, `freed`)."""

    unknown: int
    refused: int
    freed: int


def seize(engine: Engine, route_id: int, worker: str, clock: Clock, number: int = 0) -> Bind | None:
    """Takes the bind if it can be had, and settles what its last holder left. None while another process holds it."""
    with writing(engine) as session:
        bind, before = take(session, route_id, worker, clock, number)
        if bind:
            _report(recover(session, bind, before, clock()), route_id)
        return bind


def leave(engine: Engine, bind: Bind, clock: Clock) -> None:
    """Settles what is still open and gives the bind back. Raises BindLost."""
    with holding(engine, bind, clock) as session:
        _report(recover(session, bind, bind.worker, clock()), bind.route_id)
        leases.give_back(session, bind.lease, bind.worker)


def _report(recovered: Recovered, route_id: int) -> None:
    if recovered != Recovered(0, 0, 0):
        log.warning("Open submissions were settled", action="recovered", route_id=route_id, **asdict(recovered))


def recover(session: Session, bind: Bind, worker: str, now: datetime) -> Recovered:
    """Settles what stands open on a bind of which `worker` was the last holder (empty: nobody knows).

    Marked without an answer: outcome unknown, never sent again. Refused for the moment: the message is queued again, unless
    another fragment of it has left; then this one was refused for good, for half a message is not sent anew. Claimed and not
    marked: free.
    """
    unknown = _open_attempts(session, bind, MARKED)
    _settle(session, unknown, UNKNOWN, "outcome_unknown", now)
    waiting = _open_attempts(session, bind, RETRY)
    begun = _begun(session, waiting)
    refused = [attempt for attempt in waiting if (attempt.campaign_id, attempt.n) in begun]
    untouched = [attempt for attempt in waiting if (attempt.campaign_id, attempt.n) not in begun]
    _settle(session, refused, REFUSED, "refused", now)
    _queue_again(session, untouched)
    if worker:
        give_back(session, worker)
    return Recovered(len(unknown), len(refused), len(untouched))


def _open_attempts(session: Session, bind: Bind, outcome: str) -> list[Attempt]:
    statement = select(Attempt).where(
        Attempt.outcome == outcome, Attempt.route_id == bind.route_id, Attempt.bind == bind.number
    )
    return list(session.exec(statement.order_by(col(Attempt.campaign_id), col(Attempt.n))))


def _begun(session: Session, attempts: Iterable[Attempt]) -> set[tuple[int, int]]:
    """The messages among them of which another fragment was settled already."""
    return {
        (campaign_id, n)
        for campaign_id, ns in _by_campaign(attempts).items()
        for n in session.exec(
            select(Attempt.n).where(
                Attempt.campaign_id == campaign_id,
                col(Attempt.n).in_(ns),
                col(Attempt.outcome).in_([ACCEPTED, REFUSED, UNKNOWN]),
            )
        )
    }


def _settle(session: Session, attempts: Sequence[Attempt], outcome: str, kind: str, now: datetime) -> None:
    made = []
    for attempt in attempts:
        attempt.outcome = outcome
        session.add(attempt)
        value = f"0x{attempt.command_status:02x}" if outcome == REFUSED else ""
        source = f"{attempt.n}.{attempt.part}.{attempt.attempt}"
        made.append(
            NewFact(attempt.campaign_id, kind, source, attempt.n, now, value, parts=attempt.parts, route_id=attempt.route_id)
        )
    session.flush()
    facts.record(session, made, now)


def _queue_again(session: Session, attempts: Sequence[Attempt]) -> None:
    for attempt in attempts:
        attempt.outcome = RETRIED
        session.add(attempt)
    session.flush()
    marked_at = {(attempt.campaign_id, attempt.n): attempt.occurred_at for attempt in attempts}
    for campaign_id, ns in _by_campaign(attempts).items():
        _uncount(session, campaign_id, {n: marked_at[campaign_id, n] for n in ns})
        send_batches.put_back(session, campaign_id, ns, AT_ONCE, RETRY)


def _uncount(session: Session, campaign_id: int, marked_at: Mapping[int, datetime]) -> None:
    """What was marked and did not leave does not count for frequency caps, on the day it was marked."""
    workspace_id, kind = session.exec(select(Campaign.workspace_id, Campaign.kind).where(Campaign.id == campaign_id)).one()
    if kind != "marketing":
        return
    days: dict[datetime, Counter[str]] = defaultdict(Counter)
    found = select(Message.n, Message.number).where(Message.campaign_id == campaign_id, col(Message.n).in_(marked_at.keys()))
    for n, number in session.exec(found):
        days[frequency_caps.day_of(marked_at[n])][number] += 1
    for day, numbers in sorted(days.items()):
        frequency_caps.give_back(session, workspace_id, numbers, day)


def _by_campaign(attempts: Iterable[Attempt]) -> dict[int, set[int]]:
    ns: dict[int, set[int]] = defaultdict(set)
    for attempt in attempts:
        ns[attempt.campaign_id].add(attempt.n)
    return ns
