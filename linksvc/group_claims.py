"""What a group of calls makes sure of first, in one statement: which of their API keys still open, and which names it alone
has locked. Called by `linksvc.api.together`.

What a lock keeps as it is may only be read by a later statement: this one sees what was there before it got the lock. Locks
are one server's: where tables are spread over several, that of API keys must stay on the one that all others lock names at.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Executable, cast, null, select, union_all
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

from linksvc.advisory_locks import LOCKING, Name, as_names
from linksvc.api_keys import ends_of
from linksvc.bulk import as_one
from linksvc.database import is_sqlite
from linksvc.statements import Statement


def claim(
    session: Session, key_ids: Collection[int], names: Sequence[Name], now: datetime
) -> tuple[frozenset[int], list[bool]]:
    """Those of the keys that open their workspace now, and of each name whether it is locked now. A name that stands there
    twice is locked twice: it is the same transaction."""
    if is_sqlite(session):  # Whoever writes is alone.
        return _opening(_ENDS.rows(session, {"ids": as_one(True, key_ids)}), now), [True] * len(names)
    rows = _CLAIM.rows(session, {"ids": f"{{{','.join(map(str, key_ids))}}}", "names": as_names(names)})
    by_place = {number: is_locked for number, is_locked, _ in rows if is_locked is not None}
    opening = _opening([(number, revoked_at) for number, is_locked, revoked_at in rows if is_locked is None], now)
    return opening, [by_place[place] for place in range(1, len(names) + 1)]


def _opening(ends: Sequence[tuple[Any, ...]], now: datetime) -> frozenset[int]:
    return frozenset(key_id for key_id, revoked_at in ends if revoked_at is None or revoked_at > now)


def _claim(_: bool) -> Executable:
    ends = ends_of(False).subquery().c
    return union_all(select(ends.id, cast(null(), Boolean), ends.revoked_at), LOCKING.add_columns(cast(null(), UTCDateTime)))


_ENDS = Statement(ends_of)
_CLAIM = Statement(_claim)
