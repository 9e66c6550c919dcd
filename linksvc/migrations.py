"""Bringing a database to the newest schema: `ricochet migrate`, and the tests."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from linksvc.database import writing
from linksvc.errors import ConfigurationError


def scripts_dir() -> Path:
    """Where the migrations are: inside the installed `ricochet` package, or at the root of a checkout."""
    root = Path(__file__).parent.parent
    for place in (root / "ricochet" / "alembic", root / "alembic"):
        if (place / "env.py").exists():
            return place
    raise ConfigurationError(f"No migrations beside {root}: the installation is incomplete.")


def migrate(engine: Engine, revision: str = "head") -> str:
    """Runs the migrations up to `revision` in one transaction; returns the revision reached."""
    config = Config()
    config.set_main_option("script_location", str(scripts_dir()).replace("%", "%%"))
    with writing(engine) as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, revision)
    return current_revision(engine)


def current_revision(engine: Engine) -> str:
    """The revision the database is at; empty before the first migration."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def check_revision(engine: Engine) -> None:
    """Raises ConfigurationError unless the database is at the newest revision."""
    newest = ScriptDirectory(str(scripts_dir())).get_current_head()
    found = current_revision(engine)
    if found != newest:
        raise ConfigurationError(
            f"The database is at revision {found or 'none'}, this version needs {newest}. Run `ricochet migrate`."
        )
