"""The first answer to a request, kept and given again to its repetitions: a till that lost an answer may simply ask again.

The record is written in the transaction of the work itself, so there is never an answer without the work or work without
the answer. `linksvc.api.once` calls it; the worker forgets what is old. After the IETF draft "The Idempotency-Key HTTP
Header Field".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy
from sqlalchemy import Select, Table, tuple_
from sqlmodel import Session, col, delete, select

from linksvc.advisory_locks import Name, lock, try_to_lock
from linksvc.bulk import NewRows, append_to_all, as_given, given
from linksvc.database import is_sqlite, rows_affected
from linksvc.errors import Conflict, InvalidRequest, Problem
from linksvc.models import IdempotencyRecord
from linksvc.statements import Statement

_KEY = ("scope", "key")
_COLUMNS = (*_KEY, "fingerprint", "status", "body", "created_at")


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
    # This transaction is the only one at work for the key, until it ends. On SQLite it is already: a repetition that comes
    # meanwhile waits and then finds the answer.
    if not try_to_lock(session, *name_of(request)):
        raise in_flight()
    (found,) = find_all_kept(session, [request])
    if isinstance(found, Problem):
        raise found
    return found


def find_all_kept(session: Session, requests: Sequence[Repeatable]) -> list[Kept | Problem | None]:
    """As `find_kept`, of each by itself; what that raises stands in its place. No two of them have one key, and this
    transaction has locked their names: what is read before that may be old."""
    kept = _read_kept(session, requests)
    return [_decide(request, kept.get((request.scope, request.key))) for request in requests]


def keep(session: Session, request: Repeatable, answer: Kept, now: datetime) -> None:
    append_to_all(session, [records_of([(request, answer)], now)])


def records_of(answers: Sequence[tuple[Repeatable, Kept]], now: datetime) -> NewRows:
    """The answers as `keep` keeps them, for who appends them together with other rows."""
    rows = [(one.scope, one.key, one.fingerprint, answer.status, answer.body, now) for one, answer in answers]
    return IdempotencyRecord, _COLUMNS, rows


def wait_for(session: Session, request: Repeatable) -> None:
    """Waits until no other transaction is at the same work, so that it is not in flight for `find_kept`."""
    lock(session, *name_of(request))


def name_of(request: Repeatable) -> Name:
    """What whoever is at work for its key has locked."""
    return "idempotency", f"{request.scope} {request.key}"


def in_flight() -> Conflict:
    return Conflict(
        "The first request with this Idempotency-Key is being answered. Repeat it in a moment.",
        code="request_in_flight",
        retryable=True,
    )


def _decide(request: Repeatable, kept: tuple[str, Kept] | None) -> Kept | Problem | None:
    if kept is None:
        return None
    fingerprint, answer = kept
    if fingerprint == request.fingerprint:
        return answer
    return InvalidRequest(
        "This Idempotency-Key was used for another request. Send a new one with each new request.",
        code="idempotency_key_reused",
    )


def _read_kept(session: Session, requests: Sequence[Repeatable]) -> dict[tuple[str, str], tuple[str, Kept]]:
    """By scope and key: the fingerprint, and the answer."""
    if not requests:
        return {}
    asked = as_given(_KEY, [(one.scope, one.key) for one in requests], is_sqlite(session))
    rows = _READ.rows(session, asked)
    return {(scope, key): (fingerprint, Kept(status, body)) for scope, key, fingerprint, status, body in rows}


def _read(sqlite: bool) -> Select[Any]:
    given_table = given({"scope": IdempotencyRecord.scope, "key": IdempotencyRecord.key}, sqlite)
    asked = given_table.c
    record: Table = IdempotencyRecord.__table__  # type: ignore[attr-defined]
    told = [record.c[name] for name in _COLUMNS[:-1]]
    this = sqlalchemy.select(*told).where(record.c.scope == asked.scope, record.c.key == asked.key)
    if sqlite:
        return this
    # Looked up one by one: a plan that was made while the table was small would go on to read all of it.
    one = this.limit(1).lateral()
    return sqlalchemy.select(one).select_from(given_table.join(one, sqlalchemy.true()))


_READ = Statement(_read)


def forget(session: Session, before: datetime, most: int) -> int:
    """Deletes answers that were kept before then, the oldest first, at most that many; returns how many. A request that
    comes again after that is a new one."""
    record = (col(IdempotencyRecord.scope), col(IdempotencyRecord.key))
    old = select(*record).where(col(IdempotencyRecord.created_at) < before)
    oldest = old.order_by(col(IdempotencyRecord.created_at)).limit(most)
    return rows_affected(session.exec(delete(IdempotencyRecord).where(tuple_(*record).in_(oldest))))
