"""One number's turn: a STOP and a mark for submission of the same number never overlap.

For `sender.marks`, `sender.inbound` and the opting out on pages (`linksvc.landing.opting_out`). Whichever comes first is
finished before the other looks: a STOP that was stored is seen by the mark, and what was marked before it was on its way.
"""

from collections.abc import Iterable
from hashlib import blake2b

from sqlmodel import Session

from linksvc.database import is_sqlite
from linksvc.statements import execute

# An array as PostgreSQL writes it: the driver takes longer to write one. What the locks return is not worth a row for each.
_LOCK = "SELECT count({}(key)) FROM unnest(%s::bigint[]) AS key"
_SHARED, _ALONE = (_LOCK.format(f"pg_advisory_xact_lock{kind}") for kind in ("_shared", ""))


def lock_to_send(session: Session, numbers: Iterable[str]) -> None:
    """Held with others that send, against a STOP, until the transaction ends."""
    _lock(session, numbers, shared=True)


def lock_to_stop(session: Session, numbers: Iterable[str]) -> None:
    """Held alone, until the transaction ends."""
    _lock(session, numbers, shared=False)


def _lock(session: Session, numbers: Iterable[str], *, shared: bool) -> None:
    # SQLite has one writer, so its transactions never overlap.
    if is_sqlite(session):
        return
    # In one order everywhere, so that two transactions cannot wait for each other.
    keys = sorted({_key(number) for number in numbers})
    if keys:
        execute(session.connection(), _SHARED if shared else _ALONE, (f"{{{','.join(map(str, keys))}}}",))


def _key(number: str) -> int:
    return int.from_bytes(blake2b(number.encode(), digest_size=8, person=b"number-lock").digest(), "big", signed=True)
