"""`ricochet domain`: short domains of a workspace's own. The operator's, because a name must lead to a tracker."""

from typing import Annotated

import typer

from linksvc import domains
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import opened

domain = typer.Typer(help="Short domains of a workspace's own, for its links.", no_args_is_help=True)

Host = Annotated[str, typer.Argument(metavar="HOST", help="For example go.example.com.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.add_typer(domain, name="domain")


@domain.command("add")
def add_domain(
    address: Annotated[
        str,
        typer.Argument(metavar="HOST", help="go.example.com; with http:// or a port if it has them.", show_default=False),
    ],
    prefer: Annotated[bool, typer.Option("--prefer", help="Write the workspace's new links on it.")] = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Adds a short domain. Its name and its certificate are the operator's to set up: it must lead to the trackers, with the
    header Host as it came."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        added = domains.add_domain(session, installation.settings, workspace_id, address, prefer, now())
    typer.echo(f"Added {added.host}; links on it begin with {added.short_url}/")


@domain.command("list")
def list_domains(workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lists the domains: host, what links begin with, whether new ones are written on it."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for one in domains.list_domains(session, find_workspace(session, workspace_name)):
            typer.echo("\t".join((one.host, one.short_url, "preferred" if one.preferred else "")).rstrip())


@domain.command("prefer")
def prefer_domain(
    host: Annotated[
        str | None, typer.Argument(metavar="HOST", help="For example go.example.com; or --none.", show_default=False)
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Write new links on the installation's own domain again.")] = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Chooses the domain that new links of the workspace are written on. Those there are stay as they are."""
    if (host is None) != none:
        raise InvalidRequest("Name a host, or say --none for the installation's own domain.")
    with opened(data_dir) as installation, writing(installation.engine) as session:
        domains.prefer(session, find_workspace(session, workspace_name), host)
    typer.echo(f"New links are written on {host or 'the installation’s own domain'}.")


@domain.command("remove")
def remove_domain(host: Host, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Gives a domain up: links on it open no longer. It may come back, to no other workspace while there are links on it."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        links = domains.remove_domain(session, find_workspace(session, workspace_name), host, now())
    typer.echo(f"Removed {host}. Links that open no longer: {links:,}.")
