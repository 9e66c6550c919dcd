"""When people may be written to, by their country and their clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.country_hours import hours_of
from linksvc.quiet_hours import Keeps, Opening, next_opening
from linksvc.zones import zones_of

PARIS, LONDON, NEW_YORK = "Europe/Paris", "Europe/London", "America/New_York"


def opening(country: str, zone: str, local: str, kind: str = "marketing", keeps: Keeps | None = None) -> tuple[str, str]:
    """The next opening by the clocks of the zone, and why not before."""
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found = next_opening(country, [ZoneInfo(zone)], kind, at, keeps or Keeps())
    return f"{found.at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}", found.reason


@pytest.mark.parametrize(
    ("country", "zone", "local", "opens", "reason"),
    [
        ("FR", PARIS, "2026-11-20T08:00", "2026-11-20T08:00", ""),
        ("FR", PARIS, "2026-11-20T07:59", "2026-11-20T08:00", "quiet_hours"),
        ("FR", PARIS, "2026-11-20T21:29", "2026-11-20T21:29", ""),
        ("FR", PARIS, "2026-11-20T21:30", "2026-11-21T08:00", "quiet_hours"),
        # Saturday evening: Sunday is closed.
        ("FR", PARIS, "2026-11-21T21:30", "2026-11-23T08:00", "quiet_hours"),
        ("FR", PARIS, "2026-11-22T12:00", "2026-11-23T08:00", "quiet_hours"),
        ("FR", PARIS, "2026-07-14T12:00", "2026-07-15T08:00", "holiday"),
        # On the eve of a holiday it is that which keeps a message; on its evening it is the night.
        ("FR", PARIS, "2026-07-13T22:00", "2026-07-15T08:00", "holiday"),
        ("FR", PARIS, "2026-07-14T03:00", "2026-07-15T08:00", "holiday"),
        ("FR", PARIS, "2026-07-14T22:00", "2026-07-15T08:00", "quiet_hours"),
        # All Saints' Day 2026 is a Sunday: it would be closed anyway.
        ("FR", PARIS, "2026-10-31T22:00", "2026-11-02T08:00", "quiet_hours"),
        # Christmas 2026 is a Friday.
        ("FR", PARIS, "2026-12-25T12:00", "2026-12-26T08:00", "holiday"),
        # Easter: Sunday is closed, Monday is a holiday.
        ("FR", PARIS, "2026-04-05T12:00", "2026-04-07T08:00", "holiday"),
        # Clocks are put forward in the night: it is still eight o'clock that counts.
        ("FR", PARIS, "2026-03-28T22:00", "2026-03-30T08:00", "quiet_hours"),
        ("BE", "Europe/Brussels", "2026-07-21T12:00", "2026-07-22T08:00", "holiday"),
        ("CH", "Europe/Zurich", "2026-08-01T12:00", "2026-08-03T08:00", "holiday"),
        ("GB", LONDON, "2026-11-22T08:59", "2026-11-22T09:00", "quiet_hours"),
        ("GB", LONDON, "2026-11-22T19:59", "2026-11-22T19:59", ""),
        ("GB", LONDON, "2026-12-25T12:00", "2026-12-27T09:00", "holiday"),
        ("US", NEW_YORK, "2026-11-22T20:59", "2026-11-22T20:59", ""),
        ("US", NEW_YORK, "2026-11-22T21:00", "2026-11-23T08:00", "quiet_hours"),
        ("US", NEW_YORK, "2026-11-26T12:00", "2026-11-27T08:00", "holiday"),
        ("CA", "America/Toronto", "2026-11-21T09:30", "2026-11-21T10:00", "quiet_hours"),
        ("CA", "America/Toronto", "2026-07-01T12:00", "2026-07-02T09:00", "holiday"),
        ("DE", "Europe/Berlin", "2026-11-22T03:00", "2026-11-22T08:00", "quiet_hours"),
    ],
)
def test_a_country_opens(country: str, zone: str, local: str, opens: str, reason: str) -> None:
    assert opening(country, zone, local) == (opens, reason)


def test_transactional_messages_leave_at_any_time() -> None:
    assert opening("FR", PARIS, "2026-12-25T03:00", kind="transactional") == ("2026-12-25T03:00", "")


def test_a_workspace_may_keep_hours_alone_or_holidays_alone_or_neither() -> None:
    holiday_night = "2026-12-25T03:00"
    assert opening("FR", PARIS, holiday_night, keeps=Keeps(hours=True, holidays=False)) == (
        "2026-12-25T08:00",
        "quiet_hours",
    )
    assert opening("FR", PARIS, holiday_night, keeps=Keeps(hours=False, holidays=True)) == ("2026-12-26T00:00", "holiday")
    assert opening("FR", PARIS, holiday_night, keeps=Keeps(hours=False, holidays=False)) == (holiday_night, "")


def test_the_zone_of_a_north_american_number_is_that_of_its_area_code() -> None:
    assert [zone.key for zone in zones_of("+12125550100", "US", "")] == ["America/New_York"]
    assert [zone.key for zone in zones_of("+18085550100", "US", "")] == ["Pacific/Honolulu"]
    assert [zone.key for zone in zones_of("+14165550100", "CA", "")] == ["America/Toronto"]
    assert [zone.key for zone in zones_of("+33639980001", "FR", "")] == ["Europe/Paris"]
    assert [zone.key for zone in zones_of("+447700900001", "GB", "")] == ["Europe/London"]


def test_the_contact_knows_its_zone_better_than_its_number_and_a_wrong_zone_is_passed_over() -> None:
    assert [zone.key for zone in zones_of("+12125550100", "US", "America/Denver")] == ["America/Denver"]
    assert [zone.key for zone in zones_of("+12125550100", "US", "Mars/Olympus")] == ["America/New_York"]
    assert [zone.key for zone in zones_of("not a number", "", "../etc")] == ["UTC"]


def test_an_area_with_two_zones_is_written_to_when_both_are_open() -> None:
    zones = zones_of("+12085550100", "US", "")
    assert {zone.key for zone in zones} == {"America/Boise", "America/Los_Angeles"}
    # 08:30 in Boise is 07:30 in Los Angeles.
    at = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
    assert next_opening("US", zones, "marketing", at) == Opening(datetime(2026, 11, 20, 16, 0, tzinfo=UTC), "quiet_hours")
    # 20:30 in Los Angeles is 21:30 in Boise.
    at = datetime(2026, 11, 21, 4, 30, tzinfo=UTC)
    assert next_opening("US", zones, "marketing", at).at == datetime(2026, 11, 21, 16, 0, tzinfo=UTC)


MOMENTS = st.datetimes(
    datetime.fromisoformat("2024-01-01T00:00"), datetime.fromisoformat("2035-12-31T00:00"), timezones=st.just(UTC)
)
PLACES = st.sampled_from(
    [
        ("FR", (PARIS,)),
        ("BE", ("Europe/Brussels",)),
        ("CH", ("Europe/Zurich",)),
        ("GB", (LONDON,)),
        ("US", (NEW_YORK, "Pacific/Honolulu")),
        ("US", hours_of("US").zones),
        ("CA", hours_of("CA").zones),
        ("AU", ("Australia/Lord_Howe", "Australia/Perth")),
        ("ZZ", ("Pacific/Kiritimati", "Pacific/Niue")),
    ]
)


@given(MOMENTS, PLACES)
def test_an_opening_is_near_never_before_and_open_in_every_zone_that_can_be(
    at: datetime, place: tuple[str, tuple[str, ...]]
) -> None:
    country, names = place
    zones = [ZoneInfo(name) for name in names]
    found = next_opening(country, zones, "marketing", at)
    assert at <= found.at <= at + timedelta(days=8)
    assert (found.at == at) == (found.reason == "")
    assert next_opening(country, zones, "marketing", found.at) == Opening(found.at, "")
    if country != "ZZ":
        for zone in zones:
            local = found.at.astimezone(zone)
            window = hours_of(country).week[local.weekday()]
            assert window is not None and window[0] <= local.time() < window[1]
            assert not hours_of(country).holiday(local.date())
