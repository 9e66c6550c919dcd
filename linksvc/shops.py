"""Shops: the places where codes are redeemed. An API key can be bound to one."""

from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.errors import Conflict, NotFound
from linksvc.models import Shop, Workspace
from linksvc.names import check_name


def create_shop(session: Session, workspace_id: int, name: str, now: datetime) -> int:
    """Adds a shop. Raises InvalidRequest for an unusable name, NotFound for an unknown workspace, Conflict
    (`shop_exists`) when the workspace has a shop of that name."""
    name = check_name(name)
    if session.get(Workspace, workspace_id) is None:
        raise NotFound("There is no such workspace.")
    if find_shop(session, workspace_id, name) is not None:
        raise Conflict(f"There is already a shop {name}.", code="shop_exists")
    shop = Shop(workspace_id=workspace_id, name=name, created_at=now)
    session.add(shop)
    session.flush()
    return shop.id or 0


def find_shop(session: Session, workspace_id: int, name: str) -> int | None:
    """The id of the shop of that name, for the command line's `--shop`."""
    return session.exec(
        select(Shop.id).where(col(Shop.workspace_id) == workspace_id, col(Shop.name) == name.strip())
    ).first()
