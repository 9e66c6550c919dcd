"""What becomes of an API key: listed, rotated, revoked. The command line calls it.

To rotate a key is to make a second one like it: both open the same doors until every program has the new one and the former
is revoked, by hand or at a time that was set. More than two of a name are never in use.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from linksvc.api_keys import in_use, store_key
from linksvc.errors import Conflict, NotFound
from linksvc.models import ApiKey, Shop, Store, Workspace

MOST_IN_USE = 2


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key as far as it may be shown. `revoked_at` may be still to come."""

    id: int
    name: str
    sandbox: bool
    last_four: str
    shop: str
    store: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def list_keys(session: Session, workspace_id: int) -> tuple[ListedKey, ...]:
    """The keys of the workspace and of its sandbox, revoked ones too: by name, the newest of a name first."""
    rows = session.exec(
        select(ApiKey, Shop.name, Store.name)
        .join(Workspace, col(Workspace.id) == col(ApiKey.workspace_id))
        .outerjoin(Shop, col(Shop.id) == col(ApiKey.shop_id))
        .outerjoin(Store, col(Store.id) == col(ApiKey.store_id))
        .where(or_(col(Workspace.id) == workspace_id, col(Workspace.sandbox_of) == workspace_id))
        .order_by(col(ApiKey.sandbox), col(ApiKey.name), col(ApiKey.id).desc())
    )
    return tuple(_listed(key, shop or "", store or "") for key, shop, store in rows)


def rotate_key(session: Session, workspace_id: int, name: str, keep_former: timedelta | None, now: datetime) -> str:
    """Makes a second key like the one of that name and returns it. The former ends after `keep_former`, or by `revoke_key`.

    Raises NotFound (`key_not_found`) when none of that name is in use, Conflict (`key_rotating`) when two are.
    """
    session.exec(select(Workspace.id).where(col(Workspace.id) == workspace_id).with_for_update(key_share=True)).first()
    of_name = select(ApiKey).where(*in_use(workspace_id, now), col(ApiKey.name) == name.strip())
    keys = session.exec(of_name.order_by(col(ApiKey.id))).all()
    if not keys:
        raise _none(session, workspace_id, name.strip(), now)
    if len(keys) >= MOST_IN_USE:
        raise Conflict(
            f"Two keys “{name.strip()}” are in use. Revoke the one that no program has any more.",
            code="key_rotating",
        )
    former = keys[0]
    if keep_former is not None:
        former.revoked_at = now + keep_former
        session.add(former)
    return store_key(session, _like(former, now))


def _none(session: Session, workspace_id: int, name: str, now: datetime) -> NotFound:
    """The list shows the sandbox's keys too, so whoever names one of those is told how."""
    twin = session.exec(select(Workspace.id).where(col(Workspace.sandbox_of) == workspace_id)).first()
    tested = twin and session.exec(select(ApiKey.id).where(*in_use(twin, now), col(ApiKey.name) == name)).first()
    hint = " The sandbox has one: say --test." if tested else ""
    return NotFound(f"There is no key “{name}” in use.{hint}", code="key_not_found")


def revoke_key(session: Session, workspace_id: int, key_id: int, now: datetime) -> ListedKey:
    """Ends a key of the workspace or of its sandbox at once; one that has ended stays so. Returns it as it was before.

    Raises NotFound (`key_not_found`).
    """
    listed = next((key for key in list_keys(session, workspace_id) if key.id == key_id), None)
    if listed is None:
        raise NotFound("There is no such key in this workspace.", code="key_not_found")
    key = session.get_one(ApiKey, key_id)
    if key.revoked_at is None or key.revoked_at > now:
        key.revoked_at = now
        session.add(key)
        session.flush()
    return listed


def revoke_name(session: Session, workspace_id: int, name: str, now: datetime) -> None:
    """Ends every key of that name."""
    for key in session.exec(select(ApiKey).where(*in_use(workspace_id, now), col(ApiKey.name) == name)):
        key.revoked_at = now
        session.add(key)
    session.flush()


def _like(former: ApiKey, now: datetime) -> ApiKey:
    return ApiKey(
        workspace_id=former.workspace_id,
        shop_id=former.shop_id,
        store_id=former.store_id,
        sandbox=former.sandbox,
        name=former.name,
        key_hash="",
        last_four="",
        scopes=former.scopes,
        created_at=now,
    )


def _listed(key: ApiKey, shop: str, store: str) -> ListedKey:
    return ListedKey(
        id=key.id or 0,
        name=key.name,
        sandbox=key.sandbox,
        last_four=key.last_four,
        shop=shop,
        store=store,
        scopes=tuple(key.scopes.split()),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )
