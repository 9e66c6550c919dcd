"""Codes that were refused, counted: by key and shop, to see who guesses; by code, to see what has leaked.

Each of them is an entry of the ledger. A redemption and a hold write it themselves; asking what a code is worth writes
nothing, so the API notes its refusals here. `ricochet shop attempts` shows the counts.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlmodel import Session, col

from linksvc import code_ledger
from linksvc.code_attempts import Attempter
from linksvc.code_worth import stored_form
from linksvc.models import ApiKey, LedgerEntry, PromoCode, Shop
from linksvc.refusals import Refusal
from linksvc.shown_codes import read_shown

MOST_LISTED = 100

_OF_THE_CODE = "code_"
"""How reasons begin that say something of the code. A web shop asks again with each change of a basket: that it is too small
is no failed attempt."""


@dataclass(frozen=True, slots=True)
class KeyAttempts:
    """How often a key was refused for one reason. `shop` is empty for a key without one."""

    shop: str
    key: str
    reason: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class LeakedAttempts:
    """How often a code that exists was refused for one reason, and in how many shops."""

    code: str
    """As it is shown."""
    reason: str
    count: int
    shops: int
    last_at: datetime


def note_refusal(session: Session, workspace_id: int, who: Attempter, typed: str, refusal: Refusal, now: datetime) -> None:
    """Appends the refusal of a code that was only asked for to the ledger. Whoever calls commits."""
    step = code_ledger.Step(
        workspace_id=workspace_id,
        code=stored_form(typed),
        action="refused",
        shop_id=who.shop_id,
        key_id=who.key_id,
        occurred_at=now,
        reason=refusal.reason,
    )
    code_ledger.append(session, [step], now)


def is_of_the_code(refusal: Refusal) -> bool:
    """Whether a refusal is worth a note: it says something of the code, not of the order."""
    return refusal.reason.startswith(_OF_THE_CODE)


def count_by_key(session: Session, workspace_id: int, since: datetime) -> tuple[KeyAttempts, ...]:
    """Most first, at most MOST_LISTED."""
    count = func.count()
    rows = session.connection().execute(
        select(col(Shop.name), col(ApiKey.name), col(LedgerEntry.reason), count, func.max(col(LedgerEntry.recorded_at)))
        .select_from(LedgerEntry)
        .join(ApiKey, col(ApiKey.id) == col(LedgerEntry.key_id))
        .outerjoin(Shop, col(Shop.id) == col(LedgerEntry.shop_id))
        .where(*_refused(workspace_id, since))
        .group_by(
            col(LedgerEntry.shop_id), col(Shop.name), col(LedgerEntry.key_id), col(ApiKey.name), col(LedgerEntry.reason)
        )
        .order_by(count.desc(), col(LedgerEntry.key_id), col(LedgerEntry.reason))
        .limit(MOST_LISTED)
    )
    return tuple(KeyAttempts(shop or "", key, reason, number, last_at) for shop, key, reason, number, last_at in rows)


def count_by_code(session: Session, workspace_id: int, since: datetime) -> tuple[LeakedAttempts, ...]:
    """Codes that exist, most first, at most MOST_LISTED."""
    count = func.count()
    same_code = (col(PromoCode.workspace_id) == workspace_id, col(PromoCode.code) == col(LedgerEntry.code))
    found = session.connection().execute(
        select(
            col(LedgerEntry.code),
            col(LedgerEntry.reason),
            count,
            func.count(col(LedgerEntry.shop_id).distinct()),
            func.max(col(LedgerEntry.recorded_at)),
        )
        .where(*_refused(workspace_id, since), exists().where(*same_code))
        .group_by(col(LedgerEntry.code), col(LedgerEntry.reason))
        .order_by(count.desc(), col(LedgerEntry.code), col(LedgerEntry.reason))
        .limit(MOST_LISTED)
    )
    rows = found.all()
    shown = read_shown(session, workspace_id, {code for code, *_ in rows})
    return tuple(
        LeakedAttempts(shown[code], reason, number, shops, last_at) for code, reason, number, shops, last_at in rows
    )


def _refused(workspace_id: int, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(LedgerEntry.workspace_id) == workspace_id,
        col(LedgerEntry.action) == "refused",
        col(LedgerEntry.recorded_at) >= since,
    )
