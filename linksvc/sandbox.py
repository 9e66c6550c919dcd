"""The sandbox: a twin of a workspace, in which a shop's developer may try everything and nothing counts.

The twin is a workspace of its own, so every query that keeps workspaces apart keeps the sandbox apart too: a test key
(`rk_test_...`) sees the twin's offers, codes and redemptions alone, and no live key sees any of them. It is made with the
first test key, and gets shops and stores of the same names as keys need them. The command line and the API's keys call it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, select

from linksvc.api_keys import create_key
from linksvc.database import insert_new
from linksvc.errors import Conflict, Forbidden, NotFound
from linksvc.models import Shop, Store, Workspace
from linksvc.names import LONGEST
from linksvc.shops import ensure_shop
from linksvc.stores import ensure_store

Row = TypeVar("Row", Shop, Store)

_SUFFIX = " (sandbox)"


def find_twin(session: Session, workspace_id: int) -> int | None:
    """The id of the workspace's twin, if it has one yet."""
    return session.exec(select(Workspace.id).where(col(Workspace.sandbox_of) == workspace_id)).first()


def ensure_twin(session: Session, workspace_id: int, now: datetime) -> int:
    """The id of the workspace's twin, made when there is none yet; a twin is its own. Raises NotFound, and Conflict
    (`workspace_exists`) when another workspace has taken its name."""
    workspace = session.get(Workspace, workspace_id)
    if workspace is None:
        raise NotFound("There is no such workspace.")
    if workspace.sandbox_of is not None:
        return workspace_id
    name = workspace.name[: LONGEST - len(_SUFFIX)] + _SUFFIX
    values = {"name": name, "timezone": workspace.timezone, "currency": workspace.currency, "created_at": now}
    insert_new(session, Workspace, [values | {"sandbox_of": workspace_id}])
    twin = find_twin(session, workspace_id)
    if twin is None:
        raise Conflict(f"The sandbox would be called “{name}”, as another workspace is.", code="workspace_exists")
    return twin


def create_test_key(
    session: Session,
    workspace_id: int,
    name: str,
    scopes: Iterable[str],
    shop_id: int | None,
    now: datetime,
    store_id: int | None = None,
) -> str:
    """A key (`rk_test_...`) of the workspace's twin, of the twin's shop and store of the same names; returned once.

    Raises as `linksvc.api_keys.create_key` and `ensure_twin` do.
    """
    twin = ensure_twin(session, workspace_id, now)
    shop = _of_workspace(session, Shop, workspace_id, shop_id)
    store = _of_workspace(session, Store, workspace_id, store_id)
    twin_shop = ensure_shop(session, twin, shop.name, now) if shop else None
    twin_store = ensure_store(session, twin, twin_shop, store.name, now) if store and twin_shop else None
    return create_key(session, twin, name, scopes, twin_shop, now, twin_store)


def refuse_to_send(session: Session, workspace_id: int) -> None:
    """Raises Forbidden (`sandbox_sends_nothing`) for a twin: no SMS leaves a sandbox, whoever its contacts are."""
    workspace = session.get(Workspace, workspace_id)
    if workspace is not None and workspace.sandbox_of is not None:
        raise Forbidden(
            "A sandbox sends no SMS. Its codes can be generated, imported, validated and redeemed.",
            code="sandbox_sends_nothing",
        )


def _of_workspace(session: Session, table: type[Row], workspace_id: int, id: int | None) -> Row | None:
    row = session.get(table, id) if id is not None else None
    if id is not None and (row is None or row.workspace_id != workspace_id):
        raise NotFound(f"There is no such {table.__tablename__} in this workspace.")
    return row
