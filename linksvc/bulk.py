"""Many rows at once, near the speed of the bare driver. Called by `linksvc.facts` and by the tracker's ingest.

SQLAlchemy's INSERT costs several times as much a row. On SQLite it is the driver's own loop over a prepared statement; on
PostgreSQL COPY, which refuses a key that is there already: then that batch goes the slower way.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.types import TypeEngine
from sqlmodel import Session, SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from linksvc.database import insert_new, is_sqlite

LEAST_COPIED = 50
"""Rows; fewer cost less as statements than the savepoint around a COPY."""

REMEMBERED_MOMENTS = 4_096
"""A batch's: they stand in its hits and again in their facts."""

Row = Sequence[Any]


def insert_rows(session: Session, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Inserts the rows whose key is not there yet; the others stay as they are. A row holds a value for each of `columns`,
    which name all that have no default in the database. Raises SQLAlchemy's errors, as any statement."""
    if not rows:
        return
    if is_sqlite(session):
        _execute_many(session, table, columns, rows)
    elif len(rows) < LEAST_COPIED:
        _insert(session, table, columns, rows)
    else:
        _copy_or_insert(session, table, columns, rows)


def _execute_many(session: Session, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> None:
    connection = session.connection()
    places = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {_target(connection, table, columns)} VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
    connection.exec_driver_sql(statement, _as_stored(table, columns, rows))


def _as_stored(table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """The rows as SQLAlchemy would hand them to the driver: with moments as texts."""
    moments = [place for place, kind in enumerate(_types(table, columns)) if isinstance(kind, UTCDateTime)]
    stored = list(map(list, rows))
    for row in stored:
        for place in moments:
            row[place] = _moment_as_stored(row[place])
    return list(map(tuple, stored))


@lru_cache(maxsize=REMEMBERED_MOMENTS)
def _moment_as_stored(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is not UTC:
        if moment.utcoffset() is None:
            raise ValueError("a moment without a time zone")
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:_MOMENT_CHARACTERS]


_MOMENT_CHARACTERS = len("2026-11-20 09:00:00.000000")


def _copy_or_insert(session: Session, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> None:
    try:
        with session.begin_nested():
            _copy(session.connection(), table, columns, rows)
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        _insert(session, table, columns, rows)


def _copy(connection: Connection, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> None:
    statement = f"COPY {_target(connection, table, columns)} FROM STDIN (FORMAT BINARY)"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([kind.compile(connection.dialect).lower() for kind in _types(table, columns)])
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
        ) from error


def _insert(session: Session, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> None:
    insert_new(session, table, [dict(zip(columns, row, strict=True)) for row in rows])


def _target(connection: Connection, table: type[SQLModel], columns: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(str(table.__tablename__))} ({', '.join(map(quote, columns))})"


def _types(table: type[SQLModel], columns: Sequence[str]) -> list[TypeEngine[Any]]:
    found: Table = table.__table__  # type: ignore[attr-defined]
    return [found.c[name].type for name in columns]
