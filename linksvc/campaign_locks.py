"""A campaign's turn: while it is paused, resumed or cancelled nobody marks its messages, and the other way round.

For `linksvc.campaign_control` and the sender's last checks. Not a lock of the row: PostgreSQL lets those who share one go on
joining, so that with many senders a change would wait for ever; here whoever comes after it waits behind it.
"""

from hashlib import blake2b

from sqlmodel import Session

from linksvc.database import is_sqlite
from linksvc.statements import execute


def lock_to_mark(session: Session, campaign_id: int) -> None:
    """Held with others that mark, until the transaction ends. What is read of the campaign afterwards stays true."""
    _lock(session, campaign_id, shared=True)


def lock_to_change(session: Session, campaign_id: int) -> None:
    """Held alone, until the transaction ends."""
    _lock(session, campaign_id, shared=False)


def _lock(session: Session, campaign_id: int, *, shared: bool) -> None:
    # SQLite has one writer, so its transactions never overlap.
    if is_sqlite(session):
        return
    digest = blake2b(str(campaign_id).encode(), digest_size=8, person=b"campaign-lock").digest()
    execute(session.connection(), _SHARED if shared else _ALONE, (int.from_bytes(digest, "big", signed=True),))


_SHARED, _ALONE = "SELECT pg_advisory_xact_lock_shared(%s::bigint)", "SELECT pg_advisory_xact_lock(%s::bigint)"
