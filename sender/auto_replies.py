"""The one answer to STOP, START and HELP: an ordinary message of a standing campaign, so that its attempts, receipts and
price are kept like any other's. For `sender.inbound`, and for the checks at the last moment.

Nobody is answered who cannot be told from a machine that answers us: no short code, no name, nobody we never wrote to.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from linksvc.appended_messages import Addressee, append, lock_campaign
from linksvc.models import Inbound, Message, Workspace
from linksvc.reply_texts import language_of, reply_text
from linksvc.standing_campaigns import ensure_reply_campaign
from sender.inbound_matches import Match
from sender.words import HELP, Word

HELP_AGAIN_AFTER = timedelta(hours=1)
"""A machine that answers every message with HELP is answered once an hour."""

LASTS = timedelta(hours=1)
"""An answer that could not leave within this time is no answer any more."""


@dataclass(frozen=True, slots=True)
class Due:
    """An answer to be sent: to whom, from which of our addresses, and what it says."""

    workspace_id: int
    inbound_id: str
    kind: str
    sender: str
    text: str
    number: str
    contact_id: int
    country: str
    network: str


def due(session: Session, inbound: Inbound, match: Match, word: Word) -> list[Due]:
    """The answer to a word, in its language or that of the number's country; none to what is no telephone."""
    workspace = session.get(Workspace, match.workspace_id)
    if workspace is None or not inbound.number.startswith("+"):
        return []
    text = reply_text(workspace, word.kind, word.language or language_of(match.country))
    contact_id = match.contact_id or 0
    told = (inbound.number, contact_id, match.country, match.network)
    return [Due(match.workspace_id, inbound.id, word.kind, match.sender, text, *told)]


def helped_lately(session: Session, inbound: Inbound) -> bool:
    """Whether the number got an answer to HELP a short while ago."""
    statement = select(Inbound.id).where(
        Inbound.workspace_id == inbound.workspace_id,
        Inbound.number == inbound.number,
        Inbound.kind == HELP,
        col(Inbound.answer_n).is_not(None),
        col(Inbound.occurred_at) > inbound.occurred_at - HELP_AGAIN_AFTER,
    )
    return session.exec(statement.limit(1)).first() is not None


def send(session: Session, answers: Sequence[Due], now: datetime) -> None:
    """Adds the answers to their campaigns, from where they leave like any message. Locks those campaigns' rows, in one
    order everywhere, after the locks of numbers."""
    by_campaign: dict[int, list[Due]] = {}
    for one in sorted(answers, key=lambda one: (one.workspace_id, one.sender, one.kind, one.text)):
        campaign_id = ensure_reply_campaign(session, one.workspace_id, one.sender, one.kind.upper(), one.text, now)
        by_campaign.setdefault(campaign_id, []).append(one)
    for campaign_id in sorted(by_campaign):
        _append(session, campaign_id, by_campaign[campaign_id], now)


def expired(session: Session, campaign_id: int, ns: Collection[int], now: datetime) -> set[int]:
    """Which of these messages of a campaign of answers come too late."""
    statement = select(Message.n).where(
        Message.campaign_id == campaign_id, col(Message.n).in_(ns), col(Message.produced_at) <= now - LASTS
    )
    return set(session.exec(statement))


def _append(session: Session, campaign_id: int, answers: Sequence[Due], now: datetime) -> None:
    people = [Addressee(one.contact_id, one.number, one.country, one.network) for one in answers]
    ns = append(session, lock_campaign(session, campaign_id), people, now, due_at=now)
    for n, one in zip(ns, answers, strict=True):
        session.exec(
            update(Inbound)
            .where(col(Inbound.workspace_id) == one.workspace_id, col(Inbound.id) == one.inbound_id)
            .values(answer_campaign_id=campaign_id, answer_n=n)
        )
