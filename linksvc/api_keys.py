"""API keys: how a program of a workspace, or a shop's till, proves who it is. The command line makes them.

What becomes of a key later, its rotation and its end, is in `linksvc.key_lives`.
"""

import hashlib
import secrets
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Select, Table, or_
from sqlmodel import Session, col, select, update

from linksvc.bulk import as_one, one_of
from linksvc.database import is_sqlite
from linksvc.errors import Conflict, FieldError, Forbidden, InvalidRequest, NotFound, Unauthenticated
from linksvc.models import ApiKey, Shop, Store, Workspace
from linksvc.names import check_name

SCOPES = (
    "contacts:write",
    "contacts:read",
    "shops:write",
    "shops:read",
    "offers:write",
    "offers:read",
    "offers:export",
    "campaigns:write",
    "campaigns:read",
    "links:write",
    "links:read",
    "pages:write",
    "pages:read",
    "codes:validate",
    "codes:redeem",
    "codes:void",
    "codes:read",
    "messages:write",
    "messages:read",
    "payments:write",
    "payments:read",
    "webhooks:write",
    "webhooks:read",
)
"""What a key may be allowed to do."""

PREFIX = "rk_live_"
"""Tells a key apart from any other secret, for people and for secret scanners."""

TEST_PREFIX = "rk_test_"
"""Of a sandbox's keys (`linksvc.sandbox`)."""

USE_NOTED_EVERY = timedelta(minutes=10)
"""`last_used_at` is this exact: a write a request would make every reader queue for SQLite's one writer."""

_RANDOM_CHARACTERS = 40
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a key's workspace, shop and scopes."""

    workspace_id: int
    key_id: int
    shop_id: int | None
    scopes: frozenset[str]
    last_used_at: datetime | None = None
    store_id: int | None = None
    sandbox: bool = False

    def require(self, scope: str) -> None:
        """Raises Forbidden (`scope_missing`) unless the key has the scope."""
        if scope not in self.scopes:
            raise Forbidden(f"This key lacks the scope {scope}. Make a key that has it.", code="scope_missing")


def create_key(
    session: Session,
    workspace_id: int,
    name: str,
    scopes: Iterable[str],
    shop_id: int | None,
    now: datetime,
    store_id: int | None = None,
) -> str:
    """Makes a key and returns it; it cannot be read again. One of a sandbox is a test key.

    Raises InvalidRequest for an unusable name or scope, NotFound for an unknown workspace, a shop of another one or a store
    of another shop, Conflict (`key_exists`) while a key of that name is in use.
    """
    name, scopes = check_name(name), _check_scopes(scopes)
    # Locked: two keys of one name are made one after the other, so the second finds the first.
    locked = select(Workspace).where(col(Workspace.id) == workspace_id).with_for_update(key_share=True)
    workspace = session.exec(locked).first()
    if workspace is None:
        raise NotFound("There is no such workspace.")
    _check_place(session, workspace_id, shop_id, store_id)
    if session.exec(select(ApiKey.id).where(*in_use(workspace_id, now), col(ApiKey.name) == name).limit(1)).first():
        raise Conflict(f"There is a key “{name}” in use. Rotate it, revoke it, or choose another name.", code="key_exists")
    return store_key(
        session,
        ApiKey(
            workspace_id=workspace_id,
            shop_id=shop_id,
            store_id=store_id,
            sandbox=workspace.sandbox_of is not None,
            name=name,
            key_hash="",
            last_four="",
            scopes=" ".join(scopes),
            created_at=now,
        ),
    )


def store_key(session: Session, key: ApiKey) -> str:
    """Draws the key for a row that is complete but for it, stores the row, and returns the key."""
    presented = (TEST_PREFIX if key.sandbox else PREFIX) + "".join(
        secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS)
    )
    key.key_hash, key.last_four = hash_of(presented), presented[-4:]
    session.add(key)
    session.flush()
    return presented


