"""Single messages: one transactional SMS to one person, with a text of its own and, if it has one, a link of its own.

They lie in a rolling campaign of their workspace, sender and month (`linksvc.standing_campaigns`), so attempts, receipts,
clicks, price and funnel are kept like any other message's. To pause that campaign holds all of them up, those that come
meanwhile too; to cancel it takes back what waits, and the next one begins another campaign.

Called by the API and the command line (`send`), by payments, and by whatever answers somebody (`answer`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import literal
from sqlmodel import Session, col, exists, select

from linksvc import applier, facts, send_batches
from linksvc.appended_messages import Addressee, append, lock_campaign
from linksvc.domains import preferred_url
from linksvc.facts import NewFact
from linksvc.idempotency import Kept, Repeatable, find_kept, keep
from linksvc.links import CheckedLink
from linksvc.models import Campaign, Link, MessageText, SendBatch, SerialBlock
from linksvc.production import BLOCKS_KNOWN_AFTER
from linksvc.serials import next_revision, take_serials
from linksvc.short_links import ShortLinks
from linksvc.single_checks import CheckedSingle, check_answer
from linksvc.single_recipients import ensure_recipient, recipient_of
from linksvc.single_texts import link_of
from linksvc.standing_campaigns import SINGLE, ensure_single_campaign

CLOSED_AFTER = timedelta(days=40)
"""After it was made, a month's campaign gets no more messages."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is: the n-th of a campaign."""

    campaign_id: int
    n: int


def send(session: Session, short_links: ShortLinks, workspace_id: int, checked: CheckedSingle, now: datetime) -> Place:
    """Stores the message: it leaves within moments, or once what holds it up is over. Locks its campaign's row. Raises what
    `ensure_recipient` raises."""
    person = ensure_recipient(session, workspace_id, checked.to, now)
    place = _append(session, workspace_id, checked.sender, checked.text, person, now, with_link=checked.link is not None)
    if checked.link:
        _add_link(session, short_links, workspace_id, place, checked.link, person.tracked, now)
    return place


def answer(session: Session, to: Place, text: str, key: str, now: datetime) -> Place | None:
    """Sends a text without a link to whoever got the message `to`, from the sender it came from; once for each `key`,
    whatever is asked again. None if they said STOP. `key` names the occasion among all of the workspace.

    Raises InvalidRequest for a text that cannot be sent, and Conflict (request_in_flight, retryable).
    """
    found = recipient_of(session, to.campaign_id, to.n)
    if found is None:
        return None
    person, campaign = found
    check_answer(text)
    request = Repeatable(f"answer:{campaign.workspace_id}", key, "")
    if kept := find_kept(session, request):
        return Place(**orjson.loads(kept.body))
    place = _append(session, campaign.workspace_id, campaign.sender, text.replace("\r\n", "\n"), person, now)
    keep(session, request, Kept(201, orjson.dumps(place).decode()), now)
    return place


def withdraw(session: Session, place: Place, reason: str, now: datetime) -> bool:
    """Takes a message back that has not left, for this reason: cancelled or expired_unsent. False if it has, or may have."""
    queued = send_batches.take_away(session, place.campaign_id, place.n)
    if queued:
        made = NewFact(place.campaign_id, "unsent", str(place.n), place.n, now, reason)
        facts.record(session, [made], now)
    return queued


def past_campaigns(session: Session, now: datetime) -> list[int]:
    """The campaigns of months that are over for good, in which nothing waits to leave."""
    past = select(Campaign.id).where(
        Campaign.kind == SINGLE,
        Campaign.state == "sending",
        col(Campaign.created_at) < now - CLOSED_AFTER,
        ~exists().where(col(SendBatch.campaign_id) == col(Campaign.id)),
    )
    return [id for id in session.exec(past) if id]


def close_past(session: Session, campaign_id: int, now: datetime) -> None:
    """Ends such a campaign, if nothing of it may leave any more."""
    applier.finish(session, campaign_id, literal(True), now)


def _append(
    session: Session,
    workspace_id: int,
    sender: str,
    text: str,
    person: Addressee,
    now: datetime,
    *,
    with_link: bool = False,
) -> Place:
    campaign = lock_campaign(session, ensure_single_campaign(session, workspace_id, sender, now))
    if campaign.cancelled_at is not None:
        # Between the look and the lock; what is looked for now is another one.
        campaign = lock_campaign(session, ensure_single_campaign(session, workspace_id, sender, now))
    if campaign.state == "sent":
        campaign.state, campaign.finished_at = "sending", None
    # Trackers learn where a link leads before it is in anybody's hand.
    due_at = now + BLOCKS_KNOWN_AFTER if with_link else now
    (n,) = append(session, campaign, [person], now, due_at)
    place = Place(campaign.id or 0, n)
    session.add(MessageText(campaign_id=place.campaign_id, n=n, text=text))
    session.flush()
    return place


def _add_link(
    session: Session,
    short_links: ShortLinks,
    workspace_id: int,
    place: Place,
    checked: CheckedLink,
    tracked: bool,
    now: datetime,
) -> None:
    """The message's own link, and the one serial that stands for it."""
    serial = take_serials(session, "link", 1)
    link = Link(
        campaign_id=place.campaign_id,
        id=link_of(place.n),
        workspace_id=workspace_id,
        short_url=preferred_url(session, workspace_id),
        revision=next_revision(session),
        created_at=now,
        **checked.columns(),
    )
    session.add(link)
    session.flush()
    block = SerialBlock(
        campaign_id=place.campaign_id,
        first_serial=serial,
        size=1,
        first_n=place.n,
        link_id=link.id,
        tracked=tracked,
        key_version=short_links.key_version,
    )
    session.add(block)
    session.flush()
