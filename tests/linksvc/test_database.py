"""SQLite's one writer: who waits for its place, and who is told that it does not come free. And PostgreSQL's statements
that nobody waits for."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from linksvc import database
from linksvc.database import open_engine, reading, sending_ahead, writing
from linksvc.models import Workspace
from tests import factories

MADE = text("INSERT INTO sign_in_link (token_hash, user_id, expires_at) VALUES (:name, 1, '2026-11-20 09:00:00')")
USER = text(
    "INSERT INTO user_account (id, email, password_hash, language, created_at) VALUES (1, 'a', '', 'en', '2026-11-20')"
)


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    with writing(engine) as session:
        session.connection().execute(USER)
    yield engine
    engine.dispose()


def test_whoever_waits_for_the_place_gets_it_once_it_is_free(sqlite: Engine) -> None:
    waits, order = threading.Event(), []

    def other() -> None:
        waits.set()
        with writing(sqlite) as session:
            session.connection().execute(MADE, {"name": "other"})
            order.append("other")

    thread = threading.Thread(target=other)
    with writing(sqlite) as session:
        connection = session.connection()
        thread.start()
        waits.wait(30)
        connection.execute(MADE, {"name": "first"})
        order.append("first")
    thread.join(30)
    assert order == ["first", "other"]


def test_who_gets_no_place_in_time_is_told_as_of_any_statement(sqlite: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SQLITE_WAIT_S", 0.05)
    with writing(sqlite) as held:
        held.connection().execute(MADE, {"name": "held"})
        with pytest.raises(OperationalError, match="locked"), writing(sqlite) as session:
            session.connection().execute(MADE, {"name": "second"})
    with writing(sqlite) as session:
        session.connection().execute(MADE, {"name": "after"})


def test_a_connection_that_wrote_waits_for_other_things_as_long_as_before(sqlite: Engine) -> None:
    with writing(sqlite) as session:
        session.connection().execute(MADE, {"name": "one"})
        assert session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar_one() == database.SQLITE_WAIT_S * 1_000
    with reading(sqlite) as session:
        assert session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar_one() == database.SQLITE_WAIT_S * 1_000


def test_a_reading_leaves_the_statements_that_writers_have_prepared_and_prepares_none(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url, pool_size=1)
    asked, prepared = text("SELECT CAST(:told AS text)"), text("SELECT count(*) FROM pg_prepared_statements")
    for told in "abcdefgh":
        with writing(engine) as session:
            assert session.connection().execute(asked, {"told": told}).scalar_one() == told
    for told in "abcdefgh":
        with reading(engine) as session:
            assert session.connection().execute(text("SELECT upper(:told)"), {"told": told}).scalar_one() == told.upper()
    with reading(engine) as session:
        assert session.connection().execute(prepared).scalar_one() == 1
    engine.dispose()


def test_what_was_read_may_be_used_when_the_reading_is_over(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, "Alder")
    with reading(engine) as session:
        found = session.get_one(Workspace, workspace_id)
    assert found.name == "Alder"


def emails(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.connection().execute(text("SELECT email FROM user_account ORDER BY email")).scalars())


def test_statements_sent_ahead_are_run_in_their_order(engine: Engine) -> None:
    with writing(engine) as session:
        connection = session.connection()
        with sending_ahead(session):
            connection.execute(USER)
            connection.exec_driver_sql("UPDATE user_account SET email = 'b'")
            connection.exec_driver_sql("UPDATE user_account SET email = 'c' WHERE email = 'b'")
        assert connection.exec_driver_sql("SELECT email FROM user_account").scalar_one() == "c"
    assert emails(engine) == ["c"]


def test_a_statement_sent_ahead_that_fails_takes_the_transaction_back(engine: Engine) -> None:
    with pytest.raises(DBAPIError), writing(engine) as session:
        with sending_ahead(session):
            session.connection().execute(USER)
            session.connection().exec_driver_sql("UPDATE user_account SET id = NULL")
        raise AssertionError("it is told by now")
    assert emails(engine) == []
    with writing(engine) as session:
        session.connection().execute(USER)
    assert emails(engine) == ["a"]
