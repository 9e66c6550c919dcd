"""Conversions that a page claimed by the snippet: which order, and how much. Listed by the API and the pages, apart from all
figures: anybody's browser can claim one, so they are never revenue."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, literal, text, tuple_
from sqlmodel import Session, col, func, select

from linksvc.clock import micros_of, moment_of
from linksvc.errors import FieldError, InvalidRequest
from linksvc.funnel import find_campaign
from linksvc.models import Message, PageEvent
from linksvc.money import Money

CONVERSION = "conversion"

_ORDER = ("occurred_at", "segment", "position", "number")
_CURSOR = re.compile(r"([0-9]{1,17})\.([0-9a-f-]{36})\.([0-9]{1,18})\.([0-9]{1,9})", re.ASCII)
_CLAIMED = text("page_event.name = 'conversion'")
"""As the partial index says it: SQLite takes the index for these very words only."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a page claimed. `paid` is None where it told no amount; the same order may be claimed more than once."""

    n: int
    number: str
    order_ref: str
    paid: Money | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class ConversionPage:
    """Newest first; `next_after` is where the next page begins, None on the last."""

    rows: tuple[Conversion, ...]
    total: int
    next_after: str | None


def count_conversions(session: Session, campaign_id: int) -> int:
    # Ordered as the index on conversions is: SQLite's planner takes it then, and else walks all events of the campaign.
    claimed = _claimed(campaign_id, PageEvent.occurred_at).order_by(col(PageEvent.occurred_at))
    return session.exec(select(func.count()).select_from(claimed.subquery())).one()


def list_conversions(
    session: Session, workspace_id: int, campaign_id: int, after: str = "", limit: int = 100
) -> ConversionPage:
    """What pages claimed in a campaign, behind the one named `after`. Raises NotFound, InvalidRequest (cursor_invalid)."""
    find_campaign(session, workspace_id, campaign_id)
    order = [PageEvent.__table__.c[name] for name in _ORDER]  # type: ignore[attr-defined]
    statement = _claimed(campaign_id, PageEvent).order_by(*(column.desc() for column in order)).limit(limit + 1)
    if after:
        statement = statement.where(tuple_(*order) < tuple_(*_read_cursor(after)))
    found = session.exec(statement).all()
    shown = found[:limit]
    numbers = _numbers(session, campaign_id, {event.n for event in shown})
    rows = tuple(_conversion(event, numbers.get(event.n, "")) for event in shown)
    return ConversionPage(rows, count_conversions(session, campaign_id), _cursor(shown[-1]) if len(found) > limit else None)


def _claimed(campaign_id: int, what: Any) -> Any:
    return select(what).where(PageEvent.campaign_id == campaign_id, _CLAIMED)


def _numbers(session: Session, campaign_id: int, ns: Collection[int]) -> dict[int, str]:
    found = select(Message.n, Message.number).where(Message.campaign_id == campaign_id, col(Message.n).in_(ns))
    return dict(session.exec(found).all())


def _conversion(event: PageEvent, number: str) -> Conversion:
    paid = Money(event.amount_minor, event.currency) if event.currency else None
    return Conversion(event.n, number, event.order_ref, paid, event.occurred_at)


def _cursor(event: PageEvent) -> str:
    micros = micros_of(event.occurred_at)
    return f"{micros}.{event.segment}.{event.position}.{event.number}"


def _read_cursor(after: str) -> list[BindParameter[Any]]:
    found = _CURSOR.fullmatch(after)
    if found is None:
        message = "It is no `next_after` of a page of conversions. Leave it out for the first page."
        raise InvalidRequest(message, code="cursor_invalid", errors=(FieldError("after", message),))
    values = (moment_of(int(found[1])), found[2], int(found[3]), int(found[4]))
    columns = PageEvent.__table__.c  # type: ignore[attr-defined]
    return [literal(value, columns[name].type) for name, value in zip(_ORDER, values, strict=True)]
