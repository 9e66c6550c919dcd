"""The data of each country: where it comes from, and the days it names."""

from datetime import date

import pytest

from linksvc.country_hours import HolidayRule, countries, hours_of


def test_six_countries_have_a_file_and_every_file_says_where_and_when_it_was_read() -> None:
    assert countries() >= {"FR", "BE", "CH", "GB", "US", "CA"}
    for country in [*countries(), "elsewhere"]:
        hours = hours_of(country)
        assert hours.country == (country if country in countries() else "")
        assert bool(hours.zones) == (country in countries())
        for grounds in (hours.hours, hours.holidays):
            assert grounds.basis in {"law", "charter", "custom"}
            assert len(grounds.source) > 10 and grounds.read_on >= date(2026, 1, 1)


def test_what_is_only_custom_is_said_to_be() -> None:
    assert {country: hours_of(country).hours.basis for country in countries()} == {
        "FR": "charter",
        "BE": "custom",
        "CH": "custom",
        "GB": "custom",
        "US": "law",
        "CA": "custom",
    }


@pytest.mark.parametrize(
    ("country", "days"),
    [
        ("FR", "01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25"),
        ("BE", "01-01 04-06 05-01 05-14 05-25 07-21 08-15 11-01 11-11 12-25"),
        ("CH", "01-01 05-14 08-01 12-25"),
        # 26 December 2026 is a Saturday: Boxing Day is kept on the Monday too.
        ("GB", "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-26 12-28"),
        ("US", "01-01 01-19 02-16 05-25 06-19 07-04 09-07 10-12 11-11 11-26 12-25"),
        ("CA", "01-01 04-03 07-01 09-07 12-25"),
        ("DE", ""),
    ],
)
def test_the_holidays_of_2026(country: str, days: str) -> None:
    hours = hours_of(country)
    found = [day for n in range(1, 366) if hours.holiday(day := date.fromordinal(date(2025, 12, 31).toordinal() + n))]
    assert " ".join(f"{day:%m-%d}" for day in found) == days


def test_christmas_at_a_weekend_is_kept_on_the_two_next_weekdays_in_britain() -> None:
    hours = hours_of("GB")
    assert [hours.holiday(date(2027, 12, day)) != "" for day in (24, 25, 26, 27, 28, 29)] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]


def test_the_last_weekday_of_december_is_found() -> None:
    assert HolidayRule("", month=12, weekday=0, nth=-1).in_year(2026) == date(2026, 12, 28)
    assert HolidayRule("", month=12, weekday=0, nth=-2).in_year(2026) == date(2026, 12, 21)
