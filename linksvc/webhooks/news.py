"""Events about people: what became of a message, that its link was opened, that somebody said STOP.

A message's fate and a click are told by the campaign's applier, in the transaction that stamps and counts them: it alone
knows which receipt was the last one and which hit counts as a person's, and what is told is then what dashboards show. Until
a fact is applied it waits in its own table, so none is lost. A STOP is told in the transaction that obeys it.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from linksvc.models import Campaign, Contact, Hit, Message
from linksvc.movements import HumanHit, Movement
from linksvc.public_ids import format_id
from linksvc.stamps import Stamps
from linksvc.standing_campaigns import is_for_messages
from linksvc.webhooks import outbox
from linksvc.webhooks.events import Click, Event, EventType, MessageFate, MessageName, OptOut, Recipient

FATES: dict[str, EventType] = {
    "delivered": "message.delivered",
    "failed": "message.failed",
    "expired": "message.failed",
    "refused": "message.failed",
}
"""By the state that a message gets to. One that did not leave, or of which nobody knows, has none."""


class _Looks(NamedTuple):
    link_id: int
    device: str
    os: str


def tell_movement(session: Session, campaign_id: int, movement: Movement, now: datetime) -> None:
    """Tells whoever listens what the applier has moved."""
    fates = [(FATES[one.state], one) for before, one in movement.stamped if _is_fate(before, one.state)]
    if not fates and not movement.clicks:
        return
    workspace_id, sent = _find_campaign(session, campaign_id)
    listeners = outbox.find_listeners(session, workspace_id)
    wanted = frozenset().union(*(one.types for one in listeners))
    fates = [(kind, one) for kind, one in fates if kind in wanted]
    clicks = movement.clicks if "link.clicked" in wanted else ()
    if not fates and not clicks:
        return
    ns = {one.n for _, one in fates} | {click.n for click in clicks if click.n is not None}
    recipients = _recipients(session, campaign_id, ns) if sent else {}
    looks = _looks(session, campaign_id, clicks)
    events = [_fate(campaign_id, kind, one, recipients[one.n]) for kind, one in fates if sent]
    events += [_click(campaign_id if sent else None, one, looks[one.source], recipients) for one in clicks]
    outbox.tell_listeners(session, workspace_id, listeners, events, now)


def tell_opt_outs(
    session: Session,
    workspaces: Collection[int],
    inbound_id: str,
    number: str,
    answered: tuple[int, int] | None,
    at: datetime,
    now: datetime,
) -> None:
    """Tells the workspaces, for which it is new, that a number said STOP. `answered`: the message (campaign, n) that it
    answers, which is one workspace's."""
    for workspace_id in sorted(workspaces):
        listeners = outbox.find_listeners(session, workspace_id)
        if not any("contact.opted_out" in one.types for one in listeners):
            continue
        external_id = session.exec(
            select(Contact.external_id).where(Contact.workspace_id == workspace_id, Contact.number == number).limit(1)
        ).first()
        mine = answered and _find_campaign(session, answered[0])[0] == workspace_id
        message = MessageName(format_id("campaign", answered[0]), answered[1]) if answered and mine else None
        data = OptOut(Recipient(external_id or "", number), message, at)
        event = Event("contact.opted_out", inbound_id, at, data)
        outbox.tell_listeners(session, workspace_id, listeners, [event], now)


def _is_fate(before: str, state: str) -> bool:
    return state in FATES and FATES[state] != FATES.get(before)


def _find_campaign(session: Session, campaign_id: int) -> tuple[int, bool]:
    """Its workspace, and whether somebody wrote it: nobody is told of answers to STOP, whose campaign is in no list."""
    return session.exec(select(Campaign.workspace_id, is_for_messages()).where(Campaign.id == campaign_id)).one()


def _recipients(session: Session, campaign_id: int, ns: Collection[int]) -> dict[int, Recipient]:
    """By n. The contact may be gone; the message knows its number."""
    if not ns:
        return {}
    rows = session.exec(
        select(Message.n, Message.number, Contact.external_id)
        .join(Contact, col(Contact.id) == col(Message.contact_id), isouter=True)
        .where(Message.campaign_id == campaign_id, col(Message.n).in_(ns))
    )
    return {n: Recipient(external_id or "", number) for n, number, external_id in rows}


def _looks(session: Session, campaign_id: int, clicks: Sequence[HumanHit]) -> dict[str, _Looks]:
    by_segment: dict[str, list[int]] = defaultdict(list)
    for click in clicks:
        segment, _, position = click.source.rpartition(":")
        by_segment[segment].append(int(position))
    found: dict[str, _Looks] = {}
    for segment, positions in by_segment.items():
        rows = session.exec(
            # A segment at a time: any database finds these by the primary key.
            select(Hit.position, Hit.link_id, Hit.device, Hit.os).where(
                Hit.campaign_id == campaign_id, Hit.segment == segment, col(Hit.position).in_(positions)
            )
        )
        found |= {f"{segment}:{position}": _Looks(link_id, device, os) for position, link_id, device, os in rows}
    return found


def _fate(campaign_id: int, kind: EventType, stamps: Stamps, recipient: Recipient) -> Event:
    ended_at = stamps.receipt_at or stamps.unsent_at or stamps.produced_at
    data = MessageFate(
        message=MessageName(format_id("campaign", campaign_id), stamps.n),
        recipient=recipient,
        state=stamps.state,
        cause=stamps.cause if kind == "message.failed" else "",
        submitted_at=stamps.submitted_at,
        ended_at=ended_at,
    )
    return Event(kind, f"{campaign_id} {stamps.n}", ended_at, data)


def _click(campaign_id: int | None, hit: HumanHit, looks: _Looks, recipients: dict[int, Recipient]) -> Event:
    recipient = recipients.get(hit.n) if hit.n is not None else None
    name = format_id("campaign", campaign_id) if campaign_id is not None else None
    data = Click(
        campaign_id=name,
        link_id=format_id("link", looks.link_id),
        message=MessageName(name, hit.n) if name and hit.n is not None else None,
        recipient=recipient,
        device=looks.device,
        os=looks.os,
        clicked_at=hit.occurred_at,
    )
    return Event("link.clicked", hit.source, hit.occurred_at, data)
