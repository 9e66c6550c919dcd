"""What STOP and START do: for every workspace that wrote to the number from the address it answers. For `sender.inbound`."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, exists, select

from linksvc import facts, suppressions
from linksvc.facts import NewFact
from linksvc.models import Attempt, Campaign, Message, Suppression
from linksvc.standing_campaigns import is_for_messages


def stop(session: Session, workspaces: Collection[int], number: str, at: datetime, now: datetime) -> set[int]:
    """Suppresses the number and stops what waits for it; returns the workspaces for which that is new. The caller holds the
    number's lock, so nothing is being marked for it; what was marked has left or is leaving."""
    new = suppressions.suppress(session, workspaces, number, at, now)
    handed_over = exists().where(
        col(Attempt.campaign_id) == col(Message.campaign_id),
        col(Attempt.n) == col(Message.n),
        col(Attempt.outcome).not_in(("retry", "resent")),
    )
    waiting = session.exec(
        select(Message.campaign_id, Message.n)
        .join(Campaign, col(Message.campaign_id) == col(Campaign.id))
        .where(
            col(Campaign.workspace_id).in_(sorted(workspaces)),
            is_for_messages(),
            Message.number == number,
            col(Message.state).in_(("queued", "held")),
            ~handed_over,
        )
    )
    made = [NewFact(campaign_id, "unsent", str(n), n, at, value="stopped") for campaign_id, n in waiting]
    facts.record(session, made, now)
    return new


def start(session: Session, workspaces: Collection[int], number: str) -> set[int]:
    """Takes a STOP back; returns the workspaces that may write again. What was stopped stays stopped."""
    return suppressions.lift_stop(session, workspaces, number)


def is_stopped(session: Session, workspaces: Collection[int], number: str) -> bool:
    """Whether the number's owner said STOP to one of them."""
    statement = select(Suppression.number).where(
        col(Suppression.workspace_id).in_(sorted(workspaces)),
        Suppression.number == number,
        Suppression.reason == suppressions.STOP,
    )
    return session.exec(statement.limit(1)).first() is not None
