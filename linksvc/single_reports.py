"""What became of a single message, for the API and the command line."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.errors import NotFound
from linksvc.models import Campaign, Contact, Link, Message, MessageText, SerialBlock
from linksvc.short_links import ShortLinks
from linksvc.single_messages import Place
from linksvc.single_texts import link_of
from linksvc.standing_campaigns import SINGLE

_PLACES = 10**9
"""A public id is one number for campaign and n: a campaign of a month has fewer messages."""


@dataclass(frozen=True, slots=True)
class OwnLink:
    """The message's link: `short_url` is what stands in the text."""

    short_url: str
    destination_url: str
    page_id: int | None
    expires_at: datetime | None
    closed: str


@dataclass(frozen=True, slots=True)
class SingleMessage:
    """`state`: queued, held (until `held_until`), stopped, cancelled, expired_unsent, refused, outcome_unknown, submitted,
    delivered, failed, expired or unknown. `cause`: why it did not arrive, or what
    it waits for. Each moment is the first of its sort."""

    id: int
    campaign_id: int
    n: int
    number: str
    external_id: str
    sender: str
    text: str
    link: OwnLink | None
    state: str
    cause: str
    held_until: datetime | None
    created_at: datetime
    submitted_at: datetime | None
    ended_at: datetime | None
    clicked_at: datetime | None
    engaged_at: datetime | None
    paid_at: datetime | None
    replied_at: datetime | None
    opted_out_at: datetime | None


def id_of(place: Place) -> int:
    """The number of its public id."""
    return place.campaign_id * _PLACES + place.n


def find_single(session: Session, short_links: ShortLinks, workspace_id: int, id: int) -> SingleMessage:
    """Raises NotFound (message_not_found), for another workspace's and for other campaigns' messages too."""
    campaign_id, n = divmod(id, _PLACES)
    found = session.exec(
        select(Campaign.sender, Message, MessageText.text)
        .join(Message, col(Message.campaign_id) == col(Campaign.id))
        .join(MessageText, (col(MessageText.campaign_id) == Message.campaign_id) & (col(MessageText.n) == Message.n))
        .where(Campaign.id == campaign_id, Campaign.workspace_id == workspace_id, Campaign.kind == SINGLE, Message.n == n)
    ).first()
    if found is None:
        raise NotFound("There is no such single message in this workspace.", code="message_not_found")
    sender, message, text = found
    # Messages and contacts are on different shards, so this is a look-up of its own and not a join.
    external_id = session.exec(select(Contact.external_id).where(Contact.id == message.contact_id)).first()
    return SingleMessage(
        id=id,
        campaign_id=campaign_id,
        n=n,
        number=message.number,
        external_id=external_id or "",
        sender=sender,
        text=text,
        link=_link(session, short_links, campaign_id, n),
        state=message.state,
        cause=message.held_reason if message.state == "held" else message.cause,
        held_until=message.held_until if message.state == "held" else None,
        created_at=message.produced_at,
        submitted_at=message.submitted_at,
        ended_at=message.receipt_at or message.unsent_at,
        clicked_at=message.clicked_at,
        engaged_at=message.engaged_at,
        paid_at=message.paid_at,
        replied_at=message.replied_at,
        opted_out_at=message.opted_out_at,
    )


def _link(session: Session, short_links: ShortLinks, campaign_id: int, n: int) -> OwnLink | None:
    found = session.exec(
        select(Link, SerialBlock)
        .join(SerialBlock, (col(SerialBlock.campaign_id) == Link.campaign_id) & (col(SerialBlock.link_id) == Link.id))
        .where(Link.campaign_id == campaign_id, Link.id == link_of(n))
    ).first()
    if found is None:
        return None
    link, block = found
    short_url = short_links.write(link.short_url, block.first_serial, block.key_version)
    return OwnLink(short_url, link.destination_url, link.page_id, link.expires_at, link.closed)