def in_use(workspace_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The workspace's keys that open it now."""
    return col(ApiKey.workspace_id) == workspace_id, or_(col(ApiKey.revoked_at).is_(None), col(ApiKey.revoked_at) > now)


def authenticate(session: Session, presented: str, now: datetime) -> Caller:
    """Whose key this is. Raises Unauthenticated (`api_key_unknown`, `api_key_revoked`). Only reads: see `note_use`."""
    (caller,) = authenticate_all(session, [presented], now)
    if isinstance(caller, Unauthenticated):
        raise caller
    return caller


def authenticate_all(session: Session, presented: Sequence[str], now: datetime) -> list[Caller | Unauthenticated]:
    """As `authenticate`, of each by itself; what that raises stands in its place."""
    hashes = [hash_of(one) for one in presented]
    sqlite = is_sqlite(session)
    rows = session.connection().execute(_find(sqlite), {"hashes": as_one(sqlite, set(hashes))})
    found = {row.key_hash: _caller(row, now) for row in rows}
    return [found.get(one) or _unknown() for one in hashes]


@lru_cache(maxsize=2)
def _find(sqlite: bool) -> Select[Any]:
    """Built once: it is run for every request."""
    keys: Table = ApiKey.__table__  # type: ignore[attr-defined]
    return sqlalchemy.select(keys).where(one_of(col(ApiKey.key_hash), sqlite, "hashes"))


def _caller(key: Any, now: datetime) -> Caller | Unauthenticated:
    if key.revoked_at is not None and key.revoked_at <= now:
        return revoked()
    return Caller(
        workspace_id=key.workspace_id,
        key_id=key.id,
        shop_id=key.shop_id,
        scopes=frozenset(key.scopes.split()),
        last_used_at=key.last_used_at,
        store_id=key.store_id,
        sandbox=key.sandbox,
    )


def _unknown() -> Unauthenticated:
    return Unauthenticated("This API key is unknown. Check that all of it was copied.", code="api_key_unknown")


def ends_of(sqlite: bool) -> Select[Any]:
    """The `ids` of keys, and when each was or will be revoked. All else of a key stays as it was made."""
    keys: Table = ApiKey.__table__  # type: ignore[attr-defined]
    return sqlalchemy.select(keys.c.id, keys.c.revoked_at).where(one_of(col(ApiKey.id), sqlite, "ids"))


def revoked() -> Unauthenticated:
    return Unauthenticated("This API key was revoked. Use another.", code="api_key_revoked")


def is_use_news(caller: Caller, now: datetime) -> bool:
    """Whether the key's last use is so long ago that this one is worth a write."""
    return caller.last_used_at is None or caller.last_used_at <= now - USE_NOTED_EVERY


def note_use(session: Session, caller: Caller, now: datetime) -> None:
    """Remembers that the key was used, so that people see which keys are dead."""
    session.exec(
        update(ApiKey)
        .where(col(ApiKey.id) == caller.key_id, col(ApiKey.workspace_id) == caller.workspace_id)
        .values(last_used_at=now)
    )


def _check_place(session: Session, workspace_id: int, shop_id: int | None, store_id: int | None) -> None:
    shop = session.get(Shop, shop_id) if shop_id is not None else None
    if shop_id is not None and (shop is None or shop.workspace_id != workspace_id):
        raise NotFound("There is no such shop in this workspace.")
    store = session.get(Store, store_id) if store_id is not None else None
    if store_id is not None and (store is None or store.workspace_id != workspace_id or store.shop_id != shop_id):
        raise NotFound("There is no such store in this shop.")


def _check_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    wanted = set(scopes)
    unknown = sorted(wanted - set(SCOPES))
    if unknown or not wanted:
        wrong = f"Unknown: {', '.join(unknown)}. " if unknown else ""
        message = f"{wrong}A key has one or more of: {', '.join(SCOPES)}."
        raise InvalidRequest(message, code="scope_unknown", errors=(FieldError("scopes", message),))
    return tuple(scope for scope in SCOPES if scope in wanted)


def hash_of(presented: str) -> str:
    # A key has 238 random bits, so a plain hash is as good as a slow one: there is nothing to guess.
    return hashlib.sha256(presented.encode(errors="replace")).hexdigest()
