"""Messages that are added to a campaign while it goes on: answers to STOP and HELP, single messages. They leave from there
as any message does. Called by `sender.auto_replies` and `linksvc.single_messages`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from linksvc import counters, send_batches
from linksvc.models import Campaign, Message
from linksvc.send_batches import Run
from linksvc.stamps import unstamped
from linksvc.tallies import Tally


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a message goes to. `tracked`: whether they agreed that their personal link is followed."""

    contact_id: int
    number: str
    country: str
    network: str
    tracked: bool = False


def lock_campaign(session: Session, campaign_id: int) -> Campaign:
    """The row of a campaign as it is now; nobody else adds to it until the transaction ends. Whoever locks several does so
    in the order of their ids."""
    locked = select(Campaign).where(Campaign.id == campaign_id).with_for_update(key_share=True)
    return session.exec(locked.execution_options(populate_existing=True)).one()


def append(session: Session, campaign: Campaign, people: Sequence[Addressee], now: datetime, due_at: datetime) -> range:
    """Adds a message to each of them to a campaign that is locked, queues and counts it; returns their n, in order."""
    first_n, campaign_id = campaign.produced, campaign.id or 0
    campaign.produced += len(people)
    session.add(campaign)
    messages = [_message(campaign_id, n, one, now) for n, one in enumerate(people, first_n)]
    session.add_all(messages)
    session.flush()
    send_batches.deal(session, campaign_id, first_n, [Run(one.country, one.network, 1, due_at) for one in people])
    tally = Tally()
    for message in messages:
        tally.add(unstamped(message))
    counters.write(session, campaign_id, tally)
    return range(first_n, campaign.produced)


def _message(campaign_id: int, n: int, one: Addressee, now: datetime) -> Message:
    return Message(
        campaign_id=campaign_id,
        n=n,
        contact_id=one.contact_id,
        number=one.number,
        country=one.country,
        network=one.network,
        tracked=one.tracked,
        produced_at=now,
    )
