"""API keys: how a program of a workspace, or a shop's till, proves who it is. The command line makes them."""

import hashlib
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from linksvc.errors import FieldError, Forbidden, InvalidRequest, NotFound, Unauthenticated
from linksvc.models import ApiKey, Shop, Workspace
from linksvc.names import check_name

SCOPES = (
    "contacts:write",
    "contacts:read",
    "offers:write",
    "campaigns:write",
    "campaigns:read",
    "links:write",
    "links:read",
    "codes:validate",
    "codes:redeem",
)
"""What a key may be allowed to do."""

PREFIX = "rk_live_"
"""Tells a key apart from any other secret, for people and for secret scanners."""

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

    def require(self, scope: str) -> None:
        """Raises Forbidden (`scope_missing`) unless the key has the scope."""
        if scope not in self.scopes:
            raise Forbidden(f"This key lacks the scope {scope}. Make a key that has it.", code="scope_missing")


def create_key(
    session: Session, workspace_id: int, name: str, scopes: Iterable[str], shop_id: int | None, now: datetime
) -> str:
    """Makes a key and returns it; it cannot be read again.

    Raises InvalidRequest for an unusable name or scope, NotFound for an unknown workspace or a shop of another one.
    """
    name, scopes = check_name(name), _check_scopes(scopes)
    if session.get(Workspace, workspace_id) is None:
        raise NotFound("There is no such workspace.")
    if shop_id is not None:
        shop = session.get(Shop, shop_id)
        if shop is None or shop.workspace_id != workspace_id:
            raise NotFound("There is no such shop in this workspace.")
    presented = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    session.add(
        ApiKey(
            workspace_id=workspace_id,
            shop_id=shop_id,
            name=name,
            key_hash=_key_hash(presented),
            last_four=presented[-4:],
            scopes=" ".join(scopes),
            created_at=now,
        )
    )
    session.flush()
    return presented


def authenticate(session: Session, presented: str, now: datetime) -> Caller:
    """Whose key this is. Raises Unauthenticated (`api_key_unknown`, `api_key_revoked`). Only reads: see `note_use`."""
    key = session.exec(select(ApiKey).where(col(ApiKey.key_hash) == _key_hash(presented))).first()
    if key is None:
        raise Unauthenticated("This API key is unknown. Check that all of it was copied.", code="api_key_unknown")
    if key.revoked_at is not None and key.revoked_at <= now:
        raise Unauthenticated("This API key was revoked. Use another.", code="api_key_revoked")
    return Caller(key.workspace_id, key.id or 0, key.shop_id, frozenset(key.scopes.split()), key.last_used_at)


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


def _check_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    wanted = set(scopes)
    unknown = sorted(wanted - set(SCOPES))
    if unknown or not wanted:
        wrong = f"Unknown: {', '.join(unknown)}. " if unknown else ""
        message = f"{wrong}A key has one or more of: {', '.join(SCOPES)}."
        raise InvalidRequest(message, code="scope_unknown", errors=(FieldError("scopes", message),))
    return tuple(scope for scope in SCOPES if scope in wanted)


def _key_hash(presented: str) -> str:
    # A key has 238 random bits, so a plain hash is as good as a slow one: there is nothing to guess.
    return hashlib.sha256(presented.encode(errors="replace")).hexdigest()
