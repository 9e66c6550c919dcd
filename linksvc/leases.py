"""Leases: one holder does a piece of work at a time (a campaign's applier, a bind), and a lost holder is replaced."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, delete, select

from linksvc.database import insert_into, rows_affected
from linksvc.models import Lease
from linksvc.statements import Statement

_OVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The end of a lease that nobody holds, by any clock."""


def take(session: Session, name: str, holder: str, now: datetime, lasts: timedelta) -> bool:
    """Takes or renews the lease; False while another holder's has not run out."""
    statement = insert_into(session, Lease).values(name=name, holder=holder, until=now + lasts)
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "until": now + lasts},
        where=(col(Lease.holder) == holder) | (col(Lease.until) <= now),
    )
    return rows_affected(session.connection().execute(statement)) == 1


def is_held(session: Session, name: str, holder: str) -> bool:
    """Whether the lease is the holder's, and stays so until the transaction ends. It is not renewed."""
    return bool(_HELD.rows(session, {"of_name": name, "of_holder": holder}))


_HELD = Statement(
    lambda _: (
        select(Lease.name)
        .where(col(Lease.name) == bindparam("of_name"), col(Lease.holder) == bindparam("of_holder"))
        .with_for_update(read=True)
    )
)


def hold_off(session: Session, name: str) -> None:
    """Waits for what the holder is doing in a transaction, and lets nobody take the lease until ours ends. Whoever holds it
    goes on holding it."""
    statement = insert_into(session, Lease).values(name=name, holder="", until=_OVER)
    kept = statement.on_conflict_do_update(index_elements=["name"], set_={"name": statement.excluded.name})
    session.connection().execute(kept)


def give_back(session: Session, name: str, holder: str) -> None:
    """Ends the holder's lease, so that another need not wait for its end."""
    session.exec(delete(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder))
