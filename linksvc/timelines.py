"""What happened in a campaign by when it happened, in quarters, hours or days of a zone. Called by the API."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from linksvc.breakdowns import Moment, read_timeline
from linksvc.errors import FieldError, InvalidRequest
from linksvc.funnel import find_campaign
from linksvc.local_steps import STEPS, Step, steps_between
from linksvc.money import Money
from linksvc.stages import MONEY, OCCURRENCES, STAGES
from linksvc.zone_names import zone_named

MOST_STEPS = 3_000
"""A month of quarters, four months of hours, eight years of days."""

_SHORTEST = {"quarter": timedelta(minutes=15), "hour": timedelta(hours=1), "day": timedelta(hours=23)}

_WITH_MONEY = frozenset((*MONEY, *(f"late_{name}" for name in MONEY)))


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """How many got to the stage from `since` until before `until`; of money, how much, a sum a currency."""

    since: datetime
    until: datetime
    count: int
    amounts: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Steps one after the other, those without anything too."""

    stage: str
    step: Step
    zone: ZoneInfo
    steps: tuple[TimelineStep, ...]

    @property
    def total(self) -> int:
        return sum(step.count for step in self.steps)


def read_steps(
    session: Session,
    workspace_id: int,
    campaign_id: int,
    stage: str,
    step: Step,
    zone: ZoneInfo,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Timeline:
    """The steps from `since` until `until`; where one is None, from the first and to the last in which anything happened.
    Raises NotFound, InvalidRequest (unknown_stage, range_invalid, range_too_long)."""
    _check(stage, since, until)
    find_campaign(session, workspace_id, campaign_id)
    found = read_timeline(session, campaign_id, (stage,), since, until)
    if not found and not (since and until):
        return Timeline(stage, step, zone, ())
    first = since or found[0].bucket
    last = until or found[-1].bucket + timedelta(microseconds=1)
    if (last - first) / _SHORTEST[step] > MOST_STEPS:
        raise _too_long(step)
    spans = [
        (max(start, since) if since else start, min(end, until) if until else end)
        for start, end in steps_between(first, last, step, zone)
    ]
    return Timeline(stage, step, zone, _filled(stage, spans, found))


def _filled(stage: str, spans: list[tuple[datetime, datetime]], found: Sequence[Moment]) -> tuple[TimelineStep, ...]:
    starts = [start for start, _ in spans]
    counts: Counter[int] = Counter()
    amounts: dict[int, Counter[str]] = {}
    for moment in found:
        place = bisect_right(starts, moment.bucket) - 1
        counts[place] += moment.count
        if stage in _WITH_MONEY:
            amounts.setdefault(place, Counter())[moment.currency] += moment.amount_minor
    return tuple(
        TimelineStep(
            start,
            end,
            counts[place],
            tuple(Money(amount, currency) for currency, amount in sorted(amounts.get(place, {}).items())),
        )
        for place, (start, end) in enumerate(spans)
    )


def read_zone(name: str) -> ZoneInfo:
    """A zone by its IANA name. Raises InvalidRequest `timezone_unknown`."""
    zone = zone_named(name)
    if zone is None:
        message = f"“{name[:40]}” is no time zone; one is Europe/Paris."
        raise InvalidRequest(message, code="timezone_unknown", errors=(FieldError("timezone", message),))
    return zone


def _check(stage: str, since: datetime | None, until: datetime | None) -> None:
    names = (*STAGES, *OCCURRENCES)
    if stage not in names:
        message = f"There is no stage {stage[:40]!r}. There are: {', '.join(names)}."
        raise InvalidRequest(message, code="unknown_stage", errors=(FieldError("stage", message),))
    for name, moment in (("from", since), ("to", until)):
        at = moment and moment.astimezone(UTC)
        if at and (at.minute % 15 or at.second or at.microsecond):
            message = f"{at.isoformat()} is on no quarter of an hour. Figures are kept a quarter of an hour each."
            raise InvalidRequest(message, code="range_invalid", errors=(FieldError(name, message),))
    if since and until and since >= until:
        message = "The end is not after the beginning."
        raise InvalidRequest(message, code="range_invalid", errors=(FieldError("to", message),))


def _too_long(step: Step) -> InvalidRequest:
    larger = STEPS[STEPS.index(step) + 1 :]
    way = f"ask for less by from and to, or for step={larger[0]}" if larger else "ask for less by from and to"
    message = f"These are more than {MOST_STEPS:,} steps; {way}."
    return InvalidRequest(message, code="range_too_long", errors=(FieldError("step", message),))
