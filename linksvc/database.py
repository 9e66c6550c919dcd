"""Opening the database and its transactions. Handlers and workers open them; domain functions never commit."""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, event
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel, create_engine

from linksvc.errors import ConfigurationError

BATCH_ROWS = 2_000
"""Background writers commit at most this many rows at once, but for hits (`tracker.ingest`) ..."""

PAUSE_S = 0.005
"""... and pause this long between commits: SQLite has one writer, and a till is waiting for its turn."""

CONNECT_S = 5
"""A PostgreSQL that does not even refuse the connection is given up after this many seconds."""

IDLE_S = 1.0
"""A connection to PostgreSQL that was used less long ago is taken for alive: to ask costs as much as what it is for."""

SQLITE_CACHE_KIB = 16_384
"""The upper pages of a large database's indexes; with the 2 MB that are the default they are read again and again."""

SQLITE_WAL_PAGES = 4_000
"""Pages, of 4 KiB, after which the log is brought to the database file; at the default of 1,000 every large batch does."""

SQLITE_WAIT_S = 30
SQLITE_POLL_S = 0.001
"""Whoever waits for the writer's place looks for it this often. SQLite's own way looks more and more seldom: the place stays
empty while somebody waits, and whoever has waited longest comes last."""

MOST_COLLISIONS = 5
"""A transaction that the database turns away for another one is tried so many times in all."""

_COLLISIONS = ("40001", "40P01")
"""SQLSTATEs of a serialization failure and a deadlock."""

_WRITES, _RETURNED = "ricochet_writes", "ricochet_returned"

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def open_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine for `url`, SQLite or PostgreSQL. Connects on first use only. Its errors tell no parameters: numbers and
    codes belong in no log. Raises ConfigurationError."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed,
            pool_size=pool_size,
            # A connection knows the statements that it ran before: the one that was used last knows most.
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args={"connect_timeout": CONNECT_S},
        )
        event.listen(engine, "checkin", _note_return)
        event.listen(engine, "checkout", partial(_ask_if_idle, engine.dialect))
        return engine
    if parsed.database:
        make_folder(Path(parsed.database).parent)
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": SQLITE_WAIT_S},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def parse_url(url: str) -> URL:
    """The address of a database with the driver that is used for it. Raises ConfigurationError, which does not repeat
    the address: it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    backend = parsed.get_backend_name() if parsed else ""
    if parsed is None or backend not in _DRIVERS:
        raise ConfigurationError(
            "It is no address of an SQLite or PostgreSQL database. Write postgresql://user:password@host/name or "
            "sqlite:////folder/file.db."
        )
    return parsed.set(drivername=_DRIVERS[backend])


def is_there(url: str) -> bool:
    """False for an SQLite database that was not made yet; to connect to it would make an empty one."""
    parsed = parse_url(url)
    return parsed.get_backend_name() != "sqlite" or not parsed.database or Path(parsed.database).exists()


def make_folder(path: Path) -> None:
    """Makes a folder and those above it, unless they are there. Raises ConfigurationError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}. Name another folder.") from None


def _note_return(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info[_RETURNED] = time.monotonic()


def _ask_if_idle(dialect: Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
    """A connection that nobody has used for a while may be dead, and is asked; then another takes its place."""
    if time.monotonic() - record.info.get(_RETURNED, 0) < IDLE_S:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError("the connection is dead") from error


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling starts late and never IMMEDIATE; ours is in _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(_PATIENT)
    cursor.execute(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {SQLITE_WAL_PAGES}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads and then writes must own the writer's place from the start, or it fails with "database
    # is locked" instead of waiting.
    if connection.get_execution_options().get(_WRITES, False):
        _begin_writing(connection)
    else:
        connection.exec_driver_sql("BEGIN")


_PATIENT = f"PRAGMA busy_timeout = {SQLITE_WAIT_S * 1_000}"


def _begin_writing(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        if not _takes_place(driver):
            # Once more, for an error as of any statement.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        with suppress(sqlite3.Error):
            driver.execute(_PATIENT)


def _takes_place(driver: Any) -> bool:
    """Waits for the writer's place; False if it did not come free, or something else is wrong."""
    until = time.monotonic() + SQLITE_WAIT_S
    while time.monotonic() < until:
        try:
            driver.execute("BEGIN IMMEDIATE")
            return True
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return False
        time.sleep(SQLITE_POLL_S)
    return False


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session in a transaction that may write; commits at the end of the block, rolls back on an error."""
    with engine.connect().execution_options(**{_WRITES: True}) as connection, Session(connection) as session:
        yield session
        session.commit()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that sees one state of the database, whatever others commit meanwhile, and writes nothing."""
    if engine.dialect.name == "sqlite":
        # Its transactions are snapshots by themselves.
        with engine.connect() as connection, Session(connection) as session:
            yield session
        return
    snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with snapshot as connection, _unprepared(connection), Session(connection) as session:
        yield session
        # What was read stays as it is; and a rollback makes the driver forget the statements that writers have prepared.
        session.expunge_all()
        session.commit()


@contextmanager
def _unprepared(connection: Connection) -> Iterator[None]:
    """Each statement is planned for what it asks: one plan for campaigns of ten messages and of a million is bad for one."""
    driver: Any = connection.connection.driver_connection
    threshold, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = threshold


@contextmanager
def glancing(engine: Engine) -> Iterator[Session]:
    """A session that reads by one statement alone: PostgreSQL needs no transaction around it."""
    if engine.dialect.name == "sqlite":
        with reading(engine) as session:
            yield session
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection, Session(connection) as session:
        yield session


@contextmanager
def sending_ahead(session: Session) -> Iterator[None]:
    """A block of a transaction whose statements PostgreSQL works on while the caller goes on. None of them may ask for rows,
    or for how many it changed; one that fails raises at the end of the block, if not before."""
    if is_sqlite(session):
        yield
        return
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    errors: Any = connection.dialect.loaded_dbapi.Error
    try:
        with driver.pipeline():
            yield
    except errors as error:
        is_gone = connection.dialect.is_disconnect(error, driver, None)
        raise DBAPIError.instance(
            "", None, error, errors, hide_parameters=True, connection_invalidated=is_gone, dialect=connection.dialect
        ) from error


def is_collision(error: BaseException | None) -> bool:
    """Whether PostgreSQL turned a transaction away for another one. The database is there, and the same transaction may well
    succeed at once."""
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) in _COLLISIONS


def is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def insert_into(session: Session, table: type[SQLModel]) -> Any:
    """An INSERT of the session's dialect: `.on_conflict_do_nothing()` and `.on_conflict_do_update()` work on both.

    SQLAlchemy forgets how many rows an INSERT touched unless told to remember.
    """
    make = sqlite_insert if is_sqlite(session) else postgresql_insert
    return make(table).execution_options(preserve_rowcount=True)


def insert_new(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts the rows whose key is not there yet; the others stay as they are. Every row names the same columns."""
    if rows:
        session.connection().execute(insert_into(session, table).on_conflict_do_nothing(), list(rows))


def rows_affected(result: Any) -> int:
    """How many rows a statement changed; of an INSERT only one by `insert_into`."""
    return int(result.rowcount)
