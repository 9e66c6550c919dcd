"""Many rows at once, near the speed of the bare driver. Called by facts and their applier, promo codes, ingest, the sender.

SQLAlchemy's INSERT costs several times as much a row. On SQLite it is the driver's own loop over a prepared statement. On
PostgreSQL few rows are one statement and many a COPY, which refuses a key that is there already: then they go as few do.
Rows that differ in one text only go as one list into one statement.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Subquery,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.types import TypeEngine
from sqlmodel import Session, SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from linksvc.database import is_sqlite
from linksvc.postgresql_arrays import as_records
from linksvc.statements import as_read, execute, reads_of

LEAST_COPIED = 150
"""Rows; fewer cost less as one statement than the savepoint around a COPY, of our processor time and the server's."""

UNIQUE_VIOLATION = "23505"
"""PostgreSQL's SQLSTATE."""

REMEMBERED_MOMENTS = 4_096
"""A batch's: they stand in its hits and again in their facts."""

REMEMBERED_TEXTS = 256
"""Of SQL: what names the same columns of the same table is written the same."""

NOTHING: Mapping[str, Any] = MappingProxyType({})

Row = Sequence[Any]

NewRows = tuple[type[SQLModel], Sequence[str], Sequence[Row]]
"""A table, its columns, and rows with a value for each of them."""


def insert_rows(
    session: Session,
    table: type[SQLModel],
    columns: Sequence[str],
    rows: Sequence[Row],
    of_all: Mapping[str, Any] = NOTHING,
) -> None:
    """Inserts the rows whose key is not there yet; the others stay as they are. A row holds a value for each of `columns`,
    and `of_all` names what all of them hold alike: together all columns that have no default in the database. Raises
    SQLAlchemy's errors, as any statement."""
    if not rows:
        return
    if is_sqlite(session):
        _execute_many(session, table, columns, rows, of_all)
        return
    if of_all:
        columns, alike = (*columns, *of_all), tuple(of_all.values())
        rows = [(*row, *alike) for row in rows]
    if len(rows) < LEAST_COPIED:
        _insert(session, table, columns, rows)
    else:
        _copy_or_insert(session, table, columns, rows)


