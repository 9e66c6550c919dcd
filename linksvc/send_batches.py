"""The queue of what is still to leave: a campaign's messages in small batches, each of one country and network.

Production deals them (`linksvc.production`); senders claim them and take out what they mark (`sender.claims`,
`sender.marks`); what is held back, or comes back from a lost sender, is put back. A campaign's batches never overlap, and a
message that was marked or will not leave is in none, so whatever is in a batch may be sent and nothing else may.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_
from sqlmodel import Session, col, delete, select, update

from linksvc.bulk import as_one, insert_rows, one_of
from linksvc.database import is_sqlite
from linksvc.models import Message, SendBatch
from linksvc.statements import Statement

MOST_MESSAGES = 50
"""In a batch: few enough to share a campaign out fairly, many enough that claiming one costs a message next to nothing."""

LANES = 10_000

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when messages are due that come back: they go before all that was never tried."""


@dataclass(frozen=True, slots=True)
class Run:
    """Messages that follow each other, of one country and network, all due at one time."""

    country: str
    network: str
    size: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages [first_n, first_n + size) that are still to leave; its fields are those of `linksvc.models.SendBatch`."""

    campaign_id: int
    first_n: int
    size: int
    country: str
    network: str
    lane: int
    due_at: datetime
    reason: str = ""
    worker: str = ""
    claimed_until: datetime | None = None

    @property
    def ns(self) -> range:
        return range(self.first_n, self.first_n + self.size)


COLUMNS = tuple(Batch.__dataclass_fields__)


def deal(session: Session, campaign_id: int, first_n: int, runs: Iterable[Run]) -> None:
    """Queues the messages from `first_n` on, which nobody queued before."""
    rows = []
    for run in runs:
        end = first_n + run.size
        for n in range(first_n, end, MOST_MESSAGES):
            size = min(MOST_MESSAGES, end - n)
            rows.append((campaign_id, n, size, run.country, run.network, lane_of(campaign_id, n), run.due_at, "", "", None))
        first_n = end
    insert_rows(session, SendBatch, COLUMNS, rows)


def put_back(session: Session, campaign_id: int, ns: Iterable[int], due_at: datetime, reason: str) -> None:
    """Queues messages again that are in no batch: free, due then, for this reason. What is due longest is claimed first."""
    wanted = sorted(set(ns))
    if not wanted:
        return
    statement = (
        select(Message.n, Message.country, Message.network)
        .where(Message.campaign_id == campaign_id, col(Message.n).in_(wanted))
        .order_by(col(Message.n))
    )
    made: list[Batch] = []
    for n, country, network in session.exec(statement):
        last = made[-1] if made else None
        follows = last and last.size < MOST_MESSAGES and n == last.ns.stop
        if last and follows and (country, network) == (last.country, last.network):
            made[-1] = replace(last, size=last.size + 1)
        else:
            made.append(Batch(campaign_id, n, 1, country, network, lane_of(campaign_id, n), due_at, reason))
    insert_rows(session, SendBatch, COLUMNS, [_row(batch) for batch in made])


def find_free(
    session: Session, campaign_id: int, now: datetime, most: int, within: ColumnElement[bool] | None = None
) -> list[Batch]:
    """Up to `most` batches that are due and that nobody has claimed, locked; those that others are looking at are passed
    over."""
    statement = (
        select(*_TABLE)
        .where(SendBatch.campaign_id == campaign_id, is_free(now), *([] if within is None else [within]))
        .order_by(col(SendBatch.due_at), col(SendBatch.first_n))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return [Batch(*row) for row in session.exec(statement)]


def is_free(now: datetime) -> ColumnElement[bool]:
    """Batches that are due and that nobody has claimed, or not claimed in time."""
    return and_(
        col(SendBatch.due_at) <= now,
        or_(col(SendBatch.worker) == "", col(SendBatch.claimed_until) <= now),
    )


def find_claimed(session: Session, campaign_id: int, worker: str, ns: Sequence[int]) -> list[Batch]:
    """The worker's batches that hold any of these messages, locked."""
    if not ns:
        return []
    wanted = set(ns)
    asked = {
        "of_campaign": campaign_id,
        "of_worker": worker,
        "above": min(wanted) - MOST_MESSAGES,
        "up_to": max(wanted),
    }
    found = [Batch(*row) for row in _CLAIMED.rows(session, asked)]
    if not wanted <= {n for batch in found for n in batch.ns} and not is_sqlite(session):
        # While this waited for a lock somebody took a message out: what is left of its batch are other rows, which only a
        # new statement sees.
        found = [Batch(*row) for row in _CLAIMED.rows(session, asked)]
    return [batch for batch in found if not wanted.isdisjoint(batch.ns)]


