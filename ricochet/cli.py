"""The command line, `ricochet`: one table of commands, and one place where errors become lines on stderr.

Exit status: 0 done; 1 the installation cannot work (settings, database); 2 what was asked for was refused.
"""

import logging
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import structlog
import typer
from sqlalchemy.exc import DBAPIError

from linksvc.errors import Problem, RicochetError

COMMANDS = (
    "running",
    "database",
    "accounts",
    "shops",
    "keys",
    "contacts",
    "offers",
    "codes",
    "campaigns",
    "report",
    "segments",
    "links",
    "pages",
    "domains",
    "messages",
    "payments",
    "webhooks",
    "clicks",
    "counters",
    "routes",
    "texts",
    "receipts",
    "outcomes",
    "inbox",
    "serving",
    "processes",
    "spool",
    "secret",
)
"""The modules of `ricochet.commands`, in the order of the help."""

ALONE = {
    "up": "running",
    "demo": "running",
    "smsc": "running",
    "migrate": "database",
    "workspace": "accounts",
    "user": "accounts",
    "shop": "shops",
    "store": "shops",
    "key": "keys",
    "contacts": "contacts",
    "offer": "offers",
    "code": "codes",
    "campaign": "campaigns",
    "report": "report",
    "segment": "segments",
    "link": "links",
    "page": "pages",
    "picture": "pages",
    "domain": "domains",
    "message": "messages",
    "payment": "payments",
    "webhook": "webhooks",
    "clicks": "clicks",
    "counters": "counters",
    "route": "routes",
    "text": "texts",
    "receipts": "receipts",
    "outcomes": "outcomes",
    "inbox": "inbox",
    "serve": "serving",
    "ingest": "processes",
    "work": "processes",
    "send": "processes",
    "spool": "spool",
    "secret": "secret",
}
"""The module of a command, which is started without the others: 25 MB less, and sooner there. One that is not named here is
found among all of them."""


def create_app(command: str = "") -> typer.Typer:
    """All commands; or, for one whose module is known, no more than it takes."""
    app = typer.Typer(
        name="ricochet",
        help="Sends Rich SMS with personal links and promo codes, and shows what became of them.",
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name in (ALONE[command],) if command in ALONE else COMMANDS:
        import_module(f"ricochet.commands.{name}").register(app)
    app.callback(invoke_without_command=True)(_root)
    return app


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"ricochet {version('ricochet-sms')}")
        raise typer.Exit


def _root(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is, and end.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Runs the command of this process's arguments and exits. Errors are told in a line or a few, never as a traceback."""
    # A command says itself what it did; the long-running ones set up logs of their own (`ricochet.logs`).
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet, logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        if any("\udc80" <= character <= "\udcff" for argument in sys.argv[1:] for character in argument):
            raise RicochetError("The arguments are not valid UTF-8.")
        create_app(next(iter(sys.argv[1:]), ""))()
    except RicochetError as error:
        typer.echo(f"ricochet: {error}", err=True)
        for line in _field_lines(error):
            typer.echo(line, err=True)
        sys.exit(2 if isinstance(error, Problem) else 1)
    except DBAPIError as error:
        typer.echo(f"ricochet: The database cannot be used: {_first_line(error)}", err=True)
        sys.exit(1)


def _field_lines(error: RicochetError) -> list[str]:
    """What is wrong with each field, unless the error's own sentence says it already."""
    fields = error.errors if isinstance(error, Problem) else ()
    return [f"  {one.field}: {one.message}" for one in fields if one.message not in str(error)]


def _first_line(error: DBAPIError) -> str:
    return next(iter(str(error.orig).strip().splitlines()), type(error).__name__)