def append_rows(session: Session, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Inserts the rows, few or many; a key that is there already is an error, as of any INSERT. `columns` as above."""
    append_to_all(session, [(table, columns, rows)])


def append_to_all(session: Session, tables: Sequence[NewRows]) -> None:
    """As `append_rows`, into several tables: on PostgreSQL by one statement, so that it is waited for once."""
    tables = [one for one in tables if one[2]]
    if not tables:
        return
    connection = session.connection()
    if is_sqlite(session):
        for table, columns, rows in tables:
            places = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {_target(connection, table, columns)} VALUES ({places})"  # noqa: S608
            connection.exec_driver_sql(statement, as_stored(table, columns, rows))
        return
    *others, last = [
        f"INSERT INTO {_target(connection, table, columns)} SELECT * FROM {recordset(connection, table, columns)}"  # noqa: S608
        for table, columns, _ in tables
    ]
    before = ", ".join(f"other_{place} AS ({other})" for place, other in enumerate(others))
    statement = f"WITH {before} {last}" if before else last
    execute(connection, statement, tuple(array for _, _, rows in tables for array in as_records(rows)))


def insert_fresh(
    session: Session, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row], returning: Sequence[str]
) -> list[tuple[Any, ...]]:
    """As `insert_rows`, on PostgreSQL only; returns these columns of the rows that were not there yet. On SQLite, with its
    one writer, whoever has looked knows which are."""
    if not rows:
        return []
    connection = session.connection()
    names = ", ".join(map(connection.dialect.identifier_preparer.quote, returning))
    source = f"SELECT * FROM {recordset(connection, table, columns)}"  # noqa: S608
    statement = f"INSERT INTO {_target(connection, table, columns)} {source} ON CONFLICT DO NOTHING RETURNING {names}"
    made: list[tuple[Any, ...]] = execute(connection, statement, as_records(rows)).fetchall()
    return made


def update_rows(
    session: Session, table: type[SQLModel], keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]
) -> None:
    """Writes `columns` of the rows that `keys` name; a row here holds the values of the keys, then of the columns. On
    PostgreSQL they are locked in no order."""
    if not rows:
        return
    connection = session.connection()
    quote = connection.dialect.identifier_preparer.quote
    name = quote(str(table.__tablename__))
    if is_sqlite(session):
        changes, chosen = ", ".join(f"{quote(c)} = ?" for c in columns), " AND ".join(f"{quote(k)} = ?" for k in keys)
        values = as_stored(table, (*columns, *keys), [(*row[len(keys) :], *row[: len(keys)]) for row in rows])
        connection.exec_driver_sql(f"UPDATE {name} SET {changes} WHERE {chosen}", values)  # noqa: S608
        return
    changes = ", ".join(f"{quote(c)} = given.{quote(c)}" for c in columns)
    chosen = " AND ".join(f"{name}.{quote(k)} = given.{quote(k)}" for k in keys)
    given = recordset(connection, table, (*keys, *columns))
    statement = f"UPDATE {name} SET {changes} FROM {given} WHERE {chosen}"  # noqa: S608
    execute(connection, statement, as_records(rows), is_planned_anew=True)


def mark_rows(
    session: Session,
    table: type[SQLModel],
    marked: tuple[str, Any],
    within: Mapping[str, Any],
    key: str,
    values: Collection[Any],
) -> None:
    """Writes the same into one column, named with what it gets, of the rows whose `key`, a number or a text, is one of the
    values and that lie `within`: columns and what they hold. A statement of its own for each row takes twice as long."""
    if not values:
        return
    connection, sqlite = session.connection(), is_sqlite(session)
    quote = connection.dialect.identifier_preparer.quote
    place, chosen = ("?", "IN (SELECT value FROM json_each(?))") if sqlite else ("%s", "= ANY(%s)")
    held = " AND ".join(f"{quote(name)} = {place}" for name in within)
    change = f"UPDATE {quote(str(table.__tablename__))} SET {quote(marked[0])} = {place}"  # noqa: S608
    told = (marked[1], *within.values())
    given = as_stored(table, (marked[0], *within), [told])[0] if sqlite else told
    execute(connection, f"{change} WHERE {held} AND {quote(key)} {chosen}", (*given, as_one(sqlite, values)))


def add_to_rows(
    session: Session, table: type[SQLModel], keys: Sequence[str], sums: Sequence[str], rows: Sequence[Row]
) -> None:
    """Adds to `sums` of the rows that `keys` name, one after the other; one that is not there yet begins with these. A row
    here holds the values of the keys, then what to add, and stands once in `rows`."""
    if not rows:
        return
    connection = session.connection()
    quote = connection.dialect.identifier_preparer.quote
    name, columns = quote(str(table.__tablename__)), (*keys, *sums)
    added = ", ".join(f"{quote(c)} = {name}.{quote(c)} + excluded.{quote(c)}" for c in sums)
    key = ", ".join(map(quote, keys))
    target = f"INSERT INTO {_target(connection, table, columns)}"
    adding = f"ON CONFLICT ({key}) DO UPDATE SET {added}"
    if is_sqlite(session):
        places = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"{target} VALUES ({places}) {adding}", as_stored(table, columns, rows))
        return
    source = f"SELECT * FROM {recordset(connection, table, columns)}"  # noqa: S608
    connection.exec_driver_sql(f"{target} {source} {adding}", as_records(rows))


def read_rows(
    session: Session,
    table: type[SQLModel],
    columns: Sequence[str],
    within: tuple[str, Any],
    key: str,
    values: Collection[Any],
) -> list[tuple[Any, ...]]:
    """These columns of the rows whose `key`, a number or a text, is one of the values and that lie `within`: a column and
    what it holds. In no order. SQLAlchemy's own rows, above all their moments, take several times as long."""
    if not values:
        return []
    connection, sqlite = session.connection(), is_sqlite(session)
    quote = connection.dialect.identifier_preparer.quote
    names, name = ", ".join(map(quote, columns)), quote(str(table.__tablename__))
    place, chosen = ("?", "IN (SELECT value FROM json_each(?))") if sqlite else ("%s", "= ANY(%s)")
    statement = f"SELECT {names} FROM {name} WHERE {quote(within[0])} = {place} AND {quote(key)} {chosen}"  # noqa: S608
    rows = connection.exec_driver_sql(statement, (within[1], as_one(sqlite, values))).all()
    return as_read(reads_of(_types(table, columns), sqlite), rows)


def recordset(connection: Connection, table: type[SQLModel], columns: Sequence[str]) -> str:
    """On PostgreSQL: rows as a table `given` of a statement, in one parameter a column (`as_records`) however many they are.
    The driver looks for each parameter in the statement's text, and JSON takes the server as long to read as the rows take
    to store."""
    return _recordset(connection.dialect, table, tuple(columns))


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _recordset(dialect: Dialect, table: type[SQLModel], columns: tuple[str, ...]) -> str:
    """Written once: to write it takes longer than to send it with a few rows."""
    arrays = ", ".join(f"%s::{kind.compile(dialect)}[]" for kind in _types(table, columns))
    return f"unnest({arrays}) AS given ({', '.join(map(dialect.identifier_preparer.quote, columns))})"


def among(session: Session, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Whether a column holds one of the values: with one parameter however many they are, so that the statement stays the
    same. Numbers, texts or moments."""
    sqlite = is_sqlite(session)
    return one_of(column, sqlite, literal(as_one(sqlite, values), _type_of_one(column, sqlite)))


def one_of(column: Any, sqlite: bool, values: str | ColumnElement[Any]) -> ColumnElement[bool]:
    """The same, for a statement that is made once: `values` names the parameter, which gets what `as_one` makes of them."""
    if isinstance(values, str):
        values = bindparam(values, type_=_type_of_one(column, sqlite))
    if not sqlite:
        equal: ColumnElement[bool] = column.expression == any_(values)
        return equal
    chosen: ColumnElement[bool] = column.expression.in_(select(func.json_each(values).table_valued("value").c.value))
    return chosen


def as_one(sqlite: bool, values: Collection[Any]) -> Any:
    if not sqlite:
        return list(values)
    return orjson.dumps([_moment_as_stored(one) if isinstance(one, datetime) else one for one in values]).decode()


def _type_of_one(column: Any, sqlite: bool) -> TypeEngine[Any]:
    return Text() if sqlite else ARRAY(column.expression.type)


def listed(session: Session, values: Sequence[str]) -> Subquery:
    """The texts as a table of one statement: `value`, and its `place` from 0 on."""
    if is_sqlite(session):
        each = func.json_each(literal(orjson.dumps(list(values)).decode(), Text)).table_valued("key", "value")
        return select(
            type_coerce(each.c.key, BigInteger).label("place"), type_coerce(each.c.value, Text).label("value")
        ).subquery()
    array = literal(list(values), ARRAY(Text))
    each = func.unnest(array).table_valued("value", with_ordinality="key").render_derived()
    return select(
        type_coerce(each.c.key - 1, BigInteger).label("place"), type_coerce(each.c.value, Text).label("value")
    ).subquery()


def given(columns: Mapping[str, Any], sqlite: bool) -> Subquery:
    """Rows as a table of a statement that is made once: their `place` from 0 on, and these columns, each of the type of a
    model's. Its parameters are what `as_given` makes of them."""
    kinds: dict[str, TypeEngine[Any]] = {name: column.expression.type for name, column in columns.items()}
    if sqlite:
        each = func.json_each(bindparam("given", type_=Text())).table_valued("key", "value")
        told = [
            type_coerce(func.json_extract(each.c.value, f"$[{place}]"), kind).label(name)
            for place, (name, kind) in enumerate(kinds.items())
        ]
        return select(type_coerce(each.c.key, BigInteger).label("place"), *told).subquery()
    # No arrays: the driver writes them in Python, which takes longer than to run the statement.
    records = func.json_to_recordset(cast(bindparam("given", type_=Text()), JSON))
    each = records.table_valued(*(column(name, kind) for name, kind in [("place", BigInteger()), *kinds.items()]))
    # The limit takes none away. Without it the planner expects a hundred rows, with it a tenth: a table of some thousand
    # rows is looked up by its index then, in the order of what is given, and not read whole.
    return select(each.render_derived(with_types=True)).limit(bindparam("given_rows", type_=BigInteger())).subquery()


def as_given(columns: Sequence[str], rows: Sequence[Row], sqlite: bool) -> dict[str, str | int]:
    """Numbers and texts."""
    if sqlite:
        return {"given": orjson.dumps([list(row) for row in rows]).decode()}
    placed = [dict(zip(columns, row, strict=True)) | {"place": place} for place, row in enumerate(rows)]
    return {"given": orjson.dumps(placed).decode(), "given_rows": len(placed)}


def _execute_many(
    session: Session, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row], of_all: Mapping[str, Any]
) -> None:
    connection = session.connection()
    # What is alike stands in the statement itself: the driver copies each value of each row once more.
    alike = map(_literal, as_stored(table, tuple(of_all), [tuple(of_all.values())])[0]) if of_all else ()
    values = ", ".join((*"?" * len(columns), *alike))
    target = _target(connection, table, (*columns, *of_all))
    statement = f"INSERT INTO {target} VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608
    connection.exec_driver_sql(statement, as_stored(table, columns, rows))


def _literal(value: str | int | None) -> str:
    """A value as SQL writes it."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'{}'".format(value.replace("'", "''"))


def as_stored(table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """The rows as SQLAlchemy would hand them to the driver: with moments as texts."""
    by_column: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, kind in enumerate(_types(table, columns)):
        if isinstance(kind, UTCDateTime):
            by_column[place] = list(map(_moment_as_stored, by_column[place]))
    return list(zip(*by_column, strict=True))


@lru_cache(maxsize=REMEMBERED_MOMENTS)
def _moment_as_stored(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is not UTC:
        if moment.utcoffset() is None:
            raise ValueError("a moment without a time zone")
        moment = moment.astimezone(UTC)
    # RFC 3339, several times faster than the library's own way: `"2026-11-20T09:00:00.000001+00:00"`, quotes included.
    text = orjson.dumps(moment).decode()
    return f"{text[1:11]} {text[12:27]}" if moment.microsecond else f"{text[1:11]} {text[12:20]}.000000"


def _copy_or_insert(session: Session, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> None:
    if not are_all_new(session, lambda connection: _copy(connection, table, columns, rows)):
        _insert(session, table, columns, rows)


def are_all_new(session: Session, store: Callable[[Connection], object]) -> bool:
    """On PostgreSQL: whether rows could be stored by a statement that takes none whose key is there already. If not, nothing
    of it has happened. To ask about each row's key beforehand takes the server twice as long as to store it."""
    try:
        with session.begin_nested():
            store(session.connection())  # Which begins the savepoint.
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != UNIQUE_VIOLATION:
            raise
        return False
    return True


def _copy(connection: Connection, table: type[SQLModel], columns: Sequence[str], rows: Sequence[Row]) -> None:
    # Here alone: its import is a tenth of a second, and whoever works on SQLite has no use for it.
    import psycopg

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
    connection = session.connection()
    source = f"SELECT * FROM {recordset(connection, table, columns)}"  # noqa: S608
    statement = f"INSERT INTO {_target(connection, table, columns)} {source} ON CONFLICT DO NOTHING"
    execute(connection, statement, as_records(rows))


def _target(connection: Connection, table: type[SQLModel], columns: Sequence[str]) -> str:
    return _named(connection.dialect, table, tuple(columns))


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _named(dialect: Dialect, table: type[SQLModel], columns: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer.quote
    return f"{quote(str(table.__tablename__))} ({', '.join(map(quote, columns))})"


def _types(table: type[SQLModel], columns: Sequence[str]) -> list[TypeEngine[Any]]:
    found: Table = table.__table__  # type: ignore[attr-defined]
    return [found.c[name].type for name in columns]
