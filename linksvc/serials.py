"""Serials: numbers dealt in the order of commits, for links, promo codes and revisions. Called by whoever deals them out."""

from sqlmodel import Session, col

from linksvc.database import insert_into
from linksvc.models import SerialCounter

LINK_REVISION = "link_revision"
"""The counter of revisions; its row holds the greatest one dealt."""


def take_serials(session: Session, name: str, count: int) -> int:
    """Reserves `count` serials and returns the first. The counter's row stays locked until the transaction ends, so
    what is written with them becomes visible in their order."""
    statement = insert_into(session, SerialCounter).values(name=name, next_serial=count)
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"next_serial": col(SerialCounter.next_serial) + count}
    ).returning(col(SerialCounter.next_serial))
    return int(session.connection().execute(statement).scalar_one()) - count


def next_revision(session: Session) -> int:
    """The revision of the links and domains that are written in this transaction; visible in the order of their numbers, so
    a tracker asks only for what is above the greatest it knows."""
    return take_serials(session, LINK_REVISION, 1) + 1
