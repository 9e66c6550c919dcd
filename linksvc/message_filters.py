"""The messages behind a figure, whichever it is: of a stage, of a part of it, of a cohort, of a moment. The links of the
pages, the lists of the API, exports and segments all say it by this."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, func, not_, or_
from sqlmodel import col

from linksvc.cohorts import Cohort, is_told
from linksvc.delays import ANY, bounds_of
from linksvc.errors import FieldError, InvalidRequest
from linksvc.models import Message
from linksvc.moments import seconds_between
from linksvc.stages import STAGES
from linksvc.tallies import HOUR, PROOFS
from linksvc.week_hours import read_hours, stored_hour_of_week

VALUES_MOST = 200
"""More than there are hours in a week; a database takes so many alternatives and not any number."""

_COHORT = func.coalesce(col(Message.submitted_at), col(Message.produced_at))


@dataclass(frozen=True)
class MessageFilter:
    """Messages that stand at `stage`, at none of `without`, have the value `value` of `by` (see `linksvc.tallies`), belong
    to a cohort, and got to the stage from the one moment of `during` until before the other.

    Raises InvalidRequest: unknown_stage, breakdown_unknown, value_invalid.
    """

    stage: str = "produced"
    without: tuple[str, ...] = ()
    by: str = ""
    value: str = ""
    cohort: Cohort | None = None
    during: tuple[datetime | None, datetime | None] = (None, None)

    def __post_init__(self) -> None:
        for name, stage in (("stage", self.stage), *(("not", stage) for stage in self.without)):
            if stage not in STAGES:
                message = f"There is no stage {stage!r}. Stages: {', '.join(STAGES)}."
                raise InvalidRequest(message, code="unknown_stage", errors=(FieldError(name, message),))
        if self.by and self.by not in _HAVING:
            message = f"Messages are not told apart by {self.by!r}, but by: {', '.join(_HAVING)}."
            raise InvalidRequest(message, code="breakdown_unknown", errors=(FieldError("by", message),))
        if self.by:
            self._having()
        elif self.value:
            message = f"{self.value!r} is a value of what? Tell `by` too, such as by=country."
            raise InvalidRequest(message, code="value_invalid", errors=(FieldError("by", message),))

    @classmethod
    def parse(cls, told: Mapping[str, str]) -> Self:
        """Of the parameters stage, not (several with a comma between), by, value, from, to, at_from, at_to: all texts, and
        may be missing. Raises InvalidRequest, also moment_invalid and cohort_invalid."""
        since, until = _moment(told, "from"), _moment(told, "to")
        return cls(
            stage=told.get("stage") or "produced",
            without=tuple(dict.fromkeys(stage for stage in told.get("not", "").split(",") if stage)),
            by=told.get("by", ""),
            value=told.get("value", ""),
            cohort=Cohort(since, until) if since or until else None,
            during=(_moment(told, "at_from"), _moment(told, "at_to")),
        )

    def parameters(self) -> dict[str, str]:
        """What `parse` reads, without what says nothing."""
        since, until = (self.cohort.since, self.cohort.until) if self.cohort else (None, None)
        told = {
            "stage": self.stage,
            "not": ",".join(self.without),
            "by": self.by,
            "value": self.value,
            "from": _written(since),
            "to": _written(until),
            "at_from": _written(self.during[0]),
            "at_to": _written(self.during[1]),
        }
        return {name: text for name, text in told.items() if text}

    def query(self) -> str:
        return urlencode(self.parameters(), safe=",:")

    @property
    def is_a_stage(self) -> bool:
        """Whether it says no more than its stage."""
        return self == MessageFilter(self.stage)

    @property
    def is_of_moments(self) -> bool:
        """Whether it matters when messages got to the stage."""
        return self.during != (None, None)

    @property
    def where(self) -> ColumnElement[bool]:
        """For a query of Message; the campaign is not in it."""
        conditions = [STAGES[self.stage].where, *(not_(STAGES[stage].where) for stage in self.without)]
        if self.by:
            conditions.append(self._having())
        if self.cohort:
            conditions += _between(_COHORT, self.cohort.since, self.cohort.until)
        return and_(*conditions, *_between(STAGES[self.stage].at, *self.during))

    def _having(self) -> ColumnElement[bool]:
        try:
            if "\0" in self.value:
                # PostgreSQL's text holds no NUL.
                raise ValueError(self.value)
            return _HAVING[self.by](self.value)
        except ValueError as error:
            message = f"There is no {self.by} {self.value!r}."
            raise InvalidRequest(message, code="value_invalid", errors=(FieldError("value", message),)) from error


def _moment(told: Mapping[str, str], name: str) -> datetime | None:
    text = told.get(name, "")
    if not text:
        return None
    try:
        return _read_moment(text)
    except ValueError:
        message = f"{text!r} is no moment from 1970 to 9998 with its zone, such as 2026-11-27T10:00:00Z."
        raise InvalidRequest(message, code="moment_invalid", errors=(FieldError(name, message),)) from None


def _read_moment(text: str) -> datetime:
    """Raises ValueError."""
    # A plus sign that was not escaped arrives as a space.
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    if not is_told(moment):
        raise ValueError(text)
    return moment.astimezone(UTC)


def _written(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else ""


def _between(moment: Any, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if since:
        conditions.append(moment >= since)
    if until:
        conditions.append(moment < until)
    return conditions


_Having = Callable[[str], ColumnElement[bool]]


def _text(column: Any) -> _Having:
    return lambda value: col(column) == value


def _number(column: Any, none: str = "") -> _Having:
    def having(value: str) -> ColumnElement[bool]:
        number = int(value) if value != none else 0
        if abs(number) > 2**62:
            raise ValueError(value)
        return col(column) == number

    return having


def _in_hour(value: str) -> ColumnElement[bool]:
    """Submitted in the hour from that moment on."""
    since = _read_moment(value)
    return and_(*_between(_COHORT, since, since + timedelta(hours=1)))


_PROOF = case(*((STAGES[proof].where, proof) for proof in PROOFS[:-2]), (col(Message.tracked), "nothing"), else_="unseen")


def _proof(value: str) -> ColumnElement[bool]:
    if value not in PROOFS:
        raise ValueError(value)
    return _PROOF.in_((value,))


def _delay(told: ColumnElement[bool], since: Any, until: Any) -> _Having:
    """In a step of `linksvc.delays`, in any that ends by then (`<`), in whichever there is, or in none: there is no delay.
    `told`: whether there is a delay at all."""

    def having(value: str) -> ColumnElement[bool]:
        if not value:
            return not_(told)
        if value == ANY:
            return told
        least, end = (None, bounds_of(value[1:])[0]) if value.startswith("<") else bounds_of(value)
        seconds = seconds_between(since, until)
        bounds = [told]
        if least is not None:
            bounds.append(seconds >= least)
        if end is not None:
            bounds.append(seconds < end)
        return and_(*bounds)

    return having


def _one_of(having: _Having) -> _Having:
    """Of names without a comma several may be told, with commas between."""

    def any_of(value: str) -> ColumnElement[bool]:
        values = tuple(dict.fromkeys(value.split(",")))
        if len(values) > VALUES_MOST:
            raise ValueError(value)
        return or_(*(having(one) for one in values))

    return any_of


def _zone_hour(value: str) -> ColumnElement[bool]:
    """First clicked in hours of the week on the clock of a zone (`linksvc.week_hours.write_hours`)."""
    zone, hours = read_hours(value)
    return _clicked_hour(zone).in_(hours)


@lru_cache(64)
def _clicked_hour(zone: ZoneInfo) -> ColumnElement[int]:
    """Made once a zone: it knows twenty years of clock changes, and a page may ask for each hour of a week."""
    return stored_hour_of_week(_CLICKED, zone)


_RECEIPT, _SUBMITTED = col(Message.receipt_at), col(Message.submitted_at)
_CLICKED, _REDEEMED = col(Message.clicked_at), col(Message.redeemed_at)

_HAVING: dict[str, _Having] = {
    "variant": _text(Message.variant),
    "segment": _number(Message.segment_id),
    "route": _number(Message.route_id),
    "country": _text(Message.country),
    "network": _text(Message.network),
    "device": _text(Message.device),
    HOUR: _in_hour,
    "os": _text(Message.os),
    "cause": _one_of(_text(Message.cause)),
    "proof": _one_of(_proof),
    "click_delay": _one_of(
        _delay(and_(col(Message.state) == "delivered", _RECEIPT.is_not(None), _CLICKED.is_not(None)), _RECEIPT, _CLICKED)
    ),
    "redeem_delay": _one_of(_delay(and_(_SUBMITTED.is_not(None), _REDEEMED.is_not(None)), _SUBMITTED, _REDEEMED)),
    "receipt_delay": _one_of(
        _delay(
            and_(
                _SUBMITTED.is_not(None),
                _RECEIPT.is_not(None),
                col(Message.state).in_(("delivered", "failed", "expired", "unknown")),
            ),
            _SUBMITTED,
            _RECEIPT,
        )
    ),
    "click_hour": _one_of(_number(Message.click_hour, "none")),
    "zone_hour": _zone_hour,
}
