"""The rows behind what is counted each time it happens: visits, redemptions, what was taken back of them, and payments. For
the API, the pages, exports and the command line.

They are the applied ones, by the verdict that holds: what the counters were made from, so a figure opens onto exactly its
rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, func, or_, tuple_
from sqlmodel import Session, col, select

from linksvc.cohorts import Cohort
from linksvc.errors import FieldError, InvalidRequest
from linksvc.figure_totals import told_of
from linksvc.funnel import find_campaign
from linksvc.hit_verdicts import COUNTED, source_of
from linksvc.message_filters import MessageFilter
from linksvc.models import Fact, Hit, Message
from linksvc.tallies import ABOUT_MONEY, REASON

_ENDS_AT = col(Message.window_ends_at)
_LATE_HIT = and_(_ENDS_AT.is_not(None), col(Hit.occurred_at) > _ENDS_AT)
_ON_TIME_HIT = or_(_ENDS_AT.is_(None), col(Hit.occurred_at) <= _ENDS_AT)

VISITS: Mapping[str, ColumnElement[bool]] = {
    "hit_human": and_(col(Hit.verdict) == "human", _ON_TIME_HIT),
    "hit_suspect": and_(col(Hit.verdict) == "suspect", _ON_TIME_HIT),
    "hit_machine": and_(col(Hit.verdict) == "machine", _ON_TIME_HIT),
    "hit_unnamed": col(Hit.n).is_(None),
    "late_hit": _LATE_HIT,
}

_ON_TIME_FACT = or_(_ENDS_AT.is_(None), col(Fact.occurred_at) <= _ENDS_AT)
_LATE_FACT = and_(_ENDS_AT.is_not(None), col(Fact.occurred_at) > _ENDS_AT)

PAID: Mapping[str, ColumnElement[bool]] = {
    name: and_(col(Fact.kind) == kind, condition)
    for kind, occurrence in ABOUT_MONEY.items()
    for name, condition in ((occurrence, _ON_TIME_FACT), (f"late_{occurrence}", _LATE_FACT))
}
"""The facts that a figure of money counts."""

LISTED = (*VISITS, *PAID)


@dataclass(frozen=True)
class OccurrenceFilter:
    """What the figure `stage` counts, of messages that have the value `value` of `by` and belong to a cohort, as
    `linksvc.message_filters` says it, or with the reason `value` of their verdict; and what happened from the one moment of
    `during` until before the other.

    Raises InvalidRequest: unknown_stage, breakdown_unknown, value_invalid.
    """

    stage: str
    by: str = ""
    value: str = ""
    cohort: Cohort | None = None
    during: tuple[datetime | None, datetime | None] = (None, None)

    def __post_init__(self) -> None:
        if self.stage not in LISTED:
            raise _wrong(
                "stage", "unknown_stage", f"There is no occurrence {self.stage!r}. Occurrences: {', '.join(LISTED)}."
            )
        if self.by == REASON and self.stage not in VISITS:
            raise _wrong("by", "breakdown_unknown", f"Only visits have a reason: {', '.join(VISITS)}.")
        if self.by == REASON and "\0" in self.value:
            raise _wrong("value", "value_invalid", f"There is no reason {self.value!r}.")
        _ = self._whose

    @classmethod
    def parse(cls, told: Mapping[str, str]) -> Self:
        """Of the parameters of `MessageFilter.parse` but for `not`. Raises InvalidRequest, also moment_invalid and
        cohort_invalid."""
        if told.get("not"):
            raise _wrong("not", "value_invalid", "Occurrences stand at no stage: only messages are listed without some.")
        when = MessageFilter.parse({name: text for name, text in told.items() if name in _WHEN})
        return cls(told.get("stage", ""), told.get("by", ""), told.get("value", ""), when.cohort, when.during)

    def parameters(self) -> dict[str, str]:
        """What `parse` reads, without what says nothing."""
        when = MessageFilter(cohort=self.cohort, during=self.during).parameters()
        told = {"stage": self.stage, "by": self.by, "value": self.value}
        return {name: text for name, text in (when | told).items() if text}

    def query(self) -> str:
        return urlencode(self.parameters(), safe=",:")

    @property
    def where(self) -> ColumnElement[bool]:
        """For a query of hits, or of facts, each beside its message; the campaign is not in it."""
        conditions = [VISITS[self.stage] if self.stage in VISITS else PAID[self.stage]]
        if self.by == REASON:
            conditions.append(col(Hit.reason) == self.value)
        if self._whose != _ANYONE:
            conditions.append(self._whose.where)
        happened = col(Hit.occurred_at if self.stage in VISITS else Fact.occurred_at)
        since, until = self.during
        return and_(*conditions, *([happened >= since] if since else []), *([happened < until] if until else []))

    @property
    def _whose(self) -> MessageFilter:
        by, value = ("", "") if self.by == REASON else (self.by, self.value)
        return MessageFilter(by=by, value=value, cohort=self.cohort)


_ANYONE = MessageFilter()
_WHEN = ("from", "to", "at_from", "at_to")


def _wrong(field: str, code: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code=code, errors=(FieldError(field, message),))


@dataclass(frozen=True, slots=True)
class OccurrenceRow:
    """One visit (its verdict and the reason), or one redemption, return, void or payment (its amount). n and number are None
    for nobody. `id` names it: the redemption, the payment, or the visit's place in the spool."""

    id: str
    n: int | None
    number: str | None
    verdict: str
    reason: str
    device: str
    os: str
    amount_minor: int
    currency: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class OccurrencePage:
    """Rows in a fixed order, not that of time; `next_after` is the last row's name, None on the last page."""

    rows: tuple[OccurrenceRow, ...]
    total: int
    next_after: str | None


