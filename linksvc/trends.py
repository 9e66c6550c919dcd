"""Months of a workspace: how its list grew, and what its campaigns came to. Read by the pages and the API.

The list is told as it is known today: somebody who was removed is in no month, and a number whose STOP was lifted was
reachable all along. Messages, rates, revenue and cost are those of the messages submitted in a month, whenever something
came of them, so that each rate is of the same messages above and below its line.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy
from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from linksvc.contact_directory import MARKETING
from linksvc.errors import FieldError, InvalidRequest
from linksvc.local_steps import midnight, month_after, month_of
from linksvc.models import Campaign, Consent, Contact, FunnelCount, Suppression
from linksvc.rates import OF
from linksvc.stages import MONEY
from linksvc.standing_campaigns import is_for_messages
from linksvc.sums import Sums
from linksvc.suppressions import STOP
from linksvc.tallies import ANY_COHORT, FRAGMENT, HOUR, TOTAL

MONTHS, MOST_MONTHS = 12, 36

RATES = ("delivered", "clicked", "redeemed", "opted_out")
"""Those told of a month (`linksvc.rates`)."""

_STAGES = (*dict.fromkeys((*RATES, *(OF[name] for name in RATES))), *MONEY, FRAGMENT)

_Moment = ColumnElement[datetime] | Mapped[Any]


@dataclass(frozen=True, slots=True)
class Month:
    """A local month. `reachable`: contacts at its end that consented to marketing and whose number is not suppressed."""

    first_day: date
    since: datetime
    until: datetime
    contacts_added: int
    consents: int
    """Contacts whose first consent to marketing was given in it."""
    opt_outs: int
    """Numbers whose owner said STOP in it."""
    reachable: int
    sums: Sums = field(repr=False)
    """Of the messages submitted in it."""


@dataclass(frozen=True, slots=True)
class Trends:
    """Months one after the other, the present one last; those without anything too."""

    zone: ZoneInfo
    months: tuple[Month, ...]


def read_trends(session: Session, workspace_id: int, zone: ZoneInfo, now: datetime, months: int = MONTHS) -> Trends:
    """The last `months` months, in five statements whatever there is. Raises InvalidRequest `months_invalid`."""
    if not 1 <= months <= MOST_MONTHS:
        message = f"1 to {MOST_MONTHS} months can be asked for."
        raise InvalidRequest(message, code="months_invalid", errors=(FieldError("months", message),))
    last = month_of(now, zone)
    days = [month_after(last, back) for back in range(1 - months, 2)]
    bounds = [midnight(day, zone) for day in days]
    added = _count_in(session, bounds, col(Contact.created_at), col(Contact.workspace_id) == workspace_id)
    consents = _count_consents(session, bounds, workspace_id)
    stops = (col(Suppression.workspace_id) == workspace_id, col(Suppression.reason) == STOP)
    opt_outs = _count_in(session, bounds, col(Suppression.occurred_at), *stops)
    reachable = _read_reachable(session, bounds, workspace_id)
    sums = _read_sums(session, bounds, workspace_id)
    spans = enumerate(pairwise(bounds))
    return Trends(
        zone,
        tuple(Month(days[i], *span, added[i], consents[i], opt_outs[i], reachable[i], sums[i]) for i, span in spans),
    )


def _place(moment: _Moment, bounds: Sequence[datetime]) -> ColumnElement[int]:
    """Of which month a moment is; -1: before them all, their number: after."""
    return case(*((moment < bound, place - 1) for place, bound in enumerate(bounds)), else_=len(bounds) - 1)


def _count_in(session: Session, bounds: Sequence[datetime], moment: _Moment, *where: ColumnElement[bool]) -> Counter[int]:
    place = _place(moment, bounds)
    within = (*where, moment >= bounds[0], moment < bounds[-1])
    found = session.connection().execute(sqlalchemy.select(place, func.count()).where(*within).group_by(place))
    return Counter({int(month): int(count) for month, count in found})


def _count_consents(session: Session, bounds: Sequence[datetime], workspace_id: int) -> Counter[int]:
    first = (
        sqlalchemy.select(func.min(Consent.occurred_at).label("at"))
        .where(col(Consent.workspace_id) == workspace_id, col(Consent.purpose) == MARKETING, col(Consent.granted).is_(True))
        .group_by(col(Consent.contact_id))
        .subquery()
    )
    place = _place(first.c.at, bounds)
    within = (first.c.at >= bounds[0], first.c.at < bounds[-1])
    found = session.connection().execute(sqlalchemy.select(place, func.count()).where(*within).group_by(place))
    return Counter({int(month): int(count) for month, count in found})


def _read_reachable(session: Session, bounds: Sequence[datetime], workspace_id: int) -> list[int]:
    """How many could be written to at the end of each month: they came in by their consent, or once they were in the list if
    they had consented before, and left by a suppression."""
    consented, added, gone = col(Contact.marketing_consent_at), col(Contact.created_at), col(Suppression.occurred_at)
    since = case((added > consented, added), else_=consented)
    came, left = _place(since, bounds), _place(gone, bounds)
    both = and_(col(Suppression.workspace_id) == Contact.workspace_id, col(Suppression.number) == Contact.number)
    statement = (
        sqlalchemy.select(came, left, gone.is_(None), func.count())
        .select_from(Contact)
        .outerjoin(Suppression, both)
        .where(col(Contact.workspace_id) == workspace_id, consented.is_not(None), or_(gone.is_(None), gone > since))
        .group_by(came, left, gone.is_(None))
    )
    months = len(bounds) - 1
    changes: Counter[int] = Counter()
    for arrived, departed, stays, count in session.connection().execute(statement):
        changes[max(int(arrived), 0)] += int(count)
        if not stays:
            changes[max(int(departed), 0)] -= int(count)
    return list(_running(changes, months))


def _running(changes: Counter[int], months: int) -> Iterator[int]:
    total = 0
    for place in range(months):
        total += changes[place]
        yield total


def _read_sums(session: Session, bounds: Sequence[datetime], workspace_id: int) -> list[Sums]:
    """A campaign submitted within one month has its sum already; of the others the quarters are summed."""
    spans = _spans(workspace_id)
    months = sqlalchemy.select(
        spans.c.id, _place(spans.c.first, bounds).label("first"), _place(spans.c.last, bounds).label("last")
    ).cte("months")
    of_one = sqlalchemy.select(months.c.id, months.c.first).where(
        months.c.first == months.c.last, months.c.first >= 0, months.c.first < len(bounds) - 1
    )
    of_more = sqlalchemy.select(months.c.id).where(months.c.first != months.c.last)
    whole = of_one.subquery()
    cohort = col(FunnelCount.cohort)
    parts = sqlalchemy.union_all(
        _summed(whole.c.first, TOTAL).where(col(FunnelCount.campaign_id) == whole.c.id, cohort == ANY_COHORT),
        _summed(_place(cohort, bounds), HOUR).where(
            col(FunnelCount.campaign_id).in_(of_more), cohort >= bounds[0], cohort < bounds[-1]
        ),
    )
    sums = [Sums() for _ in bounds[1:]]
    for month, stage, currency, count, amount in session.connection().execute(parts):
        sums[int(month)].add(stage, currency, int(count), int(amount))
    return sums


def _spans(workspace_id: int) -> sqlalchemy.CTE:
    """The first and last quarter of each campaign, looked up in the key and not searched for; none: nothing was produced."""

    def quarter(ends: Callable[[Any], Any]) -> Any:
        mine = (col(FunnelCount.campaign_id) == col(Campaign.id), col(FunnelCount.by) == HOUR, col(FunnelCount.value) == "")
        return sqlalchemy.select(ends(col(FunnelCount.cohort))).where(*mine).correlate(Campaign).scalar_subquery()

    spans = sqlalchemy.select(col(Campaign.id), quarter(func.min).label("first"), quarter(func.max).label("last"))
    mine = (col(Campaign.workspace_id) == workspace_id, is_for_messages())
    # Written into each comparison with a month, the look-ups would be made again for each.
    return spans.where(*mine).cte("spans").prefix_with("MATERIALIZED")


def _summed(month: Any, by: str) -> sqlalchemy.Select[Any]:
    what = (month, col(FunnelCount.stage), col(FunnelCount.currency))
    sums = (func.sum(FunnelCount.count), func.sum(FunnelCount.amount_minor))
    mine = (col(FunnelCount.by) == by, col(FunnelCount.value) == "", col(FunnelCount.stage).in_(_STAGES))
    return sqlalchemy.select(*what, *sums).where(*mine).group_by(*what)
