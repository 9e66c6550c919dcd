"""Claiming: which queued messages a worker is about to send. For `sender.feed`.

A claim is of whole batches (`linksvc.send_batches`), lasts a while and lapses. A message that is marked for submission
(`sender.marks`) leaves its batch: what was handed over is never claimed again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, select

from linksvc import send_batches
from linksvc.bulk import read_rows
from linksvc.models import Campaign, Message, SendBatch
from linksvc.send_batches import MOST_MESSAGES, Batch
from sender.messages import Claim, OpenCampaign

CLAIM_LASTS = timedelta(seconds=60)

_LOOKS = 4
"""How often a claim looks for more, where batches are small."""


def open_campaigns(session: Session, now: datetime) -> list[OpenCampaign]:
    """The campaigns whose messages may leave: produced, their links known to the trackers, neither paused nor cancelled."""
    statement = select(Campaign).where(
        Campaign.state == "sending",
        col(Campaign.paused_at).is_(None),
        col(Campaign.cancelled_at).is_(None),
        or_(col(Campaign.first_submit_after).is_(None), col(Campaign.first_submit_after) <= now),
    )
    return [
        OpenCampaign(row.id or 0, row.workspace_id, row.kind, row.sender, row.text, row.rate_per_s, row.expires_at)
        for row in session.exec(statement.order_by(col(Campaign.id)))
    ]


def find_due(session: Session, now: datetime, within: ColumnElement[bool] | None = None) -> set[int]:
    """The campaigns that have a batch to claim. It looks at one row of each, so it may be asked often."""
    batch = exists().where(
        col(SendBatch.campaign_id) == col(Campaign.id),
        send_batches.is_free(now),
        *([] if within is None else [within]),
    )
    return {id for id in session.exec(select(Campaign.id).where(Campaign.state == "sending", batch)) if id}


def claim_batches(
    session: Session,
    campaign_id: int,
    worker: str,
    limit: int,
    now: datetime,
    within: ColumnElement[bool] | None = None,
) -> list[Claim]:
    """Claims about `limit` messages of one campaign, at least a batch if there is one. `within`: a condition on
    `send_batch`, for what the worker's route may carry. Batches that another worker is claiming are passed over."""
    batches: list[Batch] = []
    missing, rows = limit, -(-limit // MOST_MESSAGES)
    for _ in range(_LOOKS):
        found = send_batches.find_free(session, campaign_id, now, rows, within)
        taken = _up_to(found, missing)
        send_batches.claim(session, taken, worker, now + CLAIM_LASTS)
        batches += taken
        missing -= sum(batch.size for batch in taken)
        if missing <= 0 or len(found) < rows:
            break
        # Messages that came back are batches of a few: as many more rows as it takes at that size.
        rows = -(-missing * len(batches) // (limit - missing))
    return _claims(session, campaign_id, batches)


def give_back(session: Session, worker: str) -> None:
    """Frees what the worker claimed and did not mark. It reads the queues of all campaigns: only for the end of a worker."""
    sending = [id for id in session.exec(select(Campaign.id).where(Campaign.state == "sending")) if id]
    send_batches.free(session, sending, worker)


def _up_to(batches: Sequence[Batch], limit: int) -> list[Batch]:
    """As many of the batches as it takes to have so many messages."""
    chosen: list[Batch] = []
    for batch in batches:
        if limit > 0:
            chosen.append(batch)
            limit -= batch.size
    return chosen


def _claims(session: Session, campaign_id: int, batches: Sequence[Batch]) -> list[Claim]:
    """The batches' messages, in the order of the batches."""
    ns = [n for batch in batches for n in batch.ns]
    if not ns:
        return []
    rows = read_rows(session, Message, Claim._fields, ("campaign_id", campaign_id), "n", ns)
    found = {row[0]: Claim(*row) for row in rows}
    return [found[n] for n in ns if n in found]
