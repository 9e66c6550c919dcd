"""Hours, days and months as clocks show them: nothing is lost or counted twice on the nights on which they change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.clock import BUCKET, bucket_of
from linksvc.local_steps import STEPS, Step, midnight, month_after, month_of, start_of, steps_between

ZONES = (
    "UTC",
    "Europe/Paris",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Asia/Kathmandu",
)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda one: bucket_of(one.replace(tzinfo=UTC)))  # noqa: DTZ001


@given(moments, st.integers(1, 600), st.sampled_from(STEPS), st.sampled_from(ZONES).map(ZoneInfo))
def test_steps_follow_one_another_and_hold_each_quarter_once(since: datetime, many: int, step: Step, zone: ZoneInfo) -> None:
    until = since + many * BUCKET
    steps = list(steps_between(since, until, step, zone))
    assert all(one[1] == following[0] for one, following in pairwise(steps))
    assert steps[0][0] <= since < steps[0][1]
    assert steps[-1][0] < until <= steps[-1][1]
    for start, end in steps:
        assert start_of(start, step, zone) == start == start_of(end - BUCKET, step, zone)
        assert (start - datetime(1970, 1, 1, tzinfo=UTC)) % BUCKET == timedelta()
        if step == "day":
            assert start.astimezone(zone).date() < end.astimezone(zone).date()


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 10, 26), 24)], ids=str
)
def test_a_day_on_which_clocks_change_has_as_many_hours_as_it_lasts(day: date, hours: int) -> None:
    paris = ZoneInfo("Europe/Paris")
    start, end = midnight(day, paris), midnight(day + timedelta(days=1), paris)
    found = list(steps_between(start, end, "hour", paris))
    assert len(found) == hours
    assert end - start == timedelta(hours=hours)


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    paris = ZoneInfo("Europe/Paris")
    night = datetime(2026, 10, 25, tzinfo=UTC)
    found = [
        start.astimezone(paris).isoformat() for start, _ in steps_between(night, night + timedelta(hours=2), "hour", paris)
    ]
    assert found == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]


def test_months_are_counted_over_the_end_of_a_year() -> None:
    assert month_after(date(2026, 11, 1), 3) == date(2027, 2, 1)
    assert month_after(date(2026, 1, 1), -1) == date(2025, 12, 1)
    assert month_of(datetime(2026, 10, 31, 23, tzinfo=UTC), ZoneInfo("Europe/Paris")) == date(2026, 11, 1)
