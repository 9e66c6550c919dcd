"""Many rows at once, near the speed of the bare driver. Called by `linksvc.facts` and by the tracker's ingest.

SQLAlchemy's INSERT costs several times as much a row. On SQLite it is the driver's own loop over a prepared statement; on
PostgreSQL COPY, which refuses a key that is there already: then that batch goes the slower way.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, SQLModel

from linksvc.database import insert_into, insert_new, is_sqlite

LEAST_COPIED = 50
"""Rows; fewer cost less as statements than the savepoint around a COPY."""

REMEMBERED_VALUES = 4_096
"""A batch's moments, which stand in its hits and in their facts."""

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
    statement = insert_into(session, table).on_conflict_do_nothing()
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(columns))
    # The statement names its columns in the table's order.
    order = [columns.index(name) for name in compiled.positiontup]
    connection.exec_driver_sql(str(compiled), list(_as_stored(connection, _table(table), columns, order, rows)))


def _as_stored(
    connection: Connection, table: Table, columns: Sequence[str], order: Sequence[int], rows: Sequence[Row]
) -> Iterator[tuple[Any, ...]]:
    """The rows as SQLAlchemy would hand them to the driver: times as texts, for example."""
    converted = [(place, _processor(connection, table, columns[i])) for place, i in enumerate(order)]
    for row in rows:
        values = [row[i] for i in order]
        for place, process in converted:
            if process:
                values[place] = process(values[place])
        yield tuple(values)


def _processor(connection: Connection, table: Table, column: str) -> Callable[[Any], Any] | None:
    kind = table.c[column].type.dialect_impl(connection.dialect)
    process = kind.bind_processor(connection.dialect)
    return lru_cache(maxsize=REMEMBERED_VALUES)(process) if process else None


def _copy_or_insert(session: Session, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> None:
    try:
        with session.begin_nested():
            _copy(session.connection(), _table(table), columns, rows)
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        _insert(session, table, columns, rows)


def _copy(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    statement = f"COPY {quote(table.name)} ({', '.join(map(quote, columns))}) FROM STDIN (FORMAT BINARY)"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([table.c[name].type.compile(connection.dialect).lower() for name in columns])
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
        ) from error


def _insert(session: Session, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> None:
    insert_new(session, table, [dict(zip(columns, row, strict=True)) for row in rows])


def _table(table: type[SQLModel]) -> Table:
    found: Table = table.__table__  # type: ignore[attr-defined]
    return found
