"""Handing an offer's codes out as a CSV file, however many there are. For the API and `ricochet code`."""

import csv
import io
from collections.abc import Iterator

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from linksvc.csv_files import neutralise
from linksvc.database import reading
from linksvc.models import Offer, PromoCode
from linksvc.public_ids import format_id
from linksvc.shown_codes import shown

COLUMNS: tuple[str, ...] = ("code", "source", "state", "uses", "used", "held", "campaign", "message")

_PAGE_ROWS = 5_000


def export_csv(engine: Engine, workspace_id: int, offer_id: int, source: str | None = None) -> Iterator[bytes]:
    """The offer's codes in their order, in pieces of a CSV file: UTF-8 with a mark, for Excel; formulas neutralised.

    Each page is a transaction of its own: who reads slowly holds up nobody. A code that is made meanwhile may be missing.
    `source`: only generated, imported or shared ones. `state`: free, used (up), disabled.
    """
    yield b"\xef\xbb\xbf" + _lines([COLUMNS])
    after = ""
    while True:
        with reading(engine) as session:
            rows = _page(session, workspace_id, offer_id, source, after)
            withdrawn = session.exec(select(Offer.withdrawn_at).where(Offer.id == offer_id)).first() is not None
            if not rows:
                return
            piece = _lines([_cells(row, withdrawn) for row in rows])
            after = rows[-1].code
        yield piece


def _page(session: Session, workspace_id: int, offer_id: int, source: str | None, after: str) -> list[PromoCode]:
    statement = select(PromoCode).where(
        PromoCode.workspace_id == workspace_id, PromoCode.offer_id == offer_id, col(PromoCode.code) > after
    )
    if source is not None:
        statement = statement.where(PromoCode.source == source)
    return list(session.exec(statement.order_by(col(PromoCode.code)).limit(_PAGE_ROWS)))


def _cells(row: PromoCode, withdrawn: bool) -> tuple[str, ...]:
    state = "disabled" if row.disabled or withdrawn else "used" if row.used >= row.max_uses else "free"
    campaign = format_id("campaign", row.campaign_id) if row.campaign_id is not None else ""
    message = "" if row.n is None else str(row.n)
    code = shown(row.code, row.written)
    return (code, row.source, state, str(row.max_uses), str(row.used), str(row.held), campaign, message)


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    piece = io.StringIO()
    csv.writer(piece).writerows([map(neutralise, row) for row in rows])
    return piece.getvalue().encode()
