"""Statements that are run for every redemption: their text is written once, and the driver gets it by itself. SQLAlchemy's
way around a statement of a few rows takes several times as long as the driver, and longer than the database.

Called by whatever a group of redemptions asks and writes, and by `linksvc.bulk`. They run in the session's transaction like
any other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Written:
    text: str
    places: Sequence[str] | None
    """The names of the parameters, where the driver takes them by their places."""
    reads: Sequence[Read | None]

    own: Mapping[str, Any]
    """Parameters that are the same each time."""

    def arranged(self, parameters: Mapping[str, Any]) -> Any:
        named = {**self.own, **parameters}
        return named if self.places is None else tuple(named[name] for name in self.places)


class Statement:
    """One statement. `make` builds it, for SQLite or not; each of its parameters has a name, and is a text, a number or, on
    PostgreSQL, a list of these: it goes to the driver as it is."""

    def __init__(self, make: Callable[[bool], Executable]) -> None:
        self._make = make
        self._written: dict[str, _Written] = {}
        """By the name of the dialect."""

    def rows(self, session: Session, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What a SELECT finds: moments in UTC, True and False where something is so or not."""
        connection = session.connection()
        written = self._on(connection.dialect)
        found = execute(connection, written.text, written.arranged(parameters))
        return as_read(written.reads, found.fetchall())

    def changed(self, session: Session, parameters: Mapping[str, Any]) -> int:
        """How many rows an UPDATE changes."""
        connection = session.connection()
        written = self._on(connection.dialect)
        return int(execute(connection, written.text, written.arranged(parameters)).rowcount)

    def _on(self, dialect: Dialect) -> _Written:
        if (written := self._written.get(dialect.name)) is None:
            written = self._written[dialect.name] = _write(self._make(dialect.name == "sqlite"), dialect)
        return written


def execute(connection: Connection, statement: str, parameters: Any, *, is_planned_anew: bool = False) -> Any:
    """Runs a statement that is written as the driver wants it; returns the driver's cursor. Raises SQLAlchemy's errors.

    `is_planned_anew`: on PostgreSQL it is planned each time. One that joins a table which is small yet reads all of it, and
    a plan that is kept would go on to when the table is large.
    """
    if connection.engine.dispatch.before_cursor_execute:  # Whoever wants to hear of every statement hears of this one too.
        return connection.exec_driver_sql(statement, parameters)
    driver: Any = connection.connection.driver_connection
    errors: Any = connection.dialect.loaded_dbapi.Error
    try:
        if is_planned_anew and connection.dialect.name != "sqlite":
            return driver.execute(statement, parameters, prepare=False)
        return driver.execute(statement, parameters)
    except errors as error:
        is_gone = connection.dialect.is_disconnect(error, driver, None)
        if is_gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement,
            None,
            error,
            errors,
            hide_parameters=True,
            connection_invalidated=is_gone,
            dialect=connection.dialect,
        ) from error


def reads_of(kinds: Sequence[TypeEngine[Any]], sqlite: bool) -> list[Read | None]:
    """How what the driver gives for columns of these types is to be read; None: it is what it is to be."""
    moment, truth = (moment_as_read, bool) if sqlite else (_in_utc, None)
    return [moment if isinstance(kind, UTCDateTime) else truth if isinstance(kind, Boolean) else None for kind in kinds]


def as_read(reads: Sequence[Read | None], rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The driver's rows, read column by column."""
    if not rows or not any(reads):
        return list(rows)
    by_column: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, read in enumerate(reads):
        if read is not None:
            by_column[place] = [None if value is None else read(value) for value in by_column[place]]
    return list(zip(*by_column, strict=True))


def moment_as_read(stored: str) -> datetime:
    """A moment as SQLite holds it."""
    return datetime.fromisoformat(stored + "+00:00")


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _write(statement: Executable, dialect: Dialect) -> _Written:
    compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    kinds = [column.type for column in getattr(statement, "selected_columns", ())]
    own = {name: value for name, value in compiled.params.items() if value is not None}
    return _Written(str(compiled), compiled.positiontup, reads_of(kinds, dialect.name == "sqlite"), own)
