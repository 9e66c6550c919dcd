"""Answers and receipts find each other by the SMSC's id, in whatever order and on whatever connection they come. For
`sender.outcomes`.

`smsc_id` holds one row a part, written by whichever comes first and finished by the other: both by one upsert, which adds
to what stands there, so that two binds of a route that hold the two halves at one moment lose nothing. Whoever finds both
in the row that the upsert returns makes the fact `receipt`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, delete, func, select

from linksvc.facts import NewFact
from linksvc.models import SmscId
from linksvc.route_accounts import RouteReading
from sender.id_rows import IdRow, StoredId, rank, upsert
from sender.message_ids import canonical
from sender.messages import Answer
from sender.receipts import FINAL, Receipt

_USUAL = RouteReading()
_FAILED_OTHERWISE = {"SKIPPED": "UNDELIVERABLE"}
"""Final states of which counters know no name of their own."""


class ReceivedReceipt(NamedTuple):
    """A receipt, when it came, and what its error means (`linksvc.delivery_causes`)."""

    receipt: Receipt
    at: datetime
    cause: str = ""


def match(
    session: Session,
    route_id: int,
    answers: Sequence[Answer],
    receipts: Sequence[ReceivedReceipt],
    now: datetime,
    reading: RouteReading = _USUAL,
) -> list[NewFact]:
    """Stores the ids of accepted answers and the receipts; returns the facts `receipt` of those that are now complete."""
    news: dict[str, IdRow] = {}
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
            row = news.setdefault(key, IdRow(route_id, key, now, raw_id=one.receipt.ids[0]))
            row.twin = row.twin or twin
            _add(row, one)
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


def _answered(route_id: int, answer: Answer, now: datetime, reading: RouteReading) -> IdRow:
    one, message = answer.submission, answer.submission.message
    return IdRow(
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


def _add(row: IdRow, one: ReceivedReceipt) -> None:
    receipt = one.receipt
    row.receipts += 1
    row.number = row.number or receipt.number
    if not receipt.state:
        return
    told = f"{receipt.state} {one.at.isoformat(timespec='seconds')[:19]}Z"
    row.states = f"{row.states};{told}" if row.states else told
    if rank(receipt.state) > rank(row.state):
        row.state, row.error, row.cause = receipt.state, receipt.error or "", one.cause
        row.done_at, row.recorded_at = receipt.done_at, one.at


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


def _store(session: Session, route_id: int, news: Mapping[str, IdRow]) -> list[NewFact]:
    if not news:
        return []
    # In one order for everybody: two transactions that want each other's rows would wait for ever.
    stored = upsert(session, [news[key] for key in sorted(news)])
    # What brought answer and receipt together leaves the same receipt behind under its other id. Later that id may be
    # another message's.
    met = [row for row in stored if row.campaign_id is not None and (news[row.id].twin or news[row.id].campaign_id)]
    superfluous = sorted({row.twin for row in met if row.twin})
    if superfluous:
        session.connection().execute(
            delete(SmscId).where(
                col(SmscId.route_id) == route_id, col(SmscId.id).in_(superfluous), col(SmscId.campaign_id).is_(None)
            )
        )
    return [_fact(row, route_id) for row in stored if row.campaign_id is not None and row.state in FINAL]


def _fact(row: StoredId, route_id: int) -> NewFact:
    return NewFact(
        campaign_id=row.campaign_id or 0,
        kind="receipt",
        source=f"{row.n}.{row.part}.{row.attempt}",
        n=row.n,
        occurred_at=row.recorded_at,
        value=_FAILED_OTHERWISE.get(row.state, row.state),
        detail=row.error,
        parts=row.parts or 0,
        route_id=route_id,
        cause=row.cause,
    )
