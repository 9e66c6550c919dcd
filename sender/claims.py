"""Claiming: which queued messages a worker is about to send. For `sender.route_sender`.

A claim lasts a while and lapses. When its message is marked for submission (`sender.marks`), `claimed_until` becomes
NULL and the claim lapses no more: what was handed over is never claimed again.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select, update

from linksvc.models import Campaign, Message
from sender.messages import Claim, OpenCampaign

CLAIM_LASTS = timedelta(seconds=60)


def open_campaigns(session: Session, now: datetime) -> list[OpenCampaign]:
    """The campaigns whose messages may leave: produced, and their links known to the trackers."""
    statement = select(Campaign).where(
        Campaign.state == "sending",
        or_(col(Campaign.first_submit_after).is_(None), col(Campaign.first_submit_after) <= now),
    )
    return [
        OpenCampaign(row.id or 0, row.workspace_id, row.kind, row.sender, row.text, row.rate_per_s)
        for row in session.exec(statement.order_by(col(Campaign.id)))
    ]


def first_free(session: Session, campaign_id: int, now: datetime) -> int | None:
    """The lowest n that can be claimed, or None. It reads on from the campaign's beginning, so ask it seldom."""
    return session.exec(select(func.min(Message.n)).where(_free(campaign_id, now))).one()


def claim_batch(session: Session, campaign_id: int, worker: str, from_n: int, limit: int, now: datetime) -> list[Claim]:
    """Claims up to `limit` messages of one campaign, from n on. Rows that another worker is claiming are passed over."""
    statement = (
        select(Message.n, Message.contact_id, Message.number, Message.code)
        .where(_free(campaign_id, now), col(Message.n) >= from_n)
        .order_by(col(Message.n))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claims = [Claim(*row) for row in session.exec(statement)]
    if claims:
        session.exec(
            update(Message)
            .where(col(Message.campaign_id) == campaign_id, col(Message.n).in_([claim.n for claim in claims]))
            .values(claimed_by=worker, claimed_until=now + CLAIM_LASTS)
        )
    return claims


def give_back(session: Session, worker: str) -> None:
    """Frees what the worker claimed and did not mark. It reads whole campaigns: only for the end of a worker."""
    sending = list(session.exec(select(Campaign.id).where(Campaign.state == "sending")))
    session.exec(
        update(Message)
        .where(
            col(Message.campaign_id).in_(sending),
            col(Message.claimed_by) == worker,
            col(Message.claimed_until).is_not(None),
        )
        .values(claimed_by="", claimed_until=None)
    )


def _free(campaign_id: int, now: datetime) -> ColumnElement[bool]:
    return and_(
        col(Message.campaign_id) == campaign_id,
        col(Message.state) == "queued",
        or_(col(Message.claimed_by) == "", col(Message.claimed_until) <= now),
    )
