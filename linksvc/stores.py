"""Stores: the branches of a shop. A key, and whoever redeems with it, may belong to one, so that they can be told apart.

The command line and the API call it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from linksvc.database import insert_new
from linksvc.errors import Conflict
from linksvc.models import Store
from linksvc.names import check_name
from linksvc.shops import require_shop


@dataclass(frozen=True, slots=True)
class ListedStore:
    id: int
    shop_id: int
    name: str


def create_store(session: Session, workspace_id: int, shop_id: int, name: str, now: datetime) -> int:
    """Adds a store to a shop. Raises InvalidRequest for an unusable name, NotFound for a shop of another workspace, Conflict
    (`store_exists`) when the shop has a store of that name."""
    name = check_name(name)
    shop = require_shop(session, workspace_id, shop_id)
    if find_store(session, workspace_id, shop_id, name) is not None:
        raise Conflict(f"{shop.name} has a store {name} already.", code="store_exists")
    return ensure_store(session, workspace_id, shop_id, name, now)


def ensure_store(session: Session, workspace_id: int, shop_id: int, name: str, now: datetime) -> int:
    """The id of the shop's store of that name, made when there is none yet."""
    insert_new(session, Store, [{"workspace_id": workspace_id, "shop_id": shop_id, "name": name, "created_at": now}])
    return find_store(session, workspace_id, shop_id, name) or 0


def find_store(session: Session, workspace_id: int, shop_id: int, name: str) -> int | None:
    """The id of the shop's store of that name."""
    of_name = select(Store.id).where(
        col(Store.workspace_id) == workspace_id, col(Store.shop_id) == shop_id, col(Store.name) == name.strip()
    )
    return session.exec(of_name).first()


def stores_of(session: Session, workspace_id: int, shop_ids: Sequence[int]) -> tuple[ListedStore, ...]:
    """Those of some shops, by name."""
    return _listed(session, col(Store.workspace_id) == workspace_id, col(Store.shop_id).in_(shop_ids))


def list_stores(session: Session, workspace_id: int) -> tuple[ListedStore, ...]:
    """Those of all shops, by name."""
    return _listed(session, col(Store.workspace_id) == workspace_id)


def _listed(session: Session, *which: ColumnElement[bool]) -> tuple[ListedStore, ...]:
    rows = session.exec(select(Store).where(*which).order_by(col(Store.name), col(Store.id)))
    return tuple(ListedStore(row.id or 0, row.shop_id, row.name) for row in rows)
