"""Bringing a database to the newest schema: `ricochet migrate`, and the tests.

Every command asks whether the database is there. That needs no Alembic, whose import is a seventh of a command's start;
it comes with the first migration.
"""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

from linksvc.database import reading, writing
from linksvc.errors import ConfigurationError


def scripts_dir() -> Path:
    """Where the migrations are: inside the installed `ricochet` package, or at the root of a checkout."""
    root = Path(__file__).parent.parent
    for place in (root / "ricochet" / "alembic", root / "alembic"):
        if (place / "env.py").exists():
            return place
    raise ConfigurationError(f"No migrations beside {root}: the installation is incomplete.")


def migrate(engine: Engine, revision: str = "head") -> str:
    """Runs the migrations up to `revision` in one transaction, counts what has to be counted anew, a campaign a transaction;
    returns the revision reached."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts_dir()).replace("%", "%%"))
    with writing(engine) as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, revision)
    reached = current_revision(engine)
    if reached == newest_revision():
        _count_anew(engine)
    return reached


def _count_anew(engine: Engine) -> None:
    """Campaigns that have messages and no counters: a migration that gives counters another form leaves them so."""
    from linksvc.applier import rebuild_counters
    from linksvc.counters import uncounted_campaigns

    with reading(engine) as session:
        campaign_ids = uncounted_campaigns(session)
    for campaign_id in campaign_ids:
        rebuild_counters(engine, campaign_id)


def current_revision(engine: Engine) -> str:
    """The revision the database is at; empty before the first migration."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""


def newest_revision() -> str:
    """The revision this version of the program works with: the migrations are one line, and their files' names begin with
    their numbers."""
    return max(path.name.partition("_")[0] for path in (scripts_dir() / "versions").glob("*.py"))


def check_revision(engine: Engine) -> None:
    """Raises ConfigurationError unless the database is at the newest revision."""
    newest = newest_revision()
    found = current_revision(engine)
    if found != newest:
        raise ConfigurationError(
            f"The database is at revision {found or 'none'}, this version needs {newest}. Run `ricochet migrate`."
        )
