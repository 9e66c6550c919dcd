"""Answers and receipts find each other by the SMSC's id, in whatever order they come. For `sender.outcomes`.

`smsc_id` holds one row a fragment, written by whichever comes first and finished by the other; the finisher makes the fact
`receipt`. A bind's transactions do not overlap (`sender.binds`), so rows are read, changed here and written back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.database import insert_into
from linksvc.facts import NewFact
from linksvc.models import SmscId
from sender.messages import Answer
from sender.receipts import FINAL, Receipt, normalise, other_base


@dataclass(frozen=True, slots=True)
class ReceivedReceipt:
    """A receipt and when it came."""

    receipt: Receipt
    at: datetime


@dataclass(slots=True)
class _Row:
    """A row of smsc_id; `campaign_id` None: the answer has not come; `state` empty: no receipt has."""

    route_id: int
    id: str
    recorded_at: datetime
    raw_id: str = ""
    campaign_id: int | None = None
    n: int | None = None
    part: int | None = None
    parts: int | None = None
    attempt: int | None = None
    state: str = ""
    error: str = ""
    receipts: int = 0
    done_at: datetime | None = None

    @property
    def answered(self) -> bool:
        return self.campaign_id is not None


_COLUMNS = tuple(_Row.__dataclass_fields__)


def match(
    session: Session, route_id: int, answers: Sequence[Answer], receipts: Sequence[ReceivedReceipt], now: datetime
) -> list[NewFact]:
    """Stores the ids of accepted answers and the receipts; returns the facts `receipt` of those that are now complete."""
    keys = [normalise(answer.smsc_id) for answer in answers]
    keys += [normalise(id) for one in receipts for id in one.receipt.ids]
    rows = _read(session, route_id, keys)
    touched: dict[str, _Row] = {}
    for answer in answers:
        row = _take_answer(rows, route_id, answer, now)
        touched[row.id] = row
    for one in receipts:
        row = _take_receipt(rows, route_id, one, now)
        touched[row.id] = row
    _write(session, touched.values())
    return [_fact(row) for row in touched.values() if row.answered and row.state in FINAL]


def _read(session: Session, route_id: int, keys: Iterable[str]) -> dict[str, _Row]:
    wanted = set(keys)
    wanted |= {other for key in wanted if (other := other_base(key))}
    statement = select(*(getattr(SmscId, name) for name in _COLUMNS)).where(
        SmscId.route_id == route_id, col(SmscId.id).in_(wanted)
    )
    return {row.id: row for row in (_Row(*values) for values in session.exec(statement))}


def _take_answer(rows: dict[str, _Row], route_id: int, answer: Answer, now: datetime) -> _Row:
    one, message = answer.submission, answer.submission.message
    key = normalise(answer.smsc_id)
    other = rows.get(other_base(key) or "")
    row = rows.get(key) or (other if other and not other.answered else None)
    this = (message.campaign.id, message.n, one.part, one.attempt)
    if row is None or (row.answered and this != (row.campaign_id, row.n, row.part, row.attempt)):
        # An id that already stands for another fragment was given out again: from now on it means this one.
        row = rows[key] = _Row(route_id, key, now)
    row.campaign_id, row.n, row.part, row.attempt = this
    row.parts, row.raw_id = len(message.payloads), answer.smsc_id
    return row


def _take_receipt(rows: dict[str, _Row], route_id: int, one: ReceivedReceipt, now: datetime) -> _Row:
    receipt = one.receipt
    row = _find(rows, [normalise(id) for id in receipt.ids])
    if row is None:
        key = normalise(receipt.ids[0])
        row = rows[key] = _Row(route_id, key, now, raw_id=receipt.ids[0])
    row.receipts += 1
    if row.state not in FINAL and receipt.state:
        row.state, row.error, row.done_at = receipt.state, receipt.error or "", receipt.done_at
        row.recorded_at = one.at
    return row


def _find(rows: dict[str, _Row], keys: list[str]) -> _Row | None:
    """The row that a receipt belongs to: an answered one by its id, else by its id in the other base, else a waiting one."""
    found = [rows[key] for key in keys if key in rows]
    others = [rows[other] for key in keys if (other := other_base(key)) and other in rows]
    answered = [row for row in (*found, *others) if row.answered]
    return next(iter(answered or found), None)


def _write(session: Session, rows: Iterable[_Row]) -> None:
    values = [asdict(row) for row in rows]
    if not values:
        return
    statement = insert_into(session, SmscId)
    changed = {name: statement.excluded[name] for name in _COLUMNS if name not in ("route_id", "id")}
    session.connection().execute(statement.on_conflict_do_update(index_elements=["route_id", "id"], set_=changed), values)


def _fact(row: _Row) -> NewFact:
    return NewFact(
        campaign_id=row.campaign_id or 0,
        kind="receipt",
        source=f"{row.n}.{row.part}.{row.attempt}",
        n=row.n,
        occurred_at=row.recorded_at,
        value=row.state,
        detail=row.error,
        parts=row.parts or 0,
        route_id=row.route_id,
    )
