"""The last-moment checks: of messages about to be handed over, which may leave, and what becomes of the others.

Called by `sender.marks` in the transaction that marks them, under the locks of their numbers (`sender.number_locks`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from sqlmodel import Session, col, select

from linksvc import facts
from linksvc.facts import NewFact
from linksvc.models import Campaign, Contact, Suppression
from linksvc.standing_campaigns import REPLY
from sender import auto_replies
from sender.messages import OpenCampaign


class Candidate(Protocol):
    """What is asked of a message."""

    @property
    def n(self) -> int: ...
    @property
    def contact_id(self) -> int: ...
    @property
    def number(self) -> str: ...


C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True, slots=True)
class Hold:
    """A message waits until then. `reason`: quiet_hours, holiday, frequency_cap or scheduled."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Decisions(Generic[C]):
    """What was decided over messages of one campaign. Each message is in one of these four.

    `held`, by n: to be put back, due when their hold ends. `waiting`: the campaign is paused; they stay where they were.
    `unsent`, by n: they will not leave, and the value of their fact says why: stopped, expired_unsent or cancelled.
    """

    allowed: Sequence[C]
    held: Mapping[int, Hold] = field(default_factory=dict)
    waiting: Sequence[int] = ()
    unsent: Mapping[int, str] = field(default_factory=dict)


def decide(session: Session, campaign: OpenCampaign, messages: Sequence[C], now: datetime) -> Decisions[C]:
    """Which of these messages of one campaign may be marked now; in their order. Facts about the others: `record`.

    It locks the campaign's row against changes until the transaction ends: nothing is marked once a pause was committed.
    """
    row = session.exec(select(Campaign).where(Campaign.id == campaign.id).with_for_update(read=True)).one()
    if row.cancelled_at is not None:
        return Decisions((), unsent={message.n: "cancelled" for message in messages})
    if row.expires_at is not None and row.expires_at <= now:
        return Decisions((), unsent={message.n: "expired_unsent" for message in messages})
    if row.paused_at is not None:
        return Decisions((), waiting=[message.n for message in messages])
    if campaign.kind == REPLY:
        late = auto_replies.expired(session, campaign.id, [message.n for message in messages], now)
        # An answer is asked for, by STOP too: neither consent nor hours nor caps hold it up.
        return Decisions(
            [message for message in messages if message.n not in late], unsent=dict.fromkeys(late, "expired_unsent")
        )
    willing = _willing(session, campaign, messages)
    return Decisions(
        allowed=[message for message in messages if message.n in willing],
        unsent={message.n: "stopped" for message in messages if message.n not in willing},
    )


def record(session: Session, campaign: OpenCampaign, decisions: Decisions[C], now: datetime) -> None:
    """Records why messages do not leave."""
    unsent = [NewFact(campaign.id, "unsent", str(n), n, now, value=reason) for n, reason in decisions.unsent.items()]
    facts.record(session, unsent, now)


def _willing(session: Session, campaign: OpenCampaign, messages: Sequence[C]) -> set[int]:
    """The n of those whose recipient is there, has consented to what is marketing, and has not said STOP."""
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
    consented = set(session.exec(consenting))
    return {message.n for message in messages if message.contact_id in consented and message.number not in suppressed}
