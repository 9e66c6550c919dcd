"""`ricochet route`: the operator's SMSC accounts."""

from typing import Annotated

import typer

from linksvc import routes
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import ConfigurationError
from linksvc.route_accounts import NewRoute
from ricochet.commands.parameters import DataDir
from ricochet.installation import opened

route = typer.Typer(
    help="SMSC accounts. Their passwords come from RICOCHET_ROUTE_<NAME>_PASSWORD, never from the database.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    app.add_typer(route, name="route")


@route.command("add")
def add_route(
    name: Annotated[str, typer.Argument(help="Small letters, digits and dashes.", show_default=False)],
    host: Annotated[str, typer.Option("--host", help="The SMSC's host name or address.", show_default=False)],
    system_id: Annotated[str, typer.Option("--system-id", help="The account's name at the SMSC.", show_default=False)],
    port: Annotated[int, typer.Option("--port", help="The SMSC's port.")] = 2775,
    window: Annotated[int, typer.Option("--window", help="Fragments handed over and not answered yet, at most.")] = 10,
    rate: Annotated[int, typer.Option("--rate", help="Fragments a second, at most.")] = 100,
    data_dir: DataDir = None,
) -> None:
    """Adds a route. Its password is read by the sender from the environment variable RICOCHET_ROUTE_<NAME>_PASSWORD, or
    from the file <name>.password in RICOCHET_ROUTE_SECRETS_DIR."""
    new = NewRoute(name, host, port, system_id, window, rate)
    with opened(data_dir) as installation:
        with writing(installation.engine) as session:
            routes.add_route(session, new, now())
        typer.echo(f"Added the route {name}.")
        try:
            routes.find_password(installation.settings, name)
        except ConfigurationError as missing:
            typer.echo(str(missing), err=True)


@route.command("list")
def list_routes(data_dir: DataDir = None) -> None:
    """Lists the routes: name, account, address, state, and why a route does not work."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for one in routes.list_routes(session):
            address = f"{one.system_id}@{one.host}:{one.port}"
            typer.echo("\t".join((one.name, address, one.state if one.enabled else "disabled", one.error)).rstrip())
