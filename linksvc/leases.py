"""Leases: one holder does a piece of work at a time (a campaign's applier, a bind), and a lost holder is replaced."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, delete

from linksvc.database import insert_into, rows_affected
from linksvc.models import Lease


def take(session: Session, name: str, holder: str, now: datetime, lasts: timedelta) -> bool:
    """Takes or renews the lease; False while another holder's has not run out."""
    statement = insert_into(session, Lease).values(name=name, holder=holder, until=now + lasts)
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "until": now + lasts},
        where=(col(Lease.holder) == holder) | (col(Lease.until) <= now),
    )
    return rows_affected(session.connection().execute(statement)) == 1


def give_back(session: Session, name: str, holder: str) -> None:
    """Ends the holder's lease, so that another need not wait for its end."""
    session.exec(delete(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder))
