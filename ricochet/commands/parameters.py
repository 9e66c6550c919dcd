"""Options that several commands share."""

import socket
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from linksvc import shops, stores
from linksvc.database import reading
from linksvc.errors import InvalidRequest, NotFound
from linksvc.models import Campaign, Workspace
from linksvc.public_ids import parse_id
from linksvc.settings import Settings
from ricochet.sockets import Internal, parse_internal

TRACKERS_MOST = 100
"""So many ports are tried for their internal listeners."""

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the embedded database, the secret key and the spools.", show_default=False),
]
CampaignId = Annotated[str | None, typer.Argument(help="One campaign (cmp_3); all, unless told.", show_default=False)]
WorkspaceName = Annotated[
    str | None, typer.Option("--workspace", help="The workspace's name; not needed while there is one.", show_default=False)
]
ShopName = Annotated[str, typer.Option("--shop", help="The shop's name.", show_default=False)]
Supervised = Annotated[bool, typer.Option("--supervised", help="Stop when standard input ends.")]
InternalAddress = Annotated[
    str | None,
    typer.Option("--internal", help="Where to tell readiness and metrics: a port, HOST:PORT, or off.", show_default=False),
]
InternalDescriptor = Annotated[
    int | None,
    typer.Option("--internal-fd", help="An open listening socket to use for that instead.", show_default=False),
]


def open_internal(
    settings: Settings, address: str | None, descriptor: int | None = None, usual_port: int | None = None, nth: int = 0
) -> socket.socket | None:
    """The socket of the internal listener that the options ask for. Unasked it is the first free one from `usual_port`
    on, or none without one. `nth` counts processes beside each other. Raises RicochetError."""
    if descriptor is not None:
        return inherited("--internal-fd", descriptor)
    if address is None:
        return None if usual_port is None else Internal(settings.internal_host).listen(usual_port)
    internal = parse_internal(address, settings.internal_host)
    return internal.listen(0, nth) if internal else None


def inherited(option: str, descriptor: int) -> socket.socket:
    """The open socket of this number, which the process was started with. Raises InvalidRequest."""
    try:
        return socket.socket(fileno=descriptor)
    except (OSError, OverflowError, ValueError):
        raise InvalidRequest(f"{option} {descriptor} is no open socket of this process.") from None


def find_workspace(session: Session, name: str | None) -> int:
    """The id of the named workspace, or of the only one beside its sandbox. Raises NotFound and InvalidRequest
    (workspace_missing)."""
    every = session.exec(select(Workspace.name, Workspace.id, Workspace.sandbox_of).order_by(col(Workspace.name))).all()
    workspaces = {own: id for own, id, sandbox_of in every if sandbox_of is None or name is not None}
    names = ", ".join(f"“{name}”" for name in workspaces)
    if not workspaces:
        raise NotFound("There is no workspace yet. Make one with: ricochet workspace create NAME")
    if name is None and len(workspaces) > 1:
        raise InvalidRequest(f"Say which workspace with --workspace: {names}.", code="workspace_missing")
    found = next(iter(workspaces.values())) if name is None else workspaces.get(name.strip())
    if found is None:
        raise NotFound(f"There is no workspace “{name}”. There is: {names}.", code="workspace_not_found")
    return found


def find_shop(session: Session, workspace_id: int, name: str) -> int:
    """The id of the workspace's shop of that name. Raises NotFound (shop_not_found)."""
    if (found := shops.find_shop(session, workspace_id, name)) is None:
        raise NotFound(f"There is no shop “{name}” in this workspace.", code="shop_not_found")
    return found


def find_store(session: Session, workspace_id: int, shop_id: int, name: str) -> int:
    """The id of the shop's store of that name. Raises NotFound (store_not_found)."""
    if (found := stores.find_store(session, workspace_id, shop_id, name)) is None:
        raise NotFound(f"There is no store “{name}” in this shop.", code="store_not_found")
    return found


def chosen_campaigns(engine: Engine, campaign: str | None) -> list[int]:
    """The campaign of this id, or all of them. Raises NotFound (campaign_not_found)."""
    with reading(engine) as session:
        everyone = [id for id in session.exec(select(Campaign.id).order_by(col(Campaign.id))) if id]
    if campaign is None:
        return everyone
    chosen = parse_id("campaign", campaign)
    if chosen not in everyone:
        raise NotFound(f"There is no campaign {campaign}.", code="campaign_not_found")
    return [chosen]
