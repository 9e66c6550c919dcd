"""The last moment before a message leaves: it is checked once more, and its fragments are marked as handed over.

The mark is committed before the socket sees a byte. After a crash a marked attempt without an answer may or may not have
left: its outcome is unknown and it is not sent again. So no more is marked than the window can take.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert
from sqlmodel import Session, col, select, update

from linksvc import facts
from linksvc.facts import NewFact
from linksvc.models import Attempt, Contact, Message, Suppression
from sender.binds import Bind
from sender.messages import OpenCampaign, Outgoing, Submission
from sender.number_locks import lock_to_send


def mark(
    session: Session, bind: Bind, campaign: OpenCampaign, messages: Sequence[Outgoing], now: datetime
) -> list[Submission]:
    """Marks every fragment of these messages of one campaign; returns what may now be submitted, in order.

    Left out: what another worker claimed since, and what may no longer be sent (recorded as stopped).
    """
    lock_to_send(session, (message.number for message in messages))
    ours = _take_over(session, bind, campaign.id, [message.n for message in messages])
    present = [message for message in messages if message.n in ours]
    allowed = _without_stopped(session, campaign, present, now)
    tries = _tries(session, campaign.id, [message.n for message in allowed])
    submissions = [
        Submission(message, part, tries[message.n] + 1)
        for message in allowed
        for part in range(1, len(message.payloads) + 1)
    ]
    _insert_attempts(session, bind, submissions, now)
    return submissions


def mark_again(session: Session, bind: Bind, refused: Sequence[Submission], now: datetime) -> list[Submission]:
    """Marks fragments of one campaign that were refused for the moment. A message that has begun is finished; one that
    has not is checked like a new one."""
    waiting = {id(submission.message): submission.message for submission in refused}
    fresh = [message for message in waiting.values() if not message.begun]
    lock_to_send(session, (message.number for message in fresh))
    allowed = {id(message) for message in waiting.values() if message.begun}
    if fresh:
        allowed |= {id(message) for message in _without_stopped(session, fresh[0].campaign, fresh, now)}
    submissions = [Submission(one.message, one.part, one.attempt + 1) for one in refused if id(one.message) in allowed]
    _insert_attempts(session, bind, submissions, now)
    return submissions


def refuse(session: Session, bind: Bind, campaign_id: int, ns: Sequence[int], status: int, now: datetime) -> None:
    """Records that claimed messages can never be submitted as they are."""
    ours = _take_over(session, bind, campaign_id, ns)
    made = [
        NewFact(campaign_id, "refused", f"{n}.1.0", n, now, value=f"0x{status:02x}", parts=1, route_id=bind.route_id)
        for n in ns
        if n in ours
    ]
    facts.record(session, made, now)


def _take_over(session: Session, bind: Bind, campaign_id: int, ns: Sequence[int]) -> set[int]:
    """Makes the claims that are still ours last for good."""
    statement = (
        update(Message)
        .where(
            col(Message.campaign_id) == campaign_id,
            col(Message.n).in_(ns),
            col(Message.claimed_by) == bind.worker,
            col(Message.claimed_until).is_not(None),
            col(Message.state) == "queued",
        )
        .values(claimed_until=None)
        .returning(col(Message.n))
        .execution_options(synchronize_session=False)
    )
    return set(session.exec(statement).scalars())


def _without_stopped(
    session: Session, campaign: OpenCampaign, messages: Sequence[Outgoing], now: datetime
) -> list[Outgoing]:
    """Those whose recipient may still be sent to; the others become `stopped`."""
    numbers = {message.number for message in messages}
    suppressed = set(
        session.exec(
            select(Suppression.number).where(
                Suppression.workspace_id == campaign.workspace_id, col(Suppression.number).in_(numbers)
            )
        )
    )
    consenting = select(Contact.id).where(
        Contact.workspace_id == campaign.workspace_id, col(Contact.id).in_({message.contact_id for message in messages})
    )
    if campaign.kind == "marketing":
        consenting = consenting.where(col(Contact.marketing_consent_at).is_not(None))
    willing = set(session.exec(consenting))
    allowed: list[Outgoing] = []
    stopped: list[Outgoing] = []
    for message in messages:
        may = message.contact_id in willing and message.number not in suppressed
        (allowed if may else stopped).append(message)
    made = [NewFact(campaign.id, "unsent", str(message.n), message.n, now, value="stopped") for message in stopped]
    facts.record(session, made, now)
    return allowed


def _tries(session: Session, campaign_id: int, ns: Sequence[int]) -> dict[int, int]:
    """How often each message was handed over before, in vain."""
    statement = (
        select(Attempt.n, func.max(Attempt.attempt))
        .where(Attempt.campaign_id == campaign_id, col(Attempt.n).in_(ns))
        .group_by(col(Attempt.n))
    )
    return defaultdict(int, dict(session.exec(statement).all()))


def _insert_attempts(session: Session, bind: Bind, submissions: Sequence[Submission], now: datetime) -> None:
    if not submissions:
        return
    shared = {"route_id": bind.route_id, "worker": bind.worker, "outcome": "marked", "occurred_at": now, "recorded_at": now}
    rows = [
        shared
        | {
            "campaign_id": one.message.campaign.id,
            "n": one.message.n,
            "part": one.part,
            "attempt": one.attempt,
            "parts": len(one.message.payloads),
            "command_status": 0,
            "smsc_id": "",
        }
        for one in submissions
    ]
    session.connection().execute(insert(Attempt), rows)
