"""Which message an inbound one answers, whose it is, and whether it came before. For `sender.inbound`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from linksvc.models import Attempt, Campaign, Contact, Inbound, Message
from linksvc.standing_campaigns import is_for_messages
from sender.words import START, STOP

NOBODY = 0
"""The workspace of what matches no message."""

REDELIVERED_WITHIN = timedelta(minutes=10)
"""The same words from the same number within this time are one message, come again since its acknowledgement was lost."""


@dataclass(frozen=True, slots=True)
class Match:
    """The message that was answered. `sender` as its campaign wrote the address."""

    workspace_id: int
    campaign_id: int
    n: int
    contact_id: int
    country: str
    network: str
    sender: str


def find_match(session: Session, number: str, to: str) -> Match | None:
    """The message last handed over to this number from the address that it wrote to. Our own answers to STOP and HELP are
    not answered."""
    handed_over = func.max(Attempt.occurred_at)
    columns = (
        Campaign.workspace_id,
        Message.campaign_id,
        Message.n,
        Message.contact_id,
        Message.country,
        Message.network,
        Campaign.sender,
    )
    statement = (
        select(*columns)  # type: ignore[call-overload]
        .join(Message, col(Message.campaign_id) == col(Campaign.id))
        .join(Attempt, (col(Attempt.campaign_id) == col(Message.campaign_id)) & (col(Attempt.n) == col(Message.n)))
        .where(Message.number == number, col(Campaign.sender).in_(senders(to)), is_for_messages())
        .group_by(*columns)
        .order_by(handed_over.desc(), col(Message.campaign_id).desc())
        .limit(1)
    )
    row = session.exec(statement).first()
    return Match(*row) if row else None


def find_workspaces(session: Session, number: str, to: str) -> set[int]:
    """Whom a STOP is for: whoever wrote to this number from that address, or else everybody who writes from it, even if we
    cannot tell what the person got. Nobody, if what wrote is no telephone number."""
    if not number.startswith("+"):
        return set()
    wrote = (
        select(Campaign.workspace_id)
        .join(Message, col(Message.campaign_id) == col(Campaign.id))
        .where(Message.number == number, col(Campaign.sender).in_(senders(to)))
    )
    if workspaces := set(session.exec(wrote.distinct())):
        return workspaces
    owners = select(Campaign.workspace_id).where(col(Campaign.sender).in_(senders(to)))
    return set(session.exec(owners.distinct()))


def find_contact(session: Session, match: Match, number: str) -> int | None:
    """The contact that the answered message went to, or who has this number now."""
    of_workspace = select(Contact.id).where(Contact.workspace_id == match.workspace_id)
    by_message = session.exec(of_workspace.where(Contact.id == match.contact_id)).first()
    return by_message or session.exec(of_workspace.where(Contact.number == number).order_by(col(Contact.id))).first()


def find_earlier(
    session: Session, workspaces: Collection[int], number: str, content: str, kind: str, at: datetime
) -> Inbound | None:
    """The row of this very message if it came before. A STOP behind a START is a new one, whatever came earlier; a START
    behind a STOP is not, in doubt: nobody may be written to again by a redelivery."""
    statement = (
        select(Inbound)
        .where(
            col(Inbound.workspace_id).in_({*workspaces, NOBODY}),
            Inbound.number == number,
            col(Inbound.occurred_at) > at - REDELIVERED_WITHIN,
        )
        .order_by(col(Inbound.occurred_at).desc(), col(Inbound.recorded_at).desc())
    )
    for row in session.exec(statement):
        if row.fingerprint.startswith(content):
            return row
        if kind == STOP and row.kind == START:
            return None
    return None


def senders(to: str) -> set[str]:
    """How a campaign may have written the address that was replied to."""
    digits = to.lstrip("+")
    return {to, digits, f"+{digits}"}
