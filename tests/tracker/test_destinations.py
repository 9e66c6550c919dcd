from datetime import timedelta
from typing import Any

import pytest

from tests.factories import NOW
from tracker.destinations import Destination, Outcome, location_of, pass_on

HOUR = timedelta(hours=1)


def destination(**values: Any) -> Destination:
    return Destination(1, 1, 1, 1, "Boutique Lumen", **({"url": "https://shop.example/sale"} | values))


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://shop.example/sale", b"https://shop.example/sale"),
        ("http://shop.example:8080/a?b=c&d=%20e#f", b"http://shop.example:8080/a?b=c&d=%20e#f"),
        ("https://shop.example/été soldes", b"https://shop.example/%C3%A9t%C3%A9%20soldes"),
        ("https://xn--bcher-kva.example/", b"https://xn--bcher-kva.example/"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("ftp://shop.example/", None),
        ("//shop.example/", None),
        ("/sale", None),
        ("https://", None),
        ("https://user:password@shop.example/", None),
        ("https://shop.example/\r\nset-cookie: a=b", None),
        ("https://[::1/", None),
        ("", None),
    ],
)
def test_only_absolute_web_addresses_become_a_location(url: str, location: bytes | None) -> None:
    assert location_of(url) == location
    assert destination(url=url).location == location


def test_a_link_is_open_from_its_activation_on_and_until_its_expiry() -> None:
    link = destination(activates_at=NOW, expires_at=NOW + HOUR)
    moments = (NOW - timedelta(microseconds=1), NOW, NOW + HOUR - timedelta(microseconds=1), NOW + HOUR)
    assert [link.outcome_at(moment) for moment in moments] == [
        Outcome.EARLY,
        Outcome.REDIRECTED,
        Outcome.REDIRECTED,
        Outcome.EXPIRED,
    ]
    assert destination().outcome_at(NOW) is Outcome.REDIRECTED


@pytest.mark.parametrize(
    ("location", "query", "passed_on"),
    [
        (b"https://a.example/", b"ref=1", b"https://a.example/?ref=1"),
        (b"https://a.example/?x=1", b"ref=1", b"https://a.example/?x=1&ref=1"),
        (b"https://a.example/?x=1#top", b"ref=1", b"https://a.example/?x=1&ref=1#top"),
        (b"https://a.example/?", b"ref=1", b"https://a.example/?ref=1"),
        (b"https://a.example/#top", b"ref=a+b&ref=%2B&gclid=z", b"https://a.example/?ref=a+b&ref=%2B&gclid=z#top"),
        (b"https://a.example/", b"gclid=2&other=3&ref=1", b"https://a.example/?gclid=2&ref=1"),
        (b"https://a.example/?ref=own", b"ref=theirs&gclid=1", b"https://a.example/?ref=own&gclid=1"),
        (b"https://a.example/?r%65f=own", b"ref=theirs", b"https://a.example/?r%65f=own"),
        (b"https://a.example/", b"r%65f=1", b"https://a.example/?r%65f=1"),
        (b"https://a.example/", b"REF=1&url=https://evil.example", b"https://a.example/"),
        (b"https://a.example/", b"ref", b"https://a.example/?ref"),
        (b"https://a.example/", b"", b"https://a.example/"),
        (b"https://a.example/", b"&&=&ref=#x", b"https://a.example/?ref=%23x"),
        (b"https://a.example/", b"ref=\xff\r\nset-cookie:a", b"https://a.example/?ref=%FF%0D%0Aset-cookie:a"),
    ],
)
def test_allowed_parameters_are_passed_on_as_written_and_the_destinations_own_win(
    location: bytes, query: bytes, passed_on: bytes
) -> None:
    assert pass_on(location, query, ("ref", "gclid")) == passed_on
