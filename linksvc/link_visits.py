"""The visits of ad-hoc links: figures counted from the hits themselves, and the hits behind each figure.

The links of messages have a funnel instead. Called by `linksvc.links` and the API.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, literal, tuple_
from sqlmodel import Session, col, func, select

from linksvc.clock import micros_of, moment_of
from linksvc.errors import FieldError, InvalidRequest
from linksvc.models import Hit

VERDICTS = ("human", "suspect", "machine")

_ORDER = ("occurred_at", "segment", "position")
_CURSOR = re.compile(r"([0-9]{1,17})\.([0-9a-f-]{36})\.([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Visits:
    """How many hits of each verdict a link has."""

    human: int = 0
    suspect: int = 0
    machine: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """One hit, and the verdict that holds now. `network` is the caller's /24 or /48."""

    occurred_at: datetime
    network: str
    device: str
    os: str
    verdict: str
    reason: str
    outcome: str


@dataclass(frozen=True, slots=True)
class VisitPage:
    """Newest first; `next_after` is where the next page begins, None on the last."""

    visits: tuple[Visit, ...]
    next_after: str | None


def count_visits(session: Session, campaign_id: int, link_ids: Collection[int]) -> dict[int, Visits]:
    """The figures of these links, by id."""
    counts: dict[int, dict[str, int]] = {link_id: {} for link_id in link_ids}
    statement = (
        select(Hit.link_id, Hit.verdict, func.count())
        .where(Hit.campaign_id == campaign_id, col(Hit.link_id).in_(link_ids), col(Hit.n).is_(None))
        .group_by(col(Hit.link_id), col(Hit.verdict))
    )
    for link_id, verdict, count in session.exec(statement):
        counts[link_id][verdict] = count
    return {link_id: Visits(*(found.get(verdict, 0) for verdict in VERDICTS)) for link_id, found in counts.items()}


def list_visits(
    session: Session, campaign_id: int, link_id: int, verdict: str | None, after: str | None, limit: int
) -> VisitPage:
    """The hits of a link, of one verdict or of all, after a cursor. Raises InvalidRequest (cursor_invalid)."""
    order = [Hit.__table__.c[name] for name in _ORDER]  # type: ignore[attr-defined]
    statement = select(Hit).where(Hit.campaign_id == campaign_id, Hit.link_id == link_id, col(Hit.n).is_(None))
    if verdict is not None:
        statement = statement.where(Hit.verdict == verdict)
    if after is not None:
        statement = statement.where(tuple_(*order) < tuple_(*_read_cursor(after)))
    statement = statement.order_by(*(column.desc() for column in order)).limit(limit + 1)
    found = list(session.exec(statement))
    shown = found[:limit]
    return VisitPage(tuple(map(_visit, shown)), _cursor(shown[-1]) if len(found) > limit else None)


def _visit(hit: Hit) -> Visit:
    return Visit(hit.occurred_at, hit.network, hit.device, hit.os, hit.verdict, hit.reason, hit.outcome)


def _cursor(hit: Hit) -> str:
    return f"{micros_of(hit.occurred_at)}.{hit.segment}.{hit.position}"


def _read_cursor(text: str) -> list[BindParameter[Any]]:
    found = _CURSOR.fullmatch(text)
    if found is None:
        message = "It is no `next_after` of a page of visits. Leave it out for the first page."
        raise InvalidRequest(message, code="cursor_invalid", errors=(FieldError("after", message),))
    values = (moment_of(int(found[1])), found[2], int(found[3]))
    columns = Hit.__table__.c  # type: ignore[attr-defined]
    return [literal(value, columns[name].type) for name, value in zip(_ORDER, values, strict=True)]
