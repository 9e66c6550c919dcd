"""The last moment before a message leaves: it is checked once more, and its fragments are marked as handed over.

The mark is committed before the socket sees a byte. After a crash a marked attempt without an answer may or may not have
left: its outcome is unknown and it is not sent again. So no more is marked than the window can take.

A message is marked once because it leaves its batch with the mark (`linksvc.send_batches`), because none is marked of which
an attempt stands, and because an attempt has one key: of two who mark the same one, one is left out. Whoever names it twice
marks it once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, func, tuple_
from sqlmodel import Session, col, delete, select, update
from sqlmodel.sql.sqltypes import UTCDateTime

from linksvc import facts, frequency_caps, send_batches
from linksvc.bulk import among, as_one, insert_fresh, insert_rows, one_of
from linksvc.database import is_sqlite
from linksvc.facts import NewFact
from linksvc.models import Attempt, Suppression
from linksvc.number_locks import lock_to_send
from linksvc.send_batches import AT_ONCE
from linksvc.statements import Statement
from sender import checks
from sender.binds import Bind
from sender.checks import Decisions, Hold
from sender.messages import MARKED, REFUSED, RESENT, RETRIED, RETRY, OpenCampaign, Outgoing, Submission

_IN_VAIN = (RETRY, RETRIED, RESENT)
"""What became of attempts that count for nothing any more. Of any other a message stands, or has ended."""


@dataclass(frozen=True, slots=True)
class _History:
    """A message's attempts so far: the number of the last one, how many were refused for the moment, when the first was
    made, and whether one stands: it left, or may have, or is about to, or was refused for good."""

    last: int = 0
    tries: int = 0
    first_at: datetime | None = None
    stands: bool = False


def mark(
    session: Session, bind: Bind, campaign: OpenCampaign, messages: Sequence[Outgoing], now: datetime
) -> list[Submission]:
    """Marks every fragment of these messages of one campaign; returns what may now be submitted, in order.

    Left out: what another worker claimed since, what has to wait (it is queued again), and what may not be sent any more.
    """
    lock_to_send(session, (message.number for message in messages))
    batches = send_batches.find_claimed(session, campaign.id, bind.worker, [message.n for message in messages])
    ours = {n for batch in batches for n in batch.ns}
    # A bind that claimed too long ago may have found its own messages again, and hold them twice.
    present = list({message.n: message for message in messages if message.n in ours}.values())
    history = _history(session, campaign.id, [message.n for message in present])
    fresh = [message for message in present if not history[message.n].stands]
    decisions = checks.decide(session, campaign, fresh, now)
    send_batches.take_out(session, batches, {message.n for message in present})
    _settle(session, campaign, decisions, now)
    return _insert_attempts(session, bind, _first_submissions(decisions.allowed, history, now), now)


def mark_again(session: Session, bind: Bind, refused: Sequence[Submission], now: datetime) -> list[Submission]:
    """Marks fragments of one campaign that were refused for the moment. A message of which another fragment has left is
    finished, unless its number said STOP; one that has not begun is checked like a new one."""
    campaign = refused[0].message.campaign
    messages = {one.message.n: one.message for one in refused}
    lock_to_send(session, (message.number for message in messages.values()))
    taken = _take_up(session, campaign.id, refused)
    history = _history(session, campaign.id, list(messages))
    begun = {n for n, message in messages.items() if message.begun or history[n].stands}
    fresh = [message for n, message in messages.items() if n not in begun]
    # Each was counted when it was marked before; to decide is to count again.
    _uncount(session, campaign, fresh, now)
    decisions = checks.decide(session, campaign, fresh, now)
    for message in decisions.allowed:
        message.counted_at = now
    allowed = begun | {message.n for message in decisions.allowed}
    _take_back(session, campaign.id, messages.keys() - allowed)
    _settle(session, campaign, decisions, now)
    stopped = _stopped(session, campaign, [messages[n].number for n in begun])
    _refuse_the_rest(session, bind, [one for one in taken if one.message.n in begun and one.message.number in stopped], now)
    again = [
        Submission(one.message, one.part, one.attempt + 1, tries + 1)
        for one, tries in taken.items()
        if one.message.n in allowed and one.message.number not in stopped
    ]
    return _insert_attempts(session, bind, again, now)


def renew(session: Session, bind: Bind, submission: Submission, now: datetime) -> bool:
    """Marks a fragment of a message that has begun as handed over now, not when it was. False if its number said STOP
    meanwhile: then it was refused."""
    message = submission.message
    lock_to_send(session, [message.number])
    if _stopped(session, message.campaign, [message.number]):
        _refuse_the_rest(session, bind, [submission], now)
        return False
    marked = _are(message.campaign.id, [submission])
    session.exec(update(Attempt).where(marked, col(Attempt.outcome) == MARKED).values(occurred_at=now))
    return True


def take_back(session: Session, bind: Bind, message: Outgoing, now: datetime) -> None:
    """Forgets that a message was marked of which nothing has left, and queues it again."""
    campaign = message.campaign
    marked = and_(
        col(Attempt.campaign_id) == campaign.id,
        col(Attempt.n) == message.n,
        col(Attempt.worker) == bind.worker,
        col(Attempt.outcome) == MARKED,
    )
    session.exec(delete(Attempt).where(marked))
    _take_back(session, campaign.id, [message.n])
    _uncount(session, campaign, [message], now)
    send_batches.put_back(session, campaign.id, [message.n], AT_ONCE, "")


def undo(session: Session, bind: Bind, messages: Sequence[Outgoing], now: datetime) -> set[int]:
    """Queues those of these messages of one campaign again whose mark was committed although whoever asked for it was told
    of an error: the connection broke in between. Nothing of them has left. Returns their n."""
    campaign = messages[0].campaign
    asked = {message.n: message for message in messages}
    ours = (col(Attempt.worker) == bind.worker, col(Attempt.outcome) == MARKED)
    statement = select(Attempt.n, Attempt.part, Attempt.attempt, Attempt.occurred_at).where(
        Attempt.campaign_id == campaign.id, col(Attempt.n).in_(asked), *ours
    )
    # Not what the bind marked at another time: that may be on its way.
    keys = [(n, part, attempt) for n, part, attempt, at in session.exec(statement) if at == asked[n].counted_at]
    session.exec(delete(Attempt).where(_have(campaign.id, keys), *ours))
    ns = {n for n, _, _ in keys}
    _uncount(session, campaign, [asked[n] for n in ns], now)
    send_batches.put_back(session, campaign.id, ns, AT_ONCE, "")
    return ns


def undo_again(session: Session, bind: Bind, refused: Sequence[Submission]) -> None:
    """The same of fragments of one campaign that were marked again: they wait again, as whoever holds them believes."""
    campaign_id = refused[0].message.campaign.id
    statement = (
        delete(Attempt)
        .where(
            _have(campaign_id, [(one.message.n, one.part, one.attempt + 1) for one in refused]),
            col(Attempt.worker) == bind.worker,
            col(Attempt.outcome) == MARKED,
        )
        .returning(col(Attempt.n), col(Attempt.part), col(Attempt.attempt))
        .execution_options(synchronize_session=False)
    )
    keys = [(n, part, attempt - 1) for n, part, attempt in session.exec(statement)]
    session.exec(update(Attempt).where(_have(campaign_id, keys), col(Attempt.outcome) == RETRIED).values(outcome=RETRY))


def give_up_waiting(session: Session, refused: Sequence[Submission], now: datetime) -> set[int]:
    """Queues messages of one campaign again that were refused for the moment, but for those of which a fragment has left;
    returns their n."""
    campaign = refused[0].message.campaign
    messages = {one.message.n: one.message for one in refused}
    history = _history(session, campaign.id, list(messages))
    free = {n for n, message in messages.items() if not message.begun and not history[n].stands}
    _take_back(session, campaign.id, free)
    _uncount(session, campaign, [messages[n] for n in free], now)
    send_batches.put_back(session, campaign.id, free, AT_ONCE, RETRY)
    return free


def refuse(session: Session, bind: Bind, campaign_id: int, ns: Sequence[int], status: int, now: datetime) -> None:
    """Records that claimed messages can never be submitted as they are."""
    batches = send_batches.find_claimed(session, campaign_id, bind.worker, ns)
    ours = {n for batch in batches for n in batch.ns}.intersection(ns)
    send_batches.take_out(session, batches, ours)
    made = [
        NewFact(campaign_id, "refused", f"{n}.1.0", n, now, value=f"0x{status:02x}", parts=1, route_id=bind.route_id)
        for n in sorted(ours)
    ]
    facts.record(session, made, now)


def _first_submissions(messages: Sequence[Outgoing], history: Mapping[int, _History], now: datetime) -> list[Submission]:
    made = []
    for message in messages:
        before = history[message.n]
        message.first_at = before.first_at or now
        message.counted_at = now
        parts = range(1, len(message.payloads) + 1)
        made += [Submission(message, part, before.last + 1, before.tries + 1) for part in parts]
    return made


def _settle(session: Session, campaign: OpenCampaign, decisions: Decisions[Outgoing], now: datetime) -> None:
    """Queues what waits again, and records what becomes of the others."""
    holds: dict[Hold, list[int]] = defaultdict(list)
    for n, hold in decisions.held.items():
        holds[hold].append(n)
    for hold, ns in holds.items():
        send_batches.put_back(session, campaign.id, ns, hold.until, hold.reason)
    send_batches.put_back(session, campaign.id, decisions.waiting, AT_ONCE, "")
    checks.record(session, campaign, decisions, now)


def _history(session: Session, campaign_id: int, ns: Sequence[int]) -> dict[int, _History]:
    found: dict[int, _History] = defaultdict(_History)
    asked = {"of_campaign": campaign_id, "ns": as_one(is_sqlite(session), ns)}
    for n, last, tries, first_at, standing in _ATTEMPTS.rows(session, asked):
        one = found[n]
        found[n] = _History(
            max(one.last, last), max(one.tries, tries), min(one.first_at or first_at, first_at), one.stands or standing > 0
        )
    return found


def _attempts_of(sqlite: bool) -> Any:
    columns: tuple[Any, ...] = (
        Attempt.n,
        func.max(Attempt.attempt),
        func.count(func.nullif(Attempt.command_status, 0)),
        func.min(Attempt.occurred_at, type_=_MOMENT),
        func.count(case((and_(*(col(Attempt.outcome) != vain for vain in _IN_VAIN)), 1))),
    )
    return (
        select(*columns)
        .where(col(Attempt.campaign_id) == bindparam("of_campaign"), one_of(col(Attempt.n), sqlite, "ns"))
        .group_by(col(Attempt.n), col(Attempt.part))
    )


_ATTEMPTS = Statement(_attempts_of)


def _take_up(session: Session, campaign_id: int, refused: Iterable[Submission]) -> dict[Submission, int]:
    """Those that still wait to be tried again, which they do no more, each with the number of tries that counted."""
    asked = {(one.message.n, one.part, one.attempt): one for one in refused}
    statement = (
        update(Attempt)
        .where(_are(campaign_id, asked.values()), col(Attempt.outcome) == RETRY)
        .values(outcome=RETRIED)
        .returning(col(Attempt.n), col(Attempt.part), col(Attempt.attempt), col(Attempt.command_status))
        .execution_options(synchronize_session=False)
    )
    statuses = {(n, part, attempt): status for n, part, attempt, status in session.exec(statement)}
    # What was not sent at all, for want of a session, was not tried.
    return {one: one.tries - (not statuses[key]) for key, one in asked.items() if key in statuses}


def _take_back(session: Session, campaign_id: int, ns: Iterable[int]) -> None:
    """No fragment of these messages waits any more: they are queued again, or have ended."""
    waiting = and_(col(Attempt.campaign_id) == campaign_id, col(Attempt.n).in_(list(ns)), col(Attempt.outcome) == RETRY)
    session.exec(update(Attempt).where(waiting).values(outcome=RETRIED))


def _stopped(session: Session, campaign: OpenCampaign, numbers: Sequence[str]) -> set[str]:
    """Which of the numbers said STOP."""
    statement = select(Suppression.number).where(
        Suppression.workspace_id == campaign.workspace_id, among(session, col(Suppression.number), numbers)
    )
    return set(session.exec(statement)) if numbers and campaign.kind != "reply" else set()


def _refuse_the_rest(session: Session, bind: Bind, submissions: Sequence[Submission], now: datetime) -> None:
    """Records that a fragment of a message that has begun will not leave, since its number said STOP."""
    if not submissions:
        return
    campaign_id = submissions[0].message.campaign.id
    session.exec(update(Attempt).where(_are(campaign_id, submissions)).values(outcome=REFUSED))
    made = [
        NewFact(campaign_id, "refused", one.source, one.message.n, now, "stopped", parts=one.parts, route_id=bind.route_id)
        for one in submissions
    ]
    facts.record(session, made, now)


def _insert_attempts(session: Session, bind: Bind, submissions: Sequence[Submission], now: datetime) -> list[Submission]:
    """Inserts the attempts; returns those of the messages whose fragments nobody else was marking in this moment."""
    rows = [
        (
            one.message.campaign.id,
            one.message.n,
            one.part,
            one.attempt,
            one.parts,
            bind.route_id,
            bind.number,
            bind.worker,
            MARKED,
            0,
            "",
            now,
            now,
        )
        for one in submissions
    ]
    if is_sqlite(session):
        # It has one writer, so nobody marked anything since the attempts were read.
        insert_rows(session, Attempt, _COLUMNS, rows)
        return list(submissions)
    made = set(insert_fresh(session, Attempt, _COLUMNS, rows, ("n", "part")))
    lost = {one.message.n for one in submissions if (one.message.n, one.part) not in made}
    _delete_marks(session, bind, [one for one in submissions if one.message.n in lost and (one.message.n, one.part) in made])
    return [one for one in submissions if one.message.n not in lost]


def _delete_marks(session: Session, bind: Bind, submissions: Sequence[Submission]) -> None:
    """Forgets marks of one campaign that never left."""
    if not submissions:
        return
    marked = _are(submissions[0].message.campaign.id, submissions)
    session.exec(delete(Attempt).where(marked, col(Attempt.worker) == bind.worker, col(Attempt.outcome) == MARKED))


def _are(campaign_id: int, submissions: Iterable[Submission]) -> ColumnElement[bool]:
    return _have(campaign_id, [(one.message.n, one.part, one.attempt) for one in submissions])


def _have(campaign_id: int, keys: Sequence[tuple[int, int, int]]) -> ColumnElement[bool]:
    return and_(
        col(Attempt.campaign_id) == campaign_id,
        tuple_(col(Attempt.n), col(Attempt.part), col(Attempt.attempt)).in_(keys),
    )


def _uncount(session: Session, campaign: OpenCampaign, messages: Iterable[Outgoing], now: datetime) -> None:
    """Messages that were marked and are not any more do not count for frequency caps, on the day they were marked."""
    if campaign.kind == "marketing":
        days: dict[datetime, Counter[str]] = defaultdict(Counter)
        for message in messages:
            days[frequency_caps.day_of(message.counted_at or now)][message.number] += 1
        for day, numbers in sorted(days.items()):
            frequency_caps.give_back(session, campaign.workspace_id, numbers, day)


_COLUMNS = (
    "campaign_id",
    "n",
    "part",
    "attempt",
    "parts",
    "route_id",
    "bind",
    "worker",
    "outcome",
    "command_status",
    "smsc_id",
    "occurred_at",
    "recorded_at",
)
_MOMENT: UTCDateTime = Attempt.__table__.c.occurred_at.type  # type: ignore[attr-defined]
