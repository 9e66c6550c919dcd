"""Devices of the till page: enrolled once with a shop's key, opened with a PIN, taken off after five wrong ones.

The device keeps a token that nobody can guess and the database its hash. The PIN is kept as a hash that is keyed with the
token, so whoever holds the database alone has nothing to try six digits against. The page and `ricochet shop devices`
call it.
"""

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from linksvc.api_keys import Caller
from linksvc.database import rows_affected
from linksvc.errors import FieldError, Forbidden, InvalidRequest, NotFound
from linksvc.models import ApiKey, Shop, Store, TillDevice, Workspace
from linksvc.names import check_name
from linksvc.redemptions import Till

PIN_DIGITS = 6

FAILURES_MOST = 5
"""Wrong PINs in a row after which a device must be enrolled again."""

SCOPES = ("codes:validate", "codes:redeem")
"""What a key must be allowed to do for a till."""

UNDO_SCOPE = "codes:void"

USE_NOTED_EVERY = timedelta(minutes=10)

_PIN = re.compile(rf"[0-9]{{{PIN_DIGITS}}}", re.ASCII)
_ROWS = ("0123456789", "9876543210")
"""Digits in a row, as they stand on the keys, up and down."""


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled device, and what its pages must know of its shop."""

    id: str
    name: str
    till: Till
    place: str
    """The shop, and which of its stores if the key belongs to one."""
    currency: str
    timezone: str
    sandbox: bool
    may_undo: bool
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A device as the command line lists it."""

    id: str
    name: str
    shop: str
    enrolled_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def enrol(session: Session, caller: Caller, name: str, pin: str, now: datetime) -> str:
    """Enrols a device with the key of `caller`; returns the token that the device keeps.

    Raises Forbidden (`key_without_shop`, `scope_missing`), InvalidRequest for an unusable name or PIN (`pin_unusable`).
    """
    if caller.shop_id is None:
        raise Forbidden("This key belongs to no shop. Make a key with --shop.", code="key_without_shop")
    for scope in SCOPES:
        caller.require(scope)
    token = secrets.token_urlsafe(32)
    session.add(
        TillDevice(
            workspace_id=caller.workspace_id,
            id=f"till_{uuid.uuid4().hex}",
            shop_id=caller.shop_id,
            store_id=caller.store_id,
            key_id=caller.key_id,
            name=check_name(name),
            token_hash=_token_hash(token),
            pin_hash=_pin_hash(token, check_pin(pin)),
            enrolled_at=now,
        )
    )
    session.flush()
    return token


def check_pin(pin: str) -> str:
    """The PIN. Raises InvalidRequest (`pin_unusable`) unless it is six digits, not all the same and not in a row."""
    if not _PIN.fullmatch(pin) or len(set(pin)) == 1 or any(pin in row for row in _ROWS):
        message = f"{PIN_DIGITS} digits, neither all the same nor in a row."
        raise InvalidRequest(f"The PIN cannot be used: {message}", code="pin_unusable", errors=(FieldError("pin", message),))
    return pin


def find_device(session: Session, token: str, now: datetime) -> Device | None:
    """The device that keeps this token; None once it was taken off, or its key was revoked."""
    where = func.coalesce(col(Shop.name) + ", " + col(Store.name), col(Shop.name))
    row = session.exec(
        select(TillDevice, ApiKey, Workspace, where)
        .join(ApiKey, col(ApiKey.id) == col(TillDevice.key_id))
        .join(Shop, col(Shop.id) == col(TillDevice.shop_id))
        .join(Workspace, col(Workspace.id) == col(TillDevice.workspace_id))
        .outerjoin(Store, col(Store.id) == col(TillDevice.store_id))
        .where(col(TillDevice.token_hash) == _token_hash(token), col(TillDevice.revoked_at).is_(None))
    ).first()
    if row is None or (row[1].revoked_at is not None and row[1].revoked_at <= now):
        return None
    device, key, workspace, place = row
    scopes = key.scopes.split()
    return Device(
        id=device.id,
        name=device.name,
        till=Till(device.workspace_id, device.shop_id, device.key_id, device.store_id),
        place=place,
        currency=workspace.currency,
        timezone=workspace.timezone,
        sandbox=key.sandbox,
        may_undo=UNDO_SCOPE in scopes,
        last_used_at=device.last_used_at,
    )


def try_pin(session: Session, token: str, pin: str, now: datetime) -> int:
    """Tries a PIN on the device that keeps this token: how many wrong ones it may still be given before it is taken off.

    FAILURES_MOST: this one was right. 0: the device is off, by this one or before. An attempt is counted before it is
    looked at, by one UPDATE: of any number at the same moment no more are looked at than are left.
    """
    mine = (col(TillDevice.token_hash) == _token_hash(token), col(TillDevice.revoked_at).is_(None))
    counted = session.exec(
        update(TillDevice)
        .where(*mine, col(TillDevice.failures) < FAILURES_MOST)
        .values(failures=col(TillDevice.failures) + 1)
        .returning(col(TillDevice.failures), col(TillDevice.pin_hash))
    ).first()
    if counted is None:
        return 0
    failures, pin_hash = counted
    if hmac.compare_digest(pin_hash, _pin_hash(token, pin)):
        session.exec(update(TillDevice).where(*mine).values(failures=0, last_used_at=now))
        return FAILURES_MOST
    if failures == FAILURES_MOST:
        session.exec(update(TillDevice).where(*mine).values(revoked_at=now))
    return FAILURES_MOST - int(failures)


def is_use_news(device: Device, now: datetime) -> bool:
    """Whether the device's last use is so long ago that this one is worth a write."""
    return device.last_used_at is None or device.last_used_at <= now - USE_NOTED_EVERY


def note_use(session: Session, device: Device, now: datetime) -> None:
    """Remembers that the device was used, so that people see which ones lie in a drawer."""
    session.exec(
        update(TillDevice)
        .where(col(TillDevice.workspace_id) == device.till.workspace_id, col(TillDevice.id) == device.id)
        .values(last_used_at=now)
    )


def list_devices(session: Session, workspace_id: int, shop_id: int | None = None) -> list[ListedDevice]:
    """The workspace's devices, or one shop's, oldest first; those that were taken off too."""
    query = (
        select(TillDevice, Shop.name)
        .join(Shop, col(Shop.id) == col(TillDevice.shop_id))
        .where(col(TillDevice.workspace_id) == workspace_id)
        .order_by(col(TillDevice.enrolled_at), col(TillDevice.id))
    )
    if shop_id is not None:
        query = query.where(col(TillDevice.shop_id) == shop_id)
    return [
        ListedDevice(one.id, one.name, shop, one.enrolled_at, one.last_used_at, one.revoked_at)
        for one, shop in session.exec(query)
    ]


def unenrol(session: Session, workspace_id: int, device_id: str, now: datetime) -> None:
    """Takes a device off: its next request finds it locked out. Raises NotFound (`device_not_found`)."""
    mine = (col(TillDevice.workspace_id) == workspace_id, col(TillDevice.id) == device_id)
    taken = session.exec(update(TillDevice).where(*mine, col(TillDevice.revoked_at).is_(None)).values(revoked_at=now))
    if rows_affected(taken) == 0 and session.exec(select(TillDevice.id).where(*mine)).first() is None:
        raise NotFound("There is no such device in this workspace.", code="device_not_found")


def _token_hash(token: str) -> str:
    # A token has 256 random bits, so a plain hash is as good as a slow one.
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _pin_hash(token: str, pin: str) -> str:
    return hmac.new(token.encode(errors="replace"), pin.encode(errors="replace"), hashlib.sha256).hexdigest()
