"""A zone's name is what the zone database says it is, whatever else somebody types."""

from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.errors import InvalidRequest
from linksvc.timelines import read_zone
from linksvc.zone_names import zone_named

NAMES = available_timezones() - {"localtime", "Factory"}


@given(st.one_of(st.sampled_from(sorted(NAMES)), st.text(), st.text("./aA0_", max_size=6)))
def test_every_name_of_the_database_is_a_zone_and_nothing_else_is(name: str) -> None:
    zone = zone_named(name)
    assert (zone.key if zone else None) == (name if name in NAMES else None)


@pytest.mark.parametrize(
    "name",
    [
        *("", "../x", "/etc/passwd", "Europe", "Europe/", "Europe//Paris", "./UTC", "UTC\n", "\0", "\ud800", "é"),
        *(
            "x" * 5_000,
            "a/" * 3_000,
            "zone.tab",
            "__init__.py",
            "Europe.__init__/Paris",
            "right/Europe/Paris",
            "localtime",
            "Factory",
        ),
    ],
)
def test_what_is_no_zone_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(InvalidRequest) as told:
        read_zone(name)
    assert told.value.code == "timezone_unknown"
