"""The first answer to a request, kept and given again to its repetitions: a till that lost an answer may simply ask again.

The record is written in the transaction of the work itself, so there is never an answer without the work or work without
the answer. `linksvc.api.once` calls it; the worker forgets what is old. After the IETF draft "The Idempotency-Key HTTP
Header Field".
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b, sha256

from sqlalchemy import func, tuple_
from sqlmodel import Session, col, delete, select

from linksvc.database import is_sqlite, rows_affected
from linksvc.errors import Conflict, InvalidRequest
from linksvc.models import IdempotencyRecord


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request that may come again. `scope` outlives the API key: a rotated one must not open a second door."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Kept:
    status: int
    body: str


def fingerprint(method: str, path: str, body: str) -> str:
    """What a repetition must have in common with the first request."""
    return sha256("\n".join((method, path, body)).encode()).hexdigest()


def find_kept(session: Session, request: Repeatable) -> Kept | None:
    """The answer to give again, or None: then do the work and `keep` its answer in this transaction.

    Raises Conflict `request_in_flight` while another transaction is at the same work, InvalidRequest
    `idempotency_key_reused` when the key belongs to another request.
    """
    _reserve(session, request)
    record = session.get(IdempotencyRecord, (request.scope, request.key))
    if record is None:
        return None
    if record.fingerprint != request.fingerprint:
        raise InvalidRequest(
            "This Idempotency-Key was used for another request. Send a new one with each new request.",
            code="idempotency_key_reused",
        )
    return Kept(record.status, record.body)


def keep(session: Session, request: Repeatable, answer: Kept, now: datetime) -> None:
    session.add(
        IdempotencyRecord(
            scope=request.scope,
            key=request.key,
            fingerprint=request.fingerprint,
            status=answer.status,
            body=answer.body,
            created_at=now,
        )
    )
    session.flush()


def _reserve(session: Session, request: Repeatable) -> None:
    """Makes this transaction the only one at work for the key, until it ends.

    On SQLite it is already: a writing transaction is the only one there is, and a repetition that comes meanwhile waits
    and then finds the answer.
    """
    if is_sqlite(session):
        return
    name = blake2b(f"{request.scope} {request.key}".encode(), digest_size=8, person=b"idempotency").digest()
    if not session.exec(select(func.pg_try_advisory_xact_lock(int.from_bytes(name, signed=True)))).one():
        raise Conflict(
            "The first request with this Idempotency-Key is being answered. Repeat it in a moment.",
            code="request_in_flight",
            retryable=True,
        )


def forget(session: Session, before: datetime, most: int) -> int:
    """Deletes answers that were kept before then, the oldest first, at most that many; returns how many. A request that
    comes again after that is a new one."""
    record = (col(IdempotencyRecord.scope), col(IdempotencyRecord.key))
    old = select(*record).where(col(IdempotencyRecord.created_at) < before)
    oldest = old.order_by(col(IdempotencyRecord.created_at)).limit(most)
    return rows_affected(session.exec(delete(IdempotencyRecord).where(tuple_(*record).in_(oldest))))
