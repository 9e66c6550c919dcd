"""Moments and microseconds: one and the same time, told in two ways."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.clock import in_micros, micros_of, moment_of, now

NOON = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_survives_the_way_through_microseconds(moment: datetime) -> None:
    assert moment_of(micros_of(moment)) == moment


def test_microseconds_count_from_1970_and_none_is_lost() -> None:
    assert micros_of(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert micros_of(NOON) % 1_000_000 == 123_456


def test_a_moment_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(OverflowError):
        moment_of(2**63)


def test_a_clock_that_is_held_still_tells_its_microseconds() -> None:
    assert in_micros(lambda: NOON)() == micros_of(NOON)


def test_the_machines_clock_tells_the_same_time_either_way() -> None:
    before = now()
    told = moment_of(in_micros(now)())
    assert before <= told <= now()
