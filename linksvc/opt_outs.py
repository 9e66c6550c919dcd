"""What STOP and START do: for every workspace that wrote to the number from the address it answers, or for the one on whose
page somebody opts out. For `sender.inbound` and `linksvc.landing.opting_out`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, exists, select

from linksvc import facts, send_batches, suppressions
from linksvc.facts import NewFact
from linksvc.models import Attempt, Campaign, Message, Suppression
from linksvc.standing_campaigns import is_for_messages

_NOT_HANDED_OVER = ("retry", "retried", "resent")
"""Outcomes of an attempt that left nothing with the operator: see `linksvc.models.Attempt`."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """`workspaces`: for which the STOP is new; `messages`: (campaign, n) of what waited."""

    workspaces: frozenset[int]
    messages: frozenset[tuple[int, int]]


def stop(session: Session, workspaces: Collection[int], number: str, at: datetime, now: datetime) -> Stopped:
    """Suppresses the number; what waits for it will not leave. The caller holds the number's lock, so nothing is being
    marked for it; what was marked has left or is leaving."""
    new = suppressions.suppress(session, workspaces, number, at, now)
    handed_over = exists().where(
        col(Attempt.campaign_id) == col(Message.campaign_id),
        col(Attempt.n) == col(Message.n),
        col(Attempt.outcome).not_in(_NOT_HANDED_OVER),
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
    messages = frozenset((campaign_id, n) for campaign_id, n in waiting)
    facts.record(session, [NewFact(id, "unsent", str(n), n, at, value="stopped") for id, n in sorted(messages)], now)
    return Stopped(frozenset(new), messages)


def take_away(session: Session, messages: Iterable[tuple[int, int]]) -> None:
    """Takes messages that were stopped, (campaign, n), out of what waits to leave: a START does not let them go. Once for a
    transaction, as it locks batches in the order in which others do."""
    for campaign_id, n in sorted(set(messages)):
        send_batches.take_away(session, campaign_id, n)


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
