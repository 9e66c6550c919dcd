"""Messages by when they were submitted: what `from` and `to` of every report choose."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import col

from linksvc.errors import FieldError, InvalidRequest
from linksvc.models import FunnelCount

_YEARS = range(1970, 9999)


def is_told(moment: datetime) -> bool:
    """Whether a report may be asked by it: it has its zone, and is of a year in which something may happen. In another zone,
    or some days later, one at the end of all years is not there at all."""
    return moment.tzinfo is not None and moment.year in _YEARS


@dataclass(frozen=True)
class Cohort:
    """Messages submitted from one moment until before another, both aware and on a quarter of an hour; None: no bound. One
    that was not submitted is in it by when it was made."""

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        for name, moment in (("from", self.since), ("to", self.until)):
            if moment and (moment.minute % 15 or moment.second or moment.microsecond):
                message = f"{moment.isoformat()} is on no quarter of an hour. Figures are kept a quarter of an hour each."
                raise InvalidRequest(message, code="cohort_invalid", errors=(FieldError(name, message),))
        if self.since and self.until and self.since >= self.until:
            message = "The end is not after the beginning."
            raise InvalidRequest(message, code="cohort_invalid", errors=(FieldError("to", message),))


def of_cohort(cohort: Cohort | None) -> list[ColumnElement[bool]]:
    """The counters of a cohort."""
    conditions: list[ColumnElement[bool]] = []
    if cohort and cohort.since:
        conditions.append(col(FunnelCount.cohort) >= cohort.since)
    if cohort and cohort.until:
        conditions.append(col(FunnelCount.cohort) < cohort.until)
    return conditions
