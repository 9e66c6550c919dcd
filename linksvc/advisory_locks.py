"""Locks of PostgreSQL on what has no row: a name is locked until the transaction ends. On SQLite whoever writes is alone.

Idempotency keys, orders and follow-ups are locked this way (`linksvc.idempotency`, `linksvc.redemptions`,
`linksvc.follow_ups`).
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Literal

from sqlalchemy import ARRAY, BigInteger, Select, Text, bindparam, cast, func, select
from sqlmodel import Session

from linksvc.database import is_sqlite
from linksvc.statements import Statement

Sort = Literal["idempotency", "order", "follow_up"]

Name = tuple[Sort, str]

# An array as PostgreSQL writes it: the driver takes longer to write one.
_ALL = bindparam("names", type_=Text())
_NAMES = func.unnest(cast(_ALL, ARRAY(BigInteger))).table_valued("name", with_ordinality="place").render_derived()

_LOCK = select(func.pg_advisory_xact_lock(bindparam("name", type_=BigInteger)))

LOCKING: Select[Any] = select(_NAMES.c.place, func.pg_try_advisory_xact_lock(_NAMES.c.name))
"""Tries to lock `names`, as `as_names` writes them: the place of each, from 1 on, and whether it is locked now; another
transaction has locked the others."""

_TRY = Statement(lambda _: LOCKING)


def lock(session: Session, sort: Sort, name: str) -> None:
    """Waits until nobody else has locked the name."""
    if not is_sqlite(session):
        session.connection().execute(_LOCK, {"name": _number(sort, name)})


def try_to_lock(session: Session, sort: Sort, name: str) -> bool:
    """Whether the name is locked now; if not, another transaction has locked it."""
    return is_sqlite(session) or _TRY.rows(session, {"names": as_names([(sort, name)])}) == [(1, True)]


def as_names(names: Sequence[Name]) -> str:
    return f"{{{','.join([str(_number(*name)) for name in names])}}}"


def _number(sort: Sort, name: str) -> int:
    digest = blake2b(name.encode(), digest_size=8, person=sort.encode()).digest()
    return int.from_bytes(digest, signed=True)
