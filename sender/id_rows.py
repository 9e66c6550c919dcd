"""The rows of smsc_id and the one statement that writes them: an upsert that adds what a batch has learnt to what stands
there. For `sender.matching`.

Two rows are written for every part that is sent, so the statement goes to the driver as it is: SQLAlchemy's own costs ten
times as much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from linksvc.bulk import as_records, recordset
from linksvc.database import is_sqlite
from linksvc.models import SmscId
from sender.receipts import INTERMEDIATE

MOST_STATES_TOLD = 1_000
"""In characters: an SMSC that repeats itself for days must not make rows that nobody can read."""

_RANK = {"": 0} | {state: rank for rank, state in enumerate(INTERMEDIATE, 1)}
_FINAL_RANK = len(_RANK)


@dataclass(slots=True)
class IdRow:
    """What a batch adds to a row; `campaign_id` None: no answer, `receipts` 0: no receipt. As it is returned: what stands
    there now."""

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


_COLUMNS = tuple(IdRow.__dataclass_fields__)
_of = attrgetter(*_COLUMNS)
_MOMENTS = tuple(_COLUMNS.index(name) for name in ("recorded_at", "done_at"))
_ANSWERED = ("raw_id", "campaign_id", "n", "part", "parts", "attempt")
_TOLD = ("state", "error", "cause", "done_at", "recorded_at")


def rank(state: str) -> int:
    """How far a state is on its way; the final ones are all at its end."""
    return _RANK.get(state, _FINAL_RANK)


def upsert(session: Session, rows: Sequence[IdRow]) -> list[IdRow]:
    """Adds the rows, each of another id, to those that are there; returns what stands there afterwards.

    The first answer's part holds until another part gets the same id: then the row begins anew. A state moves forward only.
    """
    if not rows:
        return []
    if is_sqlite(session):
        return _upsert_on_sqlite(session.connection(), rows)
    connection = session.connection()
    source = f"SELECT * FROM {recordset(connection, SmscId, _COLUMNS)}"  # noqa: S608
    stored = connection.exec_driver_sql(_STATEMENT.format(source), (as_records(_COLUMNS, [_of(row) for row in rows]),))
    return [IdRow(*row) for row in stored]


def _upsert_on_sqlite(connection: Connection, rows: Sequence[IdRow]) -> list[IdRow]:
    to_store = _moment_processors(connection, "bind_processor")
    to_read = _moment_processors(connection, "result_processor", None)
    values = tuple(value for row in rows for value in _converted(list(_of(row)), to_store))
    places = ", ".join([f"({', '.join('?' * len(_COLUMNS))})"] * len(rows))
    stored = connection.exec_driver_sql(_STATEMENT.format(f"VALUES {places}"), values)
    return [IdRow(*_converted(list(row), to_read)) for row in stored]


def _converted(values: list[Any], processors: dict[int, Any]) -> list[Any]:
    for place, process in processors.items():
        values[place] = process(values[place])
    return values


def _moment_processors(connection: Connection, kind: str, *arguments: object) -> dict[int, Any]:
    """How the dialect writes or reads moments, by their places."""
    columns = SmscId.__table__.c  # type: ignore[attr-defined]
    found = {place: columns[_COLUMNS[place]].type.dialect_impl(connection.dialect) for place in _MOMENTS}
    made = {place: getattr(type, kind)(connection.dialect, *arguments) for place, type in found.items()}
    return {place: process for place, process in made.items() if process}


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


_STATEMENT = f"INSERT INTO smsc_id ({', '.join(_COLUMNS)}) {{}} {_on_conflict()} RETURNING {', '.join(_COLUMNS)}"
