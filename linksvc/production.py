"""Production: turning a campaign's audience into messages, blocks of serials, counters and promo codes.

Called by the worker process, one short transaction after another, so that a till never waits long for SQLite's one
writer; `campaign.last_contact_id` says how far it came, so a crash between two transactions costs nothing and doubles
nothing. Every contact is met exactly once, in the order of ids.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, insert, literal
from sqlmodel import Session, col, select, update

from linksvc import code_dealing, counters, send_batches
from linksvc.audiences import end_of_window, first_segment, has_anybody, may_be_sent_to, segments_of
from linksvc.clock import Clock
from linksvc.database import rows_affected, writing
from linksvc.errors import Conflict, InvalidRequest, NotFound
from linksvc.keys import Keyring
from linksvc.links import CAMPAIGN_LINK
from linksvc.models import (
    Campaign,
    Contact,
    Link,
    Message,
    SerialBlock,
)
from linksvc.send_batches import Run
from linksvc.serials import take_serials
from linksvc.stamps import Stamps
from linksvc.standing_campaigns import is_for_messages
from linksvc.tallies import Tally

WINDOW_ROWS = 10_000
"""Contacts dealt with in one transaction: well under 100 ms that a till may have to wait."""

BLOCKS_KNOWN_AFTER = timedelta(seconds=2)
"""Trackers poll for new blocks each second; the first submit follows by this much."""


def request_send(session: Session, workspace_id: int, campaign_id: int, now: datetime) -> None:
    """Lets a draft go into production, once.

    Raises NotFound, Conflict `campaign_already_sent`, and InvalidRequest: `audience_empty` when nobody may be sent to,
    `codes_too_few` when the lists that its codes come from have fewer than its audience has people.
    """
    campaign = session.exec(
        select(Campaign).where(Campaign.id == campaign_id, Campaign.workspace_id == workspace_id, is_for_messages())
    ).first()
    if campaign is None:
        raise NotFound("There is no such campaign in this workspace.", code="campaign_not_found")
    segment_ids = segments_of(session, campaign_id)
    if not has_anybody(session, campaign, segment_ids):
        raise InvalidRequest(
            "Nobody may be sent to: no contact of this audience has consented and is not suppressed. "
            "Import contacts with consent, or choose another audience.",
            code="audience_empty",
        )
    _check_codes(session, campaign, may_be_sent_to(campaign, segment_ids))
    taken = session.exec(
        update(Campaign)
        .where(col(Campaign.id) == campaign_id, col(Campaign.state) == "draft")
        .values(state="producing", send_requested_at=now)
    )
    if rows_affected(taken) != 1:
        raise Conflict(
            f"The campaign was sent already, on {campaign.send_requested_at:%Y-%m-%d at %H:%M} UTC. "
            "To send again, create another campaign.",
            code="campaign_already_sent",
        )


def _check_codes(session: Session, campaign: Campaign, who: ColumnElement[bool]) -> None:
    if campaign.code_source != "imported":
        return
    people = session.exec(select(func.count()).select_from(Contact).where(who)).one()
    codes = code_dealing.count_undealt(session, campaign.workspace_id, campaign.offer_id or 0, people)
    if codes < people:
        raise InvalidRequest(
            f"The audience has {people:,} people, and the lists of the offer have {codes:,} codes left. Import more codes "
            "into the offer first.",
            code="codes_too_few",
        )


def campaigns_to_produce(session: Session) -> list[int]:
    """The campaigns whose production was asked for and is not finished."""
    return [id for id in session.exec(select(Campaign.id).where(Campaign.state == "producing")) if id]


def produce_batch(engine: Engine, keyring: Keyring, campaign_id: int, clock: Clock) -> bool:
    """One step of a campaign's production; False when nothing is left to do.

    Window by window its messages and then their codes; at last the campaign is released to the senders. While the lists that
    its codes come from are used up it waits: more may be imported.
    """
    supplied = code_dealing.supply(engine, keyring, campaign_id)
    if supplied.used_up:
        return False
    with writing(engine) as session:
        campaign = session.exec(select(Campaign).where(Campaign.id == campaign_id).with_for_update()).one()
        if campaign.state != "producing":
            return False
        if code_dealing.missing_codes(campaign):
            return code_dealing.deal(session, campaign, supplied) > 0
        if _produce_window(session, keyring, campaign, clock()):
            return True
        campaign.state = "sending" if campaign.produced else "sent"
        campaign.produced_at = clock()
        campaign.first_submit_after = clock() + BLOCKS_KNOWN_AFTER
        session.add(campaign)
        return False


def _produce_window(session: Session, keyring: Keyring, campaign: Campaign, now: datetime) -> bool:
    """Deals n to the next contacts, those who consented to tracking first. False when there is no contact left."""
    segment_ids = segments_of(session, campaign.id or 0)
    last = end_of_window(session, campaign, segment_ids, WINDOW_ROWS)
    if last is None:
        return False
    who = may_be_sent_to(campaign, segment_ids, (campaign.last_contact_id, last))
    first_n = campaign.produced
    if made := _insert_messages(session, campaign, who, first_segment(campaign, segment_ids), now):
        seen = _count_and_queue(session, campaign, first_n, now)
        if session.get(Link, (campaign.id, CAMPAIGN_LINK)):
            _deal_serials(session, keyring, campaign, first_n, seen, made - seen)
    campaign.produced += made
    if campaign.code_source == "shared":
        campaign.coded = campaign.produced
    campaign.last_contact_id = last
    session.add(campaign)
    return True


def _insert_messages(
    session: Session, campaign: Campaign, who: ColumnElement[bool], segment: ColumnElement[int], now: datetime
) -> int:
    tracked = col(Contact.tracking_consent_at).is_not(None)
    # Those of one country and network stand together, as their batches are; among them the order is as by lot, so that
    # any batch is a sample of them and routes that share batches out can be compared.
    lot = (col(Contact.id) * 2_654_435_761) % 4_294_967_296
    kind = (tracked.desc(), col(Contact.country), col(Contact.network))
    number = func.row_number().over(order_by=(*kind, lot, col(Contact.id)))
    dealt: dict[str, Any] = {
        "campaign_id": literal(campaign.id),
        "n": number + (campaign.produced - 1),
        "contact_id": col(Contact.id),
        "number": col(Contact.number),
        "country": col(Contact.country),
        "network": col(Contact.network),
        "tracked": tracked,
        "segment_id": segment,
        "code": literal(code_dealing.shared_code(session, campaign)),
        "produced_at": literal(now, Message.__table__.c.produced_at.type),  # type: ignore[attr-defined]
    }
    constants = {
        name: literal(column.default.arg, column.type)
        for name, column in Message.__table__.c.items()  # type: ignore[attr-defined]
        if name not in dealt and column.default is not None
    }
    columns = dealt | constants
    source = select(*columns.values()).where(who)
    statement = insert(Message).from_select(list(columns), source)
    return rows_affected(session.connection().execute(statement, execution_options={"preserve_rowcount": True}))


def _deal_serials(session: Session, keyring: Keyring, campaign: Campaign, first_n: int, seen: int, unseen: int) -> None:
    """One block for those who consented to tracking, one for those who did not. A committed block never changes: trackers
    ask only for what lies above the serials they know."""
    serial = take_serials(session, "link", seen + unseen)
    for size, tracked in ((seen, True), (unseen, False)):
        if size:
            block = SerialBlock(
                campaign_id=campaign.id or 0,
                first_serial=serial,
                size=size,
                first_n=first_n,
                link_id=CAMPAIGN_LINK,
                tracked=tracked,
                key_version=keyring.version,
            )
            session.add(block)
        serial += size
        first_n += size


def _count_and_queue(session: Session, campaign: Campaign, first_n: int, now: datetime) -> int:
    """Counts the messages from `first_n` on as produced and queued, and queues them; returns how many are tracked."""
    rows = session.exec(
        select(  # type: ignore[call-overload]
            Message.country, Message.network, Message.tracked, Message.variant, Message.segment_id, func.count()
        )
        .where(Message.campaign_id == campaign.id, col(Message.n) >= first_n)
        .group_by(Message.country, Message.network, col(Message.tracked), Message.variant, col(Message.segment_id))
        .order_by(func.min(Message.n))
    )
    tally = Tally()
    seen = 0
    runs: list[Run] = []
    for country, network, tracked, variant, segment_id, count in rows:
        seen += count if tracked else 0
        runs.append(Run(country, network, count, campaign.send_at or now))
        tally.add(Stamps(0, country, variant, network, segment_id, tracked, now), count)
    counters.write(session, campaign.id or 0, tally)
    send_batches.deal(session, campaign.id or 0, first_n, runs)
    return seen
