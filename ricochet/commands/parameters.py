"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session, col, select

from linksvc.errors import InvalidRequest, NotFound
from linksvc.models import Workspace

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the embedded database, the secret key and the spools.", show_default=False),
]
WorkspaceName = Annotated[
    str | None, typer.Option("--workspace", help="The workspace's name; not needed while there is one.", show_default=False)
]


def find_workspace(session: Session, name: str | None) -> int:
    """The id of the named workspace, or of the only one. Raises NotFound and InvalidRequest (workspace_missing)."""
    workspaces = dict(session.exec(select(Workspace.name, Workspace.id).order_by(col(Workspace.name))).all())
    names = ", ".join(f"“{name}”" for name in workspaces)
    if not workspaces:
        raise NotFound("There is no workspace yet. Make one with: ricochet workspace create NAME")
    if name is None and len(workspaces) > 1:
        raise InvalidRequest(f"Say which workspace with --workspace: {names}.", code="workspace_missing")
    found = next(iter(workspaces.values())) if name is None else workspaces.get(name.strip())
    if found is None:
        raise NotFound(f"There is no workspace “{name}”. There is: {names}.", code="workspace_not_found")
    return found
