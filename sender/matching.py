"""Answers and receipts find each other by the SMSC's id, in whatever order and on whatever connection they come. For
`sender.outcomes`.

`smsc_id` holds one row a part, written by whichever comes first and finished by the other: both by one upsert, which adds
to what stands there, so that two binds of a route that hold the two halves at one moment lose nothing. Whoever finds both
in the row that the upsert returns makes the fact `receipt`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, func, or_
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col, select

from linksvc.database import is_sqlite
from linksvc.facts import NewFact
from linksvc.models import SmscId
from linksvc.route_accounts import RouteReading
from sender.message_ids import canonical
from sender.messages import Answer
from sender.receipts import FINAL, INTERMEDIATE, Receipt

MOST_STATES_TOLD = 1_000
"""In characters: an SMSC that repeats itself for days must not make rows that nobody can read."""

_USUAL = RouteReading()
_RANK = {"": 0} | {state: rank for rank, state in enumerate(INTERMEDIATE, 1)}
_FINAL_RANK = len(_RANK)
_FAILED_OTHERWISE = {"SKIPPED": "UNDELIVERABLE"}
"""Final states of which counters know no name of their own."""


@dataclass(frozen=True, slots=True)
class ReceivedReceipt:
    """A receipt, when it came, and what its error means (`linksvc.delivery_causes`)."""

    receipt: Receipt
    at: datetime
    cause: str = ""


@dataclass(slots=True)
class _News:
    """What a batch adds to a row of smsc_id; `campaign_id` None: no answer, `receipts` 0: no receipt."""

    route_id: int
    id: str
    recorded_at: datetime
    raw_id: str = ""
    twin: str = ""
    number: str = ""
    campaign_id: int | None = None
    n: int | None = None
    part: int | None = None
    parts: int | None = None
    attempt: int | None = None
    state: str = ""
    error: str = ""
    cause: str = ""
    states: str = ""
    receipts: int = 0
    done_at: datetime | None = None

    def add_receipt(self, one: ReceivedReceipt) -> None:
        receipt = one.receipt
        self.receipts += 1
        self.number = self.number or receipt.number
        if not receipt.state:
            return
        told = f"{receipt.state} {one.at:%Y-%m-%dT%H:%M:%SZ}"
        self.states = f"{self.states};{told}" if self.states else told
        if _rank(receipt.state) > _rank(self.state):
            self.state, self.error, self.cause = receipt.state, receipt.error or "", one.cause
            self.done_at, self.recorded_at = receipt.done_at, one.at


_COLUMNS = tuple(_News.__dataclass_fields__)
_ANSWERED = ("raw_id", "campaign_id", "n", "part", "parts", "attempt")
_TOLD = ("state", "error", "cause", "done_at", "recorded_at")


def match(
    session: Session,
    route_id: int,
    answers: Sequence[Answer],
    receipts: Sequence[ReceivedReceipt],
    now: datetime,
    reading: RouteReading = _USUAL,
) -> list[NewFact]:
    """Stores the ids of accepted answers and the receipts; returns the facts `receipt` of those that are now complete."""
    news: dict[str, _News] = {}
    made: list[NewFact] = []
    for answer in answers:
        row = _answered(route_id, answer, now, reading)
        if row.id in news:
            # An SMSC that gives one id to several parts: each stands for the id until the next.
            made += _store(session, route_id, news)
            news = {}
        news[row.id] = row
    for one, ids in zip(receipts, _placed(session, route_id, receipts, news.keys()), strict=True):
        for key, twin in ids.items():
            row = news.setdefault(key, _News(route_id, key, now, raw_id=one.receipt.ids[0]))
            row.twin = row.twin or twin
            row.add_receipt(one)
    return made + _store(session, route_id, news)


def parked(session: Session, route_id: int | None = None) -> int:
    """How many ids receipts have told that no answer has."""
    statement = select(func.count()).where(col(SmscId.campaign_id).is_(None))
    if route_id is not None:
        statement = statement.where(SmscId.route_id == route_id)
    return session.exec(statement).one()


def keys_of(receipt: Receipt) -> tuple[str, ...]:
    """The keys under which a receipt's row may stand, the surest first; without any it names no message."""
    return receipt.keys or tuple(dict.fromkeys(key for id in receipt.ids if (key := canonical(id))))


