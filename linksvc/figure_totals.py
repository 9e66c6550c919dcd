"""What the counters say of a figure, whichever part of a campaign it tells, in a few rows whatever the campaign's size. For
the totals of lists: `linksvc.message_totals`, `linksvc.occurrence_list`."""

from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from linksvc.breakdowns import read_timeline
from linksvc.clock import bucket_of
from linksvc.cohorts import Cohort, of_cohort
from linksvc.delays import steps_of
from linksvc.models import FunnelCount
from linksvc.stages import SENT
from linksvc.tallies import HOUR, PARTED, REASON, TOTAL
from linksvc.week_hours import count_hours, read_hours

_NUMBERED = ("segment", "route", "click_hour")
"""Values that are whole numbers; of the first two 0 is none."""

_WITH_A_RECEIPT = ("delivered", "failed", "expired", "unknown")
_VISITS = ("hit_human", "hit_suspect", "hit_machine", "late_hit")

SPREAD_OVER = {
    "os": ("clicked",),
    "cause": ("refused", "failed", "expired", "unknown"),
    "proof": SENT,
    "click_delay": ("clicked",),
    "redeem_delay": ("redeemed",),
    "receipt_delay": _WITH_A_RECEIPT,
    "click_hour": ("clicked",),
    REASON: _VISITS,
}
"""The stages that are counted by what is no part of every figure (`linksvc.tallies`)."""

_SEVERAL = frozenset(SPREAD_OVER) - {"os", REASON}
"""Of these values several may be told, with commas between."""

_DELAYS = frozenset({"click_delay", "redeem_delay", "receipt_delay"})


class Told(Protocol):
    """What filters of messages and of occurrences have in common."""

    @property
    def stage(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def cohort(self) -> Cohort | None: ...
    @property
    def during(self) -> tuple[datetime | None, datetime | None]: ...


def told_of(session: Session, campaign_id: int, behind: Told) -> int | None:
    """The figure; None: the counters do not tell it."""
    if behind.during != (None, None) or behind.by == "zone_hour":
        return _of_moments(session, campaign_id, behind)
    if behind.by in SPREAD_OVER:
        return _of_spread(session, campaign_id, behind)
    if not behind.by:
        by = HOUR if behind.cohort else TOTAL
        return _sum(session, campaign_id, behind.stage, FunnelCount.by == by, *of_cohort(behind.cohort))
    return _of_part(session, campaign_id, behind) if behind.by in PARTED else None


def _of_part(session: Session, campaign_id: int, behind: Told) -> int:
    value, cohort = _value(behind), of_cohort(behind.cohort)
    if value:
        named = (FunnelCount.by == behind.by, FunnelCount.value == value)
        return _sum(session, campaign_id, behind.stage, *named, *cohort)
    # What has no value is what is left of the whole; of that as it is kept by hour, where nobody unnamed is counted.
    whole = _sum(session, campaign_id, behind.stage, FunnelCount.by == HOUR, *cohort)
    return whole - _sum(session, campaign_id, behind.stage, FunnelCount.by == behind.by, *cohort)


def _value(behind: Told) -> str:
    if behind.by not in _NUMBERED:
        return behind.value
    number = int(behind.value or 0)
    return str(number) if number else ""


def _of_spread(session: Session, campaign_id: int, behind: Told) -> int | None:
    stages = SENT if (behind.by, behind.stage) == ("proof", "submitted") else (behind.stage,)
    if behind.cohort or not set(stages) <= set(SPREAD_OVER[behind.by]):
        return None
    values = set(behind.value.split(",")) if behind.by in _SEVERAL else {behind.value}
    if behind.by in _DELAYS:
        values = {step for value in values for step in steps_of(value)}
    if behind.by in _NUMBERED:
        values = {str(int(value)) for value in values}
    chosen = (FunnelCount.by == behind.by, col(FunnelCount.value).in_(values))
    return sum(_sum(session, campaign_id, stage, *chosen) for stage in stages)


def _of_moments(session: Session, campaign_id: int, behind: Told) -> int | None:
    """Of the quarters of an hour in which it came about."""
    since, until = behind.during
    if behind.cohort or any(moment and moment != bucket_of(moment) for moment in behind.during):
        return None
    if behind.by and (behind.by, behind.stage) != ("zone_hour", "clicked"):
        return None
    happened = read_timeline(session, campaign_id, (behind.stage,), since, until)
    if not behind.by:
        return sum(one.count for one in happened)
    zone, hours = read_hours(behind.value)
    counted = count_hours([(one.bucket, one.count) for one in happened], zone)
    return sum(counted[hour] for hour in set(hours))


def _sum(session: Session, campaign_id: int, stage: str, *conditions: ColumnElement[bool] | bool) -> int:
    total = select(func.coalesce(func.sum(FunnelCount.count), 0))
    mine = (FunnelCount.campaign_id == campaign_id, FunnelCount.stage == stage)
    return int(session.exec(total.where(*mine, *conditions)).one())