def take_out(session: Session, batches: Iterable[Batch], ns: Iterable[int]) -> None:
    """Takes messages out of batches of one campaign that this transaction has locked; one that has none left is gone."""
    gone = frozenset(ns)
    touched = [batch for batch in batches if not gone.isdisjoint(batch.ns)]
    if touched:
        firsts = as_one(is_sqlite(session), [batch.first_n for batch in touched])
        _GONE.changed(session, {"of_campaign": touched[0].campaign_id, "firsts": firsts})
        insert_rows(session, SendBatch, COLUMNS, [_row(rest) for batch in touched for rest in _without(batch, gone)])


def take_away(session: Session, campaign_id: int, n: int) -> bool:
    """Takes a message out of the queue that will not leave, also if somebody has claimed it: they find it gone when they
    mark it. False if it was not there any more. Whoever takes away several does so in the order of (campaign, n), as marks
    lock batches."""
    statement = (
        select(*_TABLE)
        .where(
            SendBatch.campaign_id == campaign_id,
            col(SendBatch.first_n) > n - MOST_MESSAGES,
            col(SendBatch.first_n) <= n,
            col(SendBatch.first_n) + col(SendBatch.size) > n,
        )
        .with_for_update()
    )
    found = [Batch(*row) for row in session.exec(statement)]
    take_out(session, found, [n])
    return bool(found)


def withdraw(session: Session, campaign_id: int, now: datetime, most: int) -> list[int]:
    """Takes up to about `most` messages that nobody has claimed out of the queue, due or not; returns their n. For a
    campaign that was cancelled: whoever asks records why they do not leave."""
    statement = (
        select(*_TABLE)
        .where(SendBatch.campaign_id == campaign_id, or_(col(SendBatch.worker) == "", col(SendBatch.claimed_until) <= now))
        .limit(max(1, most // MOST_MESSAGES))
        .with_for_update(skip_locked=True)
    )
    batches = [Batch(*row) for row in session.exec(statement)]
    ns = [n for batch in batches for n in batch.ns]
    take_out(session, batches, ns)
    return ns


def claim(session: Session, batches: Sequence[Batch], worker: str, until: datetime) -> None:
    """Claims batches of one campaign that this transaction has locked."""
    if batches:
        session.exec(update(SendBatch).where(_are(batches)).values(worker=worker, claimed_until=until))


def free(session: Session, campaign_ids: Sequence[int], worker: str) -> None:
    """Gives back what the worker claimed in these campaigns and did not mark."""
    held = and_(col(SendBatch.campaign_id).in_(campaign_ids), col(SendBatch.worker) == worker)
    session.exec(update(SendBatch).where(held).values(worker="", claimed_until=None))


def renew(session: Session, campaign_id: int, worker: str, until: datetime) -> None:
    """Prolongs what the worker has claimed in a campaign and nobody else took since."""
    held = and_(col(SendBatch.campaign_id) == campaign_id, col(SendBatch.worker) == worker)
    session.exec(update(SendBatch).where(held).values(claimed_until=until))


def lane_of(campaign_id: int, first_n: int) -> int:
    """A lane drawn as by lot, the same whenever it is drawn."""
    drawn = blake2b(f"{campaign_id}:{first_n}".encode(), digest_size=8, person=b"lane").digest()
    return int.from_bytes(drawn) % LANES


_TABLE: tuple[Any, ...] = tuple(getattr(SendBatch, name) for name in COLUMNS)

_CLAIMED = Statement(
    lambda _: (
        select(*_TABLE)
        .where(
            col(SendBatch.campaign_id) == bindparam("of_campaign"),
            col(SendBatch.first_n) > bindparam("above"),
            col(SendBatch.first_n) <= bindparam("up_to"),
            col(SendBatch.worker) == bindparam("of_worker"),
        )
        .order_by(col(SendBatch.first_n))
        .with_for_update()
    )
)

_GONE = Statement(
    lambda sqlite: delete(SendBatch).where(
        col(SendBatch.campaign_id) == bindparam("of_campaign"), one_of(col(SendBatch.first_n), sqlite, "firsts")
    )
)


def _row(batch: Batch) -> tuple[Any, ...]:
    return tuple(getattr(batch, name) for name in COLUMNS)


def _are(batches: Sequence[Batch]) -> ColumnElement[bool]:
    firsts = [batch.first_n for batch in batches]
    return and_(col(SendBatch.campaign_id) == batches[0].campaign_id, col(SendBatch.first_n).in_(firsts))


def _without(batch: Batch, gone: frozenset[int]) -> Iterator[Batch]:
    """What is left of a batch, as batches."""
    first: int | None = None
    for n in (*batch.ns, batch.ns.stop):
        if n in gone or n == batch.ns.stop:
            if first is not None:
                yield replace(batch, first_n=first, size=n - first)
            first = None
        elif first is None:
            first = n
