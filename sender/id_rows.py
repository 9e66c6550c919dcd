"""The rows of smsc_id and the one statement that writes them: an upsert that adds what a batch has learnt to what stands
there. For `sender.matching`.

Two rows are written for every part that is sent, so the statement goes to the driver as it is: SQLAlchemy's own costs ten
times as much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from sqlmodel import Session

from linksvc.bulk import as_stored, recordset
from linksvc.database import is_sqlite
from linksvc.models import SmscId
from linksvc.postgresql_arrays import as_records
from linksvc.statements import moment_as_read
from sender.receipts import INTERMEDIATE

MOST_STATES_TOLD = 1_000
"""In characters: an SMSC that repeats itself for days must not make rows that nobody can read."""

_RANK = {"": 0} | {state: rank for rank, state in enumerate(INTERMEDIATE, 1)}
_FINAL_RANK = len(_RANK)


@dataclass(slots=True)
class IdRow:
    """What a batch adds to a row; `campaign_id` None: no answer, `receipts` 0: no receipt."""

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


class StoredId(NamedTuple):
    """What stands in a row now."""

    id: str
    twin: str
    campaign_id: int | None
    n: int | None
    part: int | None
    parts: int | None
    attempt: int | None
    state: str
    error: str
    cause: str
    recorded_at: datetime


_COLUMNS = tuple(IdRow.__dataclass_fields__)
_of = attrgetter(*_COLUMNS)
_ANSWERED = ("raw_id", "campaign_id", "n", "part", "parts", "attempt")
_TOLD = ("state", "error", "cause", "done_at", "recorded_at")


def rank(state: str) -> int:
    """How far a state is on its way; the final ones are all at its end."""
    return _RANK.get(state, _FINAL_RANK)


def upsert(session: Session, rows: Sequence[IdRow]) -> list[StoredId]:
    """Adds the rows, each of another id, to those that are there; returns what stands there afterwards.

    The first answer's part holds until another part gets the same id: then the row begins anew. A state moves forward only.
    """
    if not rows:
        return []
    connection, given = session.connection(), [_of(row) for row in rows]
    if is_sqlite(session):
        places = ", ".join([_PLACES] * len(rows))
        values = tuple(chain.from_iterable(as_stored(SmscId, _COLUMNS, given)))
        stored = connection.exec_driver_sql(_STATEMENT.format(f"VALUES {places}"), values)
        return [StoredId._make((*row[:-1], moment_as_read(row[-1]))) for row in stored.all()]
    source = f"SELECT * FROM {recordset(connection, SmscId, _COLUMNS)}"  # noqa: S608
    stored = connection.exec_driver_sql(_STATEMENT.format(source), as_records(given))
    return [StoredId(*row) for row in stored.all()]


def _on_conflict() -> str:
    answers = "excluded.campaign_id IS NOT NULL"
    # An id that stands for another part already was given out again: from now on it means this one.
    differs = " OR ".join(f"smsc_id.{name} <> excluded.{name}" for name in ("campaign_id", "n", "part", "attempt"))
    again = f"({answers} AND smsc_id.campaign_id IS NOT NULL AND ({differs}))"
    further = f"({again} OR {_rank_of('excluded.state')} > {_rank_of('smsc_id.state')})"
    changes = {name: f"CASE WHEN {answers} THEN excluded.{name} ELSE smsc_id.{name} END" for name in _ANSWERED}
    changes |= {name: f"CASE WHEN {further} THEN excluded.{name} ELSE smsc_id.{name} END" for name in _TOLD}
    changes["number"] = "CASE smsc_id.number WHEN '' THEN excluded.number ELSE smsc_id.number END"
    changes["twin"] = f"CASE WHEN {again} OR smsc_id.twin = '' THEN excluded.twin ELSE smsc_id.twin END"
    changes["receipts"] = f"CASE WHEN {again} THEN 0 ELSE smsc_id.receipts END + excluded.receipts"
    changes["states"] = (
        f"CASE WHEN {again} OR smsc_id.states = '' THEN excluded.states "
        f"WHEN excluded.states = '' OR length(smsc_id.states) > {MOST_STATES_TOLD} THEN smsc_id.states "
        "ELSE smsc_id.states || ';' || excluded.states END"
    )
    return "ON CONFLICT (route_id, id) DO UPDATE SET " + ", ".join(f"{name} = {value}" for name, value in changes.items())


def _rank_of(state: str) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {rank}" for name, rank in _RANK.items())
    return f"CASE {state} {cases} ELSE {_FINAL_RANK} END"


_STATEMENT = f"INSERT INTO smsc_id ({', '.join(_COLUMNS)}) {{}} {_on_conflict()} RETURNING {', '.join(StoredId._fields)}"
_PLACES = f"({', '.join('?' * len(_COLUMNS))})"
