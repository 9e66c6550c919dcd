"""Which rows a list shows, in words, and why it shows none. For the pages of rows and of segments."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboards.catalog import CATALOG
from dashboards.charts.cause_catalog import MEANINGS
from dashboards.charts.durations import stretch
from dashboards.charts.teller import Teller
from dashboards.figures import label_of
from dashboards.speech import Speech
from linksvc.delays import ANY, bounds_of, steps_of
from linksvc.distributions import Step
from linksvc.funnel import ABOUT_CLICKS, ABOUT_CODES, Funnel
from linksvc.message_filters import MessageFilter
from linksvc.occurrence_list import OccurrenceFilter
from linksvc.week_hours import read_hours

Filter = MessageFilter | OccurrenceFilter

_BY = {
    "variant": "rows.by.variant",
    "segment": "rows.by.segment",
    "route": "rows.by.route",
    "country": "rows.by.country",
    "network": "rows.by.network",
    "device": "rows.by.device",
    "os": "rows.by.os",
    "hour": "rows.by.hour",
    "cause": "rows.by.cause",
    "proof": "rows.by.proof",
    "click_delay": "rows.by.click_delay",
    "redeem_delay": "rows.by.redeem_delay",
    "receipt_delay": "rows.by.receipt_delay",
    "click_hour": "rows.by.click_hour",
    "zone_hour": "rows.by.zone_hour",
    "reason": "rows.by.reason",
}
_DEVICES = {
    "phone": "charts.device.phone",
    "tablet": "charts.device.tablet",
    "computer": "charts.device.desktop",
}
_NONE_AT_ALL = ("variant", "segment", "route")
"""What a message may do without; of the others the value is only not known."""

_HOURS_NAMED = 3


@dataclass(frozen=True, slots=True)
class RowWords:
    """`names`: what values of the filter's `by` are called, where they have names of their own."""

    speech: Speech
    campaign_id: int
    names: Mapping[str, str]

    def of(self, behind: Filter) -> tuple[str, ...]:
        """What narrows the list down, a text each; nothing where it shows all behind a figure."""
        return tuple(self._told(behind))

    def _told(self, behind: Filter) -> Iterator[str]:
        say = self.speech.say
        without = behind.without if isinstance(behind, MessageFilter) else ()
        if without:
            yield say("rows.without", stages=", ".join(label_of(self.speech, stage) for stage in without))
        if behind.by:
            yield say("rows.chosen", by=self._by(behind), value=self._value(behind.by, behind.value))
        if behind.cohort:
            yield say("rows.cohort", stretch=self._stretch(behind.cohort.since, behind.cohort.until))
        if behind.during != (None, None):
            yield say("rows.during", stretch=self._stretch(*behind.during))

    def _by(self, behind: Filter) -> str:
        if behind.by == "zone_hour":
            return self.speech.say("rows.by.zone_hour", zone=read_hours(behind.value)[0].key)
        return self.speech.say(_BY[behind.by])

    def _stretch(self, since: datetime | None, until: datetime | None) -> str:
        begin, end = (self.speech.day_and_time(at) if at else "" for at in (since, until))
        if begin and end:
            return self.speech.say("rows.stretch", since=begin, until=end)
        return self.speech.say("rows.since", since=begin) if begin else self.speech.say("rows.until", until=end)

    def _value(self, by: str, value: str) -> str:
        if by == "zone_hour":
            return self._hours(read_hours(value)[1])
        if by == "reason" and not value:
            return self.speech.say("rows.no_reason")
        if not value or (by in ("segment", "route") and not int(value)):
            return self.speech.say("rows.none" if by in _NONE_AT_ALL else "rows.unknown")
        return self._ways().get(by, self._named)(value)

    def _ways(self) -> Mapping[str, Callable[[str], str]]:
        return {
            "country": self.speech.country,
            "device": lambda value: self._teller.named(_DEVICES, value),
            "hour": lambda value: self.speech.day_and_time(datetime.fromisoformat(value.replace(" ", "+"))),
            "cause": self._causes,
            "proof": lambda value: ", ".join(self.speech.say(f"charts.proofs.{one}") for one in value.split(",")),
            "click_delay": self._delay,
            "redeem_delay": self._delay,
            "receipt_delay": self._delay,
            "click_hour": self._local_hours,
            "reason": self._reason,
        }

    @property
    def _teller(self) -> Teller:
        return Teller(self.campaign_id, self.speech)

    def _named(self, value: str) -> str:
        return self.names.get(value, value)

    def _causes(self, value: str) -> str:
        said = (self.speech.write(MEANINGS[one]) if one in MEANINGS else one for one in value.split(","))
        return ", ".join(one or self.speech.say("rows.unknown") for one in said)

    def _reason(self, value: str) -> str:
        key = f"reason.{value}"
        return self.speech.say(key) if key in CATALOG else value

    def _delay(self, value: str) -> str:
        """From the first step's beginning to the last one's end: the steps between that are not named hold nothing."""
        if value == ANY:
            return self.speech.say("charts.known")
        told = value.split(",")
        bounds = [bounds_of(step) for one in told for step in steps_of(one) if step]
        parts = [self.speech.say("rows.unknown")] if "" in told else []
        if bounds:
            since = None if any(least is None for least, _ in bounds) else min(least or 0 for least, _ in bounds)
            until = None if any(end is None for _, end in bounds) else max(end or 0 for _, end in bounds)
            parts.insert(0, self._lasting(since, until))
        return ", ".join(parts)

    def _lasting(self, since: int | None, until: int | None) -> str:
        if since is None and until:
            return stretch(Step(0, until, 0, "", 0), self._teller)
        return stretch(Step(since, until, 0, "", 0), self._teller)

    def _local_hours(self, value: str) -> str:
        hours = tuple(int(one) for one in value.split(",") if one.lstrip("-").isdigit())
        return self._hours(hours) if all(hour >= 0 for hour in hours) else self.speech.say("rows.unknown")

    def _hours(self, hours: tuple[int, ...]) -> str:
        """The hours by name if they are few, or the day or the hour that they share."""
        days, clock = {hour // 24 for hour in hours}, {hour % 24 for hour in hours}
        if len(hours) <= _HOURS_NAMED:
            return ", ".join(f"{self.speech.weekday(hour // 24 % 7)} {self._hour(hour % 24)}" for hour in hours)
        if len(days) == 1:
            return self.speech.weekday(days.pop() % 7)
        if len(clock) == 1:
            return self._hour(clock.pop())
        return self.speech.say("rows.hours", count=len(set(hours)))

    def _hour(self, hour: int) -> str:
        return self.speech.say("charts.hours.hour", hour=hour)


def why_empty(behind: Filter, funnel: Funnel, is_first: bool, speech: Speech) -> str:
    """Why a list has no row."""
    stage = behind.stage
    if not is_first:
        return speech.say("rows.empty.behind")
    if funnel[stage]:
        return speech.say("rows.empty.filter")
    if not funnel["produced"]:
        return speech.say("rows.empty.unsent")
    if not funnel.tells(stage):
        return speech.say(_why_untold(stage, funnel))
    if stage.startswith("late_"):
        return speech.say("rows.empty.late", funnel.attribution_days)
    return speech.say("rows.empty")


def _why_untold(stage: str, funnel: Funnel) -> str:
    if stage in ABOUT_CODES and not funnel.has_offer:
        return "rows.empty.offer"
    if stage in ABOUT_CLICKS:
        return "rows.empty.link"
    return "rows.empty.page" if stage.removeprefix("late_") == "engaged" else "rows.empty.payment"
