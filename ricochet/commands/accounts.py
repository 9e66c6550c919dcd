"""`ricochet workspace` and `user`: who works here."""

import sys
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import Engine
from sqlmodel import col, select

from linksvc import accounts, frequency_caps
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import Conflict
from linksvc.models import Workspace
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import opened

workspace = typer.Typer(help="Workspaces: everything belongs to one.", no_args_is_help=True)
user = typer.Typer(help="People who sign in.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(workspace, name="workspace")
    app.add_typer(user, name="user")


@workspace.command("create")
def create_workspace(
    name: Annotated[str, typer.Argument(help="For example the company's name.")], data_dir: DataDir = None
) -> None:
    """Makes a workspace."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        if session.exec(select(Workspace.id).where(Workspace.name == name.strip())).first() is not None:
            raise Conflict(f"There is already a workspace “{name.strip()}”.", code="workspace_exists")
        accounts.ensure_workspace(session, name, now())
    typer.echo(f"Made the workspace “{name.strip()}”.")


@workspace.command("list")
def list_workspaces(data_dir: DataDir = None) -> None:
    """Lists the workspaces: name, time zone, currency."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for row in session.exec(select(Workspace).order_by(col(Workspace.name))):
            typer.echo(f"{row.name}\t{row.timezone}\t{row.currency}")


@workspace.command("caps")
def set_caps(
    messages: Annotated[
        int | None, typer.Option("--messages", help="At most so many to a number ...", show_default=False)
    ] = None,
    days: Annotated[int | None, typer.Option("--days", help="... in so many days.", show_default=False)] = None,
    none: Annotated[bool, typer.Option("--none", help="Take the cap away.")] = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Sets or shows how many marketing messages a number gets: --messages 3 --days 7. What is over it waits."""
    if (messages is None) != (days is None) or (none and messages is not None):
        raise typer.BadParameter("Give --messages and --days together, or --none, or nothing to see what holds.")
    with opened(data_dir) as installation:
        with reading(installation.engine) as session:
            workspace_id = find_workspace(session, workspace_name)
            cap = frequency_caps.find_cap(session, workspace_id)
        if none or (messages is not None and days is not None):
            cap = None if messages is None or days is None else frequency_caps.Cap(messages, days)
            _set_cap(installation.engine, workspace_id, cap)
    typer.echo(f"At most {cap.messages} in {cap.days} days." if cap else "No cap.")


def _set_cap(engine: Engine, workspace_id: int, cap: frequency_caps.Cap | None) -> None:
    with writing(engine) as session:
        frequency_caps.set_cap(session, workspace_id, cap)
    for ago in range(cap.days if cap else 0):
        with writing(engine) as session:
            frequency_caps.count_day(session, workspace_id, now() - timedelta(days=ago))


@workspace.command("quiet")
def set_quiet(
    hours: Annotated[
        bool | None,
        typer.Option("--hours/--no-hours", help="Keep to the hours of the recipient's country.", show_default=False),
    ] = None,
    holidays: Annotated[
        bool | None, typer.Option("--holidays/--no-holidays", help="Keep its holidays.", show_default=False)
    ] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Sets or shows whether marketing messages wait for the hours and the end of holidays of their recipients' countries."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        row = session.get_one(Workspace, find_workspace(session, workspace_name))
        keeps = row.quiet_hours if hours is None else hours, row.quiet_holidays if holidays is None else holidays
        accounts.set_quiet_times(session, row.id or 0, hours=keeps[0], holidays=keeps[1])
    for name, kept in zip(("hours", "holidays"), keeps, strict=True):
        typer.echo(f"{name:<10}{'kept' if kept else 'not kept'}")


@user.command("create")
def create_user(
    email: Annotated[str, typer.Argument(help="With which they sign in.")],
    workspace_name: WorkspaceName = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.", show_default=False)
    ] = False,
    link: Annotated[
        bool, typer.Option("--link", help="Ask for no password; print a sign-in link that works once, for an hour.")
    ] = False,
    language: Annotated[str, typer.Option("--language", help="The language of their pages: en or fr.")] = "en",
    data_dir: DataDir = None,
) -> None:
    """Makes a user. The password is asked for, unless it comes from standard input or a link takes its place."""
    if password_stdin and link:
        raise typer.BadParameter("--password-stdin and --link exclude each other.")
    with opened(data_dir) as installation:
        with reading(installation.engine) as session:
            workspace_id = find_workspace(session, workspace_name)
        password = None if link else _password(password_stdin)
        with writing(installation.engine) as session:
            user_id = accounts.create_user(session, email, password, workspace_id, now(), language)
            token = accounts.make_sign_in_link(session, user_id, now()) if link else ""
        typer.echo(f"Made the user {email.strip().lower()}.")
        if token:
            typer.echo(f"Sign in once, within an hour: {installation.settings.public_url}/sign-in/link/{token}")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
