"""Shops: the places where codes are redeemed. An API key can be bound to one."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.database import insert_new
from linksvc.errors import Conflict, NotFound
from linksvc.models import Shop, Workspace
from linksvc.names import check_name


@dataclass(frozen=True, slots=True)
class ListedShop:
    id: int
    name: str


def create_shop(session: Session, workspace_id: int, name: str, now: datetime) -> int:
    """Adds a shop. Raises InvalidRequest for an unusable name, NotFound for an unknown workspace, Conflict
    (`shop_exists`) when the workspace has a shop of that name."""
    name = check_name(name)
    if session.get(Workspace, workspace_id) is None:
        raise NotFound("There is no such workspace.")
    if find_shop(session, workspace_id, name) is not None:
        raise Conflict(f"There is already a shop {name}.", code="shop_exists")
    return ensure_shop(session, workspace_id, name, now)


def ensure_shop(session: Session, workspace_id: int, name: str, now: datetime) -> int:
    """The id of the workspace's shop of that name, made when there is none yet."""
    insert_new(session, Shop, [{"workspace_id": workspace_id, "name": name, "created_at": now}])
    return find_shop(session, workspace_id, name) or 0


def find_shop(session: Session, workspace_id: int, name: str) -> int | None:
    """The id of the shop of that name, for the command line's `--shop`."""
    return session.exec(
        select(Shop.id).where(col(Shop.workspace_id) == workspace_id, col(Shop.name) == name.strip())
    ).first()


def require_shop(session: Session, workspace_id: int, shop_id: int) -> ListedShop:
    """The workspace's shop of that id. Raises NotFound (`shop_not_found`) for another workspace's too."""
    row = session.exec(select(Shop).where(col(Shop.workspace_id) == workspace_id, col(Shop.id) == shop_id)).first()
    if row is None:
        raise NotFound("There is no such shop in this workspace.", code="shop_not_found")
    return ListedShop(shop_id, row.name)


def page_of_shops(
    session: Session, workspace_id: int, shop_id: int | None, after: int, limit: int
) -> tuple[ListedShop, ...]:
    """Those with ids above `after`, in their order; with `shop_id` that one alone."""
    mine = select(Shop).where(col(Shop.workspace_id) == workspace_id, col(Shop.id) > after)
    if shop_id is not None:
        mine = mine.where(col(Shop.id) == shop_id)
    rows = session.exec(mine.order_by(col(Shop.id)).limit(limit))
    return tuple(ListedShop(row.id or 0, row.name) for row in rows)


def list_shops(session: Session, workspace_id: int) -> tuple[ListedShop, ...]:
    """By name."""
    rows = session.exec(select(Shop).where(col(Shop.workspace_id) == workspace_id).order_by(col(Shop.name)))
    return tuple(ListedShop(row.id or 0, row.name) for row in rows)
