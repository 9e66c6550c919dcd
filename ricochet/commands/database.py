"""`ricochet migrate`."""

import typer

from linksvc.database import open_engine
from linksvc.migrations import migrate as run_migrations
from ricochet.commands.parameters import DataDir
from ricochet.installation import read_settings


def register(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate(data_dir: DataDir = None) -> None:
    """Brings the database to the newest schema; makes it if there is none. Running it again changes nothing."""
    engine = open_engine(read_settings(data_dir).database)
    try:
        revision = run_migrations(engine)
    finally:
        engine.dispose()
    typer.echo(f"The database is at revision {revision}.")