def _answered(route_id: int, answer: Answer, now: datetime, reading: RouteReading) -> _News:
    one, message = answer.submission, answer.submission.message
    return _News(
        route_id,
        canonical(answer.smsc_id, reading.answer_id),
        now,
        raw_id=answer.smsc_id,
        campaign_id=message.campaign.id,
        n=message.n,
        part=one.part,
        parts=len(message.payloads),
        attempt=one.attempt,
    )


def _placed(
    session: Session, route_id: int, receipts: Sequence[ReceivedReceipt], answered: Iterable[str]
) -> list[Mapping[str, str]]:
    """For each receipt the rows it belongs to, each with its twin: the one that has an answer, else one for each of its
    ids, of which the answer will choose one."""
    keys = [keys_of(one.receipt) for one in receipts]
    doubtful = {key for several in keys if len(several) > 1 for key in several}
    known = set(answered)
    if doubtful:
        statement = select(SmscId.id).where(
            SmscId.route_id == route_id, col(SmscId.id).in_(doubtful), col(SmscId.campaign_id).is_not(None)
        )
        known |= set(session.exec(statement))
    placed: list[Mapping[str, str]] = []
    for several in keys:
        sure = [key for key in several if key in known][:1] or several
        placed.append({key: next((other for other in sure if other != key), "") for key in sure})
    return placed


def _store(session: Session, route_id: int, news: Mapping[str, _News]) -> list[NewFact]:
    if not news:
        return []
    # In one order for everybody: two transactions that want each other's rows would wait for ever.
    rows = [{name: getattr(news[key], name) for name in _COLUMNS} for key in sorted(news)]
    stored = session.connection().execute(_upsert(is_sqlite(session)), rows).all()
    # A twin that is not answered is the same receipt under its other id.
    superfluous = sorted({row.twin for row in stored if row.twin and row.campaign_id is not None})
    if superfluous:
        session.connection().execute(
            delete(SmscId).where(
                col(SmscId.route_id) == route_id, col(SmscId.id).in_(superfluous), col(SmscId.campaign_id).is_(None)
            )
        )
    return [_fact(row) for row in stored if row.campaign_id is not None and row.state in FINAL]


@cache
def _upsert(sqlite: bool) -> Any:
    statement = (sqlite_insert if sqlite else postgresql_insert)(SmscId)
    old, new = SmscId.__table__.c, statement.excluded  # type: ignore[attr-defined]
    answers = new.campaign_id.is_not(None)
    # An id that stands for another part already was given out again: from now on it means this one.
    again = and_(
        answers,
        old.campaign_id.is_not(None),
        or_(*(old[name] != new[name] for name in ("campaign_id", "n", "part", "attempt"))),
    )
    further = or_(again, _rank_of(new.state) > _rank_of(old.state))
    changed = {name: case((answers, new[name]), else_=old[name]) for name in _ANSWERED}
    changed |= {name: case((further, new[name]), else_=old[name]) for name in _TOLD}
    changed |= {
        "number": case((old.number == "", new.number), else_=old.number),
        "twin": case((old.twin == "", new.twin), else_=old.twin),
        "receipts": case((again, new.receipts), else_=old.receipts + new.receipts),
        "states": case(
            (or_(again, old.states == ""), new.states),
            (or_(new.states == "", func.length(old.states) > MOST_STATES_TOLD), old.states),
            else_=old.states + ";" + new.states,
        ),
    }
    return statement.on_conflict_do_update(index_elements=["route_id", "id"], set_=changed).returning(*old)


def _rank_of(state: ColumnElement[str]) -> ColumnElement[int]:
    return case(_RANK, value=state, else_=_FINAL_RANK)


def _rank(state: str) -> int:
    return _RANK.get(state, _FINAL_RANK)


def _fact(row: Any) -> NewFact:
    return NewFact(
        campaign_id=row.campaign_id,
        kind="receipt",
        source=f"{row.n}.{row.part}.{row.attempt}",
        n=row.n,
        occurred_at=row.recorded_at,
        value=_FAILED_OTHERWISE.get(row.state, row.state),
        detail=row.error,
        parts=row.parts,
        route_id=row.route_id,
        cause=row.cause,
    )