def list_occurrences(
    session: Session, workspace_id: int, campaign_id: int, behind: OccurrenceFilter, after: str = "", limit: int = 100
) -> OccurrencePage:
    """The occurrences behind a figure, after the one named `after`: exactly those that it counts. Raises NotFound."""
    find_campaign(session, workspace_id, campaign_id)
    found = read_occurrences(session, campaign_id, behind, after, limit + 1)
    rows = tuple(found[:limit])
    next_after = rows[-1].id if len(found) > limit else None
    return OccurrencePage(rows, count_occurrences(session, campaign_id, behind), next_after)


def read_occurrences(
    session: Session, campaign_id: int, behind: OccurrenceFilter, after: str, limit: int
) -> Sequence[OccurrenceRow]:
    """The next of them. Walks the primary key from there on, so the last page costs what the first does."""
    read = _visits if behind.stage in VISITS else _money
    return read(session, campaign_id, behind, after, limit)


def count_occurrences(session: Session, campaign_id: int, behind: OccurrenceFilter) -> int:
    """How many there are: from the counters where they tell it, else counted."""
    told = told_of(session, campaign_id, behind)
    return count_occurrence_rows(session, campaign_id, behind) if told is None else told


def count_occurrence_rows(session: Session, campaign_id: int, behind: OccurrenceFilter) -> int:
    """The same, counted by reading them."""
    return int(session.exec(_of(campaign_id, behind, func.count())).one())


def _of(campaign_id: int, behind: OccurrenceFilter, *what: Any) -> Any:
    visits = behind.stage in VISITS
    table, applied = (Hit, COUNTED) if visits else (Fact, col(Fact.applied_at).is_not(None))
    beside = and_(col(Message.campaign_id) == campaign_id, col(Message.n) == col(table.n))
    found = select(*what).select_from(table).join(Message, beside, isouter=True)
    return found.where(table.campaign_id == campaign_id, behind.where, applied)


def _visits(session: Session, campaign_id: int, behind: OccurrenceFilter, after: str, limit: int) -> Sequence[OccurrenceRow]:
    segment, _, position = after.rpartition(":")
    order = (col(Hit.segment), col(Hit.position))
    what = (Hit.segment, Hit.position, Hit.n, Message.number, Hit.verdict, Hit.reason, Hit.device, Hit.os, Hit.occurred_at)
    further = tuple_(*order) > tuple_(segment, _whole(position))
    found = session.exec(_of(campaign_id, behind, *what).where(further).order_by(*order).limit(limit))
    return [
        OccurrenceRow(source_of(segment, position), n, number, verdict, reason, device, os, 0, "", occurred_at)
        for segment, position, n, number, verdict, reason, device, os, occurred_at in found
    ]


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1


def _money(session: Session, campaign_id: int, behind: OccurrenceFilter, after: str, limit: int) -> Sequence[OccurrenceRow]:
    what = (Fact.source, Fact.n, Message.number, Fact.amount_minor, Fact.currency, Fact.occurred_at)
    further = _of(campaign_id, behind, *what).where(col(Fact.source) > after)
    return [
        OccurrenceRow(source, n, number, "", "", "", "", amount, currency, occurred_at)
        for source, n, number, amount, currency, occurred_at in session.exec(further.order_by(col(Fact.source)).limit(limit))
    ]
