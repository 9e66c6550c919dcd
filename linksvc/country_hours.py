"""When people of a country may be written to: the files in linksvc/hours, one a country, each with its source and date.

Read once a process, by `linksvc.quiet_hours` and `linksvc.zones`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from dateutil.easter import easter

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_OTHER = "other"
"""The file of countries that have none."""

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a rule stands on. `basis`: law, charter (operators or the trade hold each other to it) or custom."""

    basis: str
    source: str
    read_on: date


@dataclass(frozen=True, slots=True)
class HolidayRule:
    """A day that comes every year: a date, so many days after Easter, or the nth weekday of a month (-1: the last)."""

    name: str
    month: int = 0
    day: int = 0
    after_easter: int | None = None
    weekday: int = 0
    nth: int = 0

    def in_year(self, year: int) -> date:
        if self.after_easter is not None:
            sunday: date = easter(year)
            return sunday + timedelta(days=self.after_easter)
        if self.day:
            return date(year, self.month, self.day)
        if self.nth > 0:
            first = date(year, self.month, 1)
            return first + timedelta(days=(self.weekday - first.weekday()) % 7 + 7 * (self.nth - 1))
        last = date(year + self.month // 12, self.month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - self.weekday) % 7 + 7 * (-self.nth - 1))


@dataclass(frozen=True, eq=False)
class CountryHours:
    """A country's file. `week` holds for each day from Monday from when until when (exclusive), or None for a closed one.
    `zones`: those of a recipient whose own is not known. `kinds`: the campaigns that are bound by it."""

    country: str
    zones: tuple[str, ...]
    kinds: frozenset[str]
    week: tuple[tuple[time, time] | None, ...]
    hours: Grounds
    rules: tuple[HolidayRule, ...]
    substituted: bool
    """A holiday at a weekend is kept again on the next weekday."""
    holidays: Grounds

    def holiday(self, day: date) -> str:
        """The holiday's name; empty on any other day."""
        return _holidays(self, day.year).get(day, "")


def hours_of(country: str) -> CountryHours:
    """The file of the country (ISO 3166), or the one of all others."""
    return _read(country if country in countries() else _OTHER)


@cache
def countries() -> frozenset[str]:
    """The countries with a file of their own."""
    names = {entry.name.removesuffix(".toml") for entry in files("linksvc").joinpath("hours").iterdir()}
    return frozenset(name for name in names if len(name) == 2 and name.isupper())


@lru_cache(maxsize=1_000)
def _holidays(hours: CountryHours, year: int) -> Mapping[date, str]:
    found = {rule.in_year(year): rule.name for rule in hours.rules}
    if hours.substituted:
        for day, name in sorted(found.items()):
            free = day
            while free.weekday() >= _SATURDAY or (free != day and free in found):
                free += timedelta(days=1)
            found.setdefault(free, name)
    return found


@cache
def _read(name: str) -> CountryHours:
    raw = tomllib.loads(files("linksvc").joinpath("hours", f"{name}.toml").read_text("utf-8"))
    hours, holidays = raw["hours"], raw["holidays"]
    return CountryHours(
        country=raw["country"],
        zones=tuple(raw["zones"]),
        kinds=frozenset(raw["kinds"]),
        week=tuple(_window(hours[day]) for day in WEEKDAYS),
        hours=_grounds(hours),
        rules=tuple(_rule(day) for day in holidays["days"]),
        substituted=holidays.get("substitute") == "next_weekday",
        holidays=_grounds(holidays),
    )


def _window(written: list[str]) -> tuple[time, time] | None:
    if not written:
        return None
    opens, closes = map(time.fromisoformat, written)
    return opens, closes


def _grounds(table: dict[str, Any]) -> Grounds:
    return Grounds(table["basis"], table["source"], table["date"])


def _rule(day: dict[str, Any]) -> HolidayRule:
    if "easter" in day:
        return HolidayRule(day["name"], after_easter=day["easter"])
    if "date" in day:
        month, _, of_month = day["date"].partition("-")
        return HolidayRule(day["name"], int(month), int(of_month))
    return HolidayRule(day["name"], day["month"], weekday=WEEKDAYS.index(day["weekday"]), nth=day["nth"])
