"""Receipts that found no message, of both kinds, for a person to look into. For `ricochet receipts unmatched`."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from linksvc.models import SmscId, StrayReceipt
from sender.matching import parked

_LONGEST_TEXT = 60


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A receipt whose id no answer had, or (`id` empty) one that names no message; then `text` is how it begins."""

    at: datetime
    route_id: int
    id: str
    text: str
    number: str
    state: str
    error: str
    times: int


@dataclass(frozen=True, slots=True)
class Found:
    """The latest ones, and how many there are."""

    receipts: list[Unmatched]
    total: int


def unmatched(session: Session, route_id: int | None, limit: int) -> Found:
    """The latest receipts without a message, of one route or of all."""
    ids = select(SmscId).where(col(SmscId.campaign_id).is_(None)).order_by(col(SmscId.recorded_at).desc()).limit(limit)
    nameless = select(StrayReceipt).order_by(col(StrayReceipt.recorded_at).desc()).limit(limit)
    strays = select(func.count()).select_from(StrayReceipt)
    if route_id is not None:
        ids = ids.where(SmscId.route_id == route_id)
        nameless = nameless.where(StrayReceipt.route_id == route_id)
        strays = strays.where(StrayReceipt.route_id == route_id)
    found = [_of_id(row) for row in session.exec(ids)] + [_of_stray(row) for row in session.exec(nameless)]
    found.sort(key=lambda one: one.at, reverse=True)
    return Found(found[:limit], parked(session, route_id) + session.exec(strays).one())


def _of_id(row: SmscId) -> Unmatched:
    return Unmatched(row.recorded_at, row.route_id, row.raw_id, "", row.number, row.state, row.error, row.receipts)


def _of_stray(row: StrayReceipt) -> Unmatched:
    text = bytes.fromhex(row.payload).decode("latin-1")
    shown = "".join(character if character.isprintable() else "." for character in text[:_LONGEST_TEXT])
    return Unmatched(row.recorded_at, row.route_id, "", f"({shown})", row.number, row.state, row.error, row.times)
