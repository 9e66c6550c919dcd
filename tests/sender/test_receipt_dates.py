from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.receipt_dates import ToldDate, read_date

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def told(date: str, zone: str = "UTC", at: datetime = NOW) -> tuple[str, bool] | None:
    found = read_date(date, zone, at)
    return (f"{found.at:%Y-%m-%d %H:%M:%S}", found.with_seconds) if found else None


@pytest.mark.parametrize(
    ("date", "read", "with_seconds"),
    [
        ("2611200930", "2026-11-20 09:30:00", False),
        ("261120093015", "2026-11-20 09:30:15", True),
        ("202611200930", "2026-11-20 09:30:00", False),
        ("20261120093015", "2026-11-20 09:30:15", True),
        ("2611200930+0100", "2026-11-20 08:30:00", False),
        ("261120093015+01:00", "2026-11-20 08:30:15", True),
        ("20261120093015 -03", "2026-11-20 12:30:15", True),
        ("20261120093015Z", "2026-11-20 09:30:15", True),
        ("261120093015004+", "2026-11-20 08:30:15", True),
        ("261120093015020-", "2026-11-20 14:30:15", True),
        ("2026-11-20T09:30:15.250+0100", "2026-11-20 08:30:15", True),
        ("2026-11-20 09:30", "2026-11-20 09:30:00", False),
        ("2611200930 smsc:7", "2026-11-20 09:30:00", False),
    ],
)
def test_dates_are_read_in_each_of_their_forms(date: str, read: str, with_seconds: bool) -> None:
    assert told(date) == (read, with_seconds)


NO_DATES = """
0000000000 000000000000 00000000000000 yesterday 261120 2613200930 26112009301 2602300930 1669000000 ١٢٣٤٥٦٧٨٩٠
2611200930+9900 99991231235959-2300 19691231235959
"""


@pytest.mark.parametrize("date", ["", *NO_DATES.split()])
def test_what_is_no_date_is_none(date: str) -> None:
    assert told(date) is None


def test_dates_without_an_offset_are_in_the_route_s_zone() -> None:
    assert told("2611200930", "Europe/Paris") == ("2026-11-20 08:30:00", False)
    assert told("2607200930", "Europe/Paris") == ("2026-07-20 07:30:00", False)
    assert told("2611200930+0000", "Europe/Paris") == ("2026-11-20 09:30:00", False)


def test_an_hour_that_comes_twice_is_the_nearer_one() -> None:
    first, second = datetime(2026, 10, 25, 0, 31, tzinfo=UTC), datetime(2026, 10, 25, 1, 31, tzinfo=UTC)
    assert told("2610250230", "Europe/Paris", first) == ("2026-10-25 00:30:00", False)
    assert told("2610250230", "Europe/Paris", second) == ("2026-10-25 01:30:00", False)


def test_twelve_digits_that_may_be_two_dates_are_the_nearer_one() -> None:
    assert told("200601021504", at=datetime(2020, 6, 1, tzinfo=UTC)) == ("2020-06-01 02:15:04", True)
    assert told("200601021504", at=datetime(2006, 1, 2, tzinfo=UTC)) == ("2006-01-02 15:04:00", False)


@given(st.integers(700_000_000, 2_800_000_000))
def test_a_date_is_what_was_written(second: int) -> None:
    at = datetime.fromtimestamp(second, UTC)
    assert read_date(f"{at:%Y%m%d%H%M%S}", "UTC", NOW) == ToldDate(at, True)
    assert read_date(f"{at:%y%m%d%H%M%S}", "UTC", at) == ToldDate(at, True)
    assert read_date(f"{at:%y%m%d%H%M}", "UTC", at) == ToldDate(at.replace(second=0), False)


@given(st.text(alphabet="0123456789+-:TZ. ", max_size=24), st.sampled_from(["UTC", "Europe/Paris", "Pacific/Kiritimati"]))
def test_anything_is_read_without_an_error(date: str, zone: str) -> None:
    read_date(date, zone, NOW)
