"""Wall clocks and moments."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.errors import InvalidRequest
from linksvc.models import Campaign
from linksvc.schedules import RECIPIENT, Schedule, due_for, earliest, instant, read_schedule

PARIS = ZoneInfo("Europe/Paris")


def test_an_hour_that_clocks_skip_comes_once_and_one_they_repeat_comes_once() -> None:
    assert instant(datetime.fromisoformat("2026-03-29T02:30"), PARIS) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert instant(datetime.fromisoformat("2026-10-25T02:30"), PARIS) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert instant(datetime.fromisoformat("2026-10-25T02:30").replace(fold=1), PARIS) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@given(
    st.datetimes(datetime.fromisoformat("2020-01-01T00:00"), datetime.fromisoformat("2040-01-01T00:00")),
    st.sampled_from(sorted(available_timezones() - {"localtime"})),
)
def test_nowhere_is_it_that_time_before_the_earliest_moment(local: datetime, zone: str) -> None:
    moment = instant(local, ZoneInfo(zone))
    assert moment >= earliest(Schedule(local, RECIPIENT))
    assert moment == earliest(Schedule(local, zone))
    # Where the zone's clocks skip that hour they show a later one.
    assert moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) >= local


def test_each_recipient_has_one_moment() -> None:
    campaign = Campaign(send_local="2026-11-27T10:00", send_timezone=RECIPIENT)
    zones = [ZoneInfo("Pacific/Kiritimati"), PARIS, ZoneInfo("Pacific/Niue")]
    assert [due_for(campaign, [zone]) for zone in zones] == [
        datetime(2026, 11, 26, 20, 0, tzinfo=UTC),
        datetime(2026, 11, 27, 9, 0, tzinfo=UTC),
        datetime(2026, 11, 27, 21, 0, tzinfo=UTC),
    ]
    assert due_for(campaign, zones) == datetime(2026, 11, 27, 21, 0, tzinfo=UTC)


def test_a_date_and_hour_with_a_zone_is_read() -> None:
    assert read_schedule("2026-11-27T10:00", "Europe/Paris") == Schedule(
        datetime.fromisoformat("2026-11-27T10:00"), "Europe/Paris"
    )
    assert read_schedule("2026-11-27 10:00", RECIPIENT) == Schedule(datetime.fromisoformat("2026-11-27T10:00"), RECIPIENT)


@pytest.mark.parametrize(
    ("local", "timezone", "says"),
    [
        ("tomorrow", "Europe/Paris", "2026-11-27T10:00"),
        ("2026-11-27", "Europe/Paris", "date and hour"),
        ("2026-02-30T10:00", "Europe/Paris", "date and hour"),
        ("1026-11-27T10:00", "Europe/Paris", "date and hour"),
        ("2026-11-27T10:00+01:00", "Europe/Paris", "time zone"),
        ("2026-11-27T10:00", "CEST+1", "Europe/Paris"),
        ("2026-11-27T10:00", "", "Europe/Paris"),
    ],
)
def test_what_is_no_date_hour_and_zone_is_told(local: str, timezone: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says) as caught:
        read_schedule(local, timezone)
    assert caught.value.code == "schedule_invalid"
