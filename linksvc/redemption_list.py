"""Redemptions as they are looked up: one by its id, or page by page to reconcile. Read by the API and the pages."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import tuple_
from sqlmodel import Session, col, select
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from linksvc.code_worth import stored_form
from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.models import Redemption as Row
from linksvc.redemption_rows import Redemption, redemption_of
from linksvc.shown_codes import read_one_shown, read_shown

LIMIT = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose redemptions are looked for. `shop_id` None: of all shops of the workspace; a shop's key never asks that.

    `code` as it was typed; `since` and `until` bound [since, until) when we learnt of them, which is later than they
    happened only for tills that were offline.
    """

    workspace_id: int
    shop_id: int | None
    order_ref: str = ""
    code: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RedemptionPage:
    """The newest first. `next_cursor` is None on the last page; what is redeemed meanwhile moves no further page."""

    redemptions: tuple[Redemption, ...]
    next_cursor: str | None


def find_redemption(session: Session, workspace_id: int, shop_id: int | None, redemption_id: str) -> Redemption:
    """The redemption. Raises NotFound (`redemption_not_found`) for another shop's too."""
    mine = select(Row).where(Row.workspace_id == workspace_id, Row.id == redemption_id)
    row = session.exec(mine if shop_id is None else mine.where(Row.shop_id == shop_id)).first()
    if row is None:
        raise NotFound("There is no such redemption in this shop.", code="redemption_not_found")
    return redemption_of(row, read_one_shown(session, workspace_id, row.code))


def list_redemptions(session: Session, wanted: Wanted, cursor: str = "", limit: int = LIMIT) -> RedemptionPage:
    """The next page after the one that gave `cursor`. Raises InvalidRequest (`cursor_invalid`)."""
    found = select(Row).where(Row.workspace_id == wanted.workspace_id)
    if wanted.shop_id is not None:
        found = found.where(Row.shop_id == wanted.shop_id)
    if wanted.order_ref:
        found = found.where(Row.order_ref == wanted.order_ref)
    if wanted.code:
        found = found.where(Row.code == stored_form(wanted.code))
    if wanted.since is not None:
        found = found.where(Row.recorded_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(Row.recorded_at < wanted.until)
    if cursor:
        place = tuple_(col(Row.recorded_at), col(Row.id))
        found = found.where(place < tuple_(*_read_cursor(cursor), types=[UTCDateTime(), AutoString()]))
    rows = session.exec(found.order_by(col(Row.recorded_at).desc(), col(Row.id).desc()).limit(limit + 1)).all()
    shown = read_shown(session, wanted.workspace_id, {row.code for row in rows})
    page = tuple(redemption_of(row, shown[row.code]) for row in rows[:limit])
    return RedemptionPage(page, _cursor_after(page[-1]) if len(rows) > limit else None)


def _cursor_after(last: Redemption) -> str:
    told = f"{last.recorded_at.astimezone(UTC).isoformat()} {last.id}"
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        moment, _, id = told.partition(" ")
        recorded_at = datetime.fromisoformat(moment).astimezone(UTC)
    except (binascii.Error, ValueError, OverflowError):
        recorded_at, id = None, ""
    if recorded_at is None or "\0" in id:
        message = "Send `next_after` as the last page gave it, or none for the first page."
        raise InvalidRequest(message, code="cursor_invalid", errors=(FieldError("after", message),))
    return recorded_at, id
