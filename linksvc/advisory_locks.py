"""Locks of PostgreSQL on what has no row: a name is locked until the transaction ends. On SQLite whoever writes is alone.

Idempotency keys, orders and follow-ups are locked this way (`linksvc.idempotency`, `linksvc.redemptions`,
`linksvc.follow_ups`).
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, cast, func, select
from sqlmodel import Session

from linksvc.database import is_sqlite
from linksvc.statements import Statement

Sort = Literal["idempotency", "order", "follow_up"]

# An array as PostgreSQL writes it: the driver takes longer to write one.
_ALL = bindparam("names", type_=Text())
_NAMES = func.unnest(cast(_ALL, ARRAY(BigInteger))).table_valued("name", with_ordinality="place").render_derived()

_LOCK = select(func.pg_advisory_xact_lock(bindparam("name", type_=BigInteger)))
_TRY = Statement(lambda _: select(_NAMES.c.place, func.pg_try_advisory_xact_lock(_NAMES.c.name)))


def lock(session: Session, sort: Sort, name: str) -> None:
    """Waits until nobody else has locked the name."""
    if not is_sqlite(session):
        session.connection().execute(_LOCK, {"name": _number(sort, name)})


def try_to_lock(session: Session, sort: Sort, names: Sequence[str]) -> list[bool]:
    """Which of the names are locked now; another transaction has locked the others. A name that stands there twice is locked
    twice: it is the same transaction."""
    if is_sqlite(session) or not names:
        return [True] * len(names)
    numbers = ",".join(str(_number(sort, name)) for name in names)
    by_place: dict[int, bool] = dict(_TRY.rows(session, {"names": f"{{{numbers}}}"}))
    return [by_place[place] for place in range(1, len(names) + 1)]


def _number(sort: Sort, name: str) -> int:
    digest = blake2b(name.encode(), digest_size=8, person=sort.encode()).digest()
    return int.from_bytes(digest, signed=True)
