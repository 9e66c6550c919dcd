"""Receipts that name no message: kept as they came, for a person to look into. For `sender.outcomes`, the metrics and
`ricochet receipts unmatched`."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlmodel import Session, func, select

from linksvc.database import insert_into
from linksvc.models import StrayReceipt
from sender.matching import ReceivedReceipt


def store(session: Session, route_id: int, receipts: Sequence[ReceivedReceipt], now: datetime) -> None:
    """Keeps the receipts; one that is told again is counted."""
    rows: dict[str, dict[str, object]] = {}
    for one in receipts:
        row = _row(route_id, one, now)
        row["times"] = int(str(rows.get(str(row["fingerprint"]), {}).get("times", 0))) + 1
        rows[str(row["fingerprint"])] = row
    if not rows:
        return
    statement = insert_into(session, StrayReceipt)
    counted = {"times": StrayReceipt.__table__.c.times + statement.excluded.times}  # type: ignore[attr-defined]
    statement = statement.on_conflict_do_update(index_elements=["route_id", "fingerprint"], set_=counted)
    session.connection().execute(statement, [rows[fingerprint] for fingerprint in sorted(rows)])


def count(session: Session) -> int:
    """How many there are, each counted once however often it was told."""
    return session.exec(select(func.count()).select_from(StrayReceipt)).one()


def _row(route_id: int, one: ReceivedReceipt, now: datetime) -> dict[str, object]:
    receipt, came = one.receipt, one.receipt.as_it_came
    payload, parameters = (came.payload, came.parameters) if came else (b"", "{}")
    raw = (receipt.number.encode(), (came.sender if came else "").encode(), payload, parameters.encode())
    return {
        "route_id": route_id,
        "fingerprint": sha256(b"\0".join(raw)).hexdigest(),
        "number": receipt.number,
        "state": receipt.state,
        "error": receipt.error or "",
        "payload": payload.hex(),
        "parameters": parameters,
        "recorded_at": now,
    }
