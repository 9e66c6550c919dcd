"""Hours of the week as people live them, on nights on which the clocks change too."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func
from sqlmodel import col, select, update

from linksvc.clock import BUCKET, bucket_of
from linksvc.database import reading, writing
from linksvc.models import Message
from linksvc.week_hours import clock_changes, count_hours, hour_of_week, stored_hour_of_week
from tests import factories

PARIS, LORD_HOWE, KATHMANDU = ZoneInfo("Europe/Paris"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")
SUNDAY_TWO = 6 * 24 + 2

zones = st.sampled_from(
    ["Europe/Paris", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca", "Pacific/Chatham"]
).map(ZoneInfo)
moments = st.timedeltas(timedelta(), timedelta(days=6_200)).map(lambda passed: datetime(2020, 1, 1, tzinfo=UTC) + passed)


def quarters(since: datetime, count: int) -> list[datetime]:
    return [since + n * BUCKET for n in range(count)]


def test_a_week_begins_on_monday_at_midnight_where_the_people_are() -> None:
    assert hour_of_week(datetime(2026, 11, 22, 23, tzinfo=UTC), PARIS) == 0
    assert hour_of_week(datetime(2026, 11, 22, 22, 45, tzinfo=UTC), PARIS) == 167
    assert hour_of_week(datetime(2026, 11, 22, 18, 15, tzinfo=UTC), KATHMANDU) == 0


def test_the_hour_that_comes_twice_counts_both() -> None:
    # 25 October 2026, Paris: 02:00 to 03:00 is lived at 00:00 and again at 01:00 UTC.
    night = [(bucket, 1) for bucket in quarters(datetime(2026, 10, 24, 22, tzinfo=UTC), 24)]
    counted = count_hours(night, PARIS)
    assert counted[SUNDAY_TWO] == 8
    assert counted[SUNDAY_TWO - 1] == counted[SUNDAY_TWO + 1] == 4
    assert sum(counted.values()) == 24


def test_the_hour_that_is_left_out_counts_nothing() -> None:
    # 29 March 2026, Paris: 02:00 to 03:00 does not exist.
    night = [(bucket, 1) for bucket in quarters(datetime(2026, 3, 28, 23, tzinfo=UTC), 24)]
    counted = count_hours(night, PARIS)
    assert SUNDAY_TWO not in counted
    assert counted[SUNDAY_TWO - 1] == counted[SUNDAY_TWO + 1] == 4
    assert sum(counted.values()) == 24


@given(st.lists(st.tuples(moments.map(bucket_of), st.integers(1, 1_000_000))), zones)
def test_no_click_is_lost_or_counted_twice(buckets: list[tuple[datetime, int]], zone: ZoneInfo) -> None:
    counted = count_hours(buckets, zone)
    assert sum(counted.values()) == sum(count for _, count in buckets)
    assert all(0 <= hour < 168 for hour in counted)


@given(moments, zones)
def test_the_whole_of_a_bucket_lies_in_one_hour(moment: datetime, zone: ZoneInfo) -> None:
    bucket = bucket_of(moment)
    assert hour_of_week(bucket, zone) == hour_of_week(moment, zone) == hour_of_week(bucket + BUCKET * 0.999, zone)


def test_a_change_of_clocks_is_told_with_its_day_and_length() -> None:
    year = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))
    assert [(change.day, change.minutes) for change in clock_changes(*year, PARIS)] == [
        (date(2026, 3, 29), 60),
        (date(2026, 10, 25), -60),
    ]
    assert [(change.day, change.minutes) for change in clock_changes(*year, LORD_HOWE)] == [
        (date(2026, 4, 5), -30),
        (date(2026, 10, 4), 30),
    ]
    assert list(clock_changes(*year, KATHMANDU)) == []


def test_a_change_is_found_in_the_shortest_stretch_around_it() -> None:
    change = datetime(2026, 10, 25, 1, tzinfo=UTC)
    quarter = timedelta(minutes=15)
    (found,) = clock_changes(change - quarter, change, PARIS)
    assert (found.day, found.minutes, found.at) == (date(2026, 10, 25), -60, change)
    assert list(clock_changes(change, change + quarter, PARIS)) == []


def test_the_database_finds_the_hours_that_were_counted(engine: Engine) -> None:
    nights = [datetime(2026, 10, 24, 20, 7, 59, 999_999, UTC), datetime(2026, 3, 28, 22, 15, tzinfo=UTC)]
    moments = [night + n * timedelta(minutes=37) for night in nights for n in range(12)]
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), len(moments))
    with writing(engine) as session:
        for n, moment in enumerate(moments):
            here = (col(Message.campaign_id) == campaign_id, col(Message.n) == n)
            session.exec(update(Message).where(*here).values(clicked_at=moment))
    for zone in (PARIS, LORD_HOWE, KATHMANDU):
        counted = count_hours(((bucket_of(moment), 1) for moment in moments), zone)
        with reading(engine) as session:
            for hours in [{hour} for hour in counted] + [set(counted), {3}]:
                found = session.exec(
                    select(func.count()).where(stored_hour_of_week(col(Message.clicked_at), zone).in_(hours))
                ).one()
                assert found == sum(counted[hour] for hour in hours), (zone, hours)
