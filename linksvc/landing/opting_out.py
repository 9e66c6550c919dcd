"""Opting out on a page: what a STOP by SMS does, without the SMS. Called by `tracker.landing` for POST /{code}/stop.

The same lock of the number as a STOP and the sender's marks; a suppression, the fact, the webhook in one transaction. Said
again it changes nothing, so whoever is not sure presses again.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc import facts, opt_outs
from linksvc.errors import NotFound
from linksvc.facts import NewFact
from linksvc.landing.visitors import Visitor
from linksvc.models import Campaign, Message
from linksvc.number_locks import lock_to_stop
from linksvc.webhooks import news


@dataclass(frozen=True, slots=True)
class OptedOut:
    """`new`: they had not said so before. `answers_to`: where a START may be sent; empty for a sender without a number."""

    new: bool
    answers_to: str


def opt_out(session: Session, visitor: Visitor, now: datetime) -> OptedOut:
    """Sees to it that the workspace writes to the page's recipient no more. Raises NotFound (message_not_found)."""
    campaign_id, n = visitor.campaign_id, visitor.n
    found = session.exec(
        select(Message.number, Campaign.sender)
        .join(Campaign, col(Campaign.id) == col(Message.campaign_id))
        .where(Message.campaign_id == campaign_id, Message.n == n, Campaign.workspace_id == visitor.workspace_id)
    ).first()
    if found is None:
        raise NotFound("Nobody was sent this link.", code="message_not_found")
    number, sender = found
    lock_to_stop(session, [number])
    stopped = opt_outs.stop(session, {visitor.workspace_id}, number, now, now)
    new = bool(stopped.workspaces)
    # One that is new has a name of its own: after a START it is said once more. The others are one.
    said = f"page:{n}:{now.isoformat()}" if new else f"page:{n}"
    page = f"page {visitor.page_id}, version {visitor.page_version}"
    facts.record(session, [NewFact(campaign_id, "opted_out", said, n, now, detail=page)], now)
    opt_outs.take_away(session, stopped.messages)
    key = f"{campaign_id} {said}"
    news.tell_opt_outs(session, stopped.workspaces, key, number, (campaign_id, n), now, now)
    return OptedOut(new, sender if sender.lstrip("+").isdigit() else "")
