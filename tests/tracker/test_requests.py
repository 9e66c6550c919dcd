"""Whatever a request's headers are, they cost little and fill no memory."""

import pytest

from linksvc.addresses import CallerNetworks
from tracker.hosts import Hosts
from tracker.requests import follows, read_headers


def test_a_header_that_is_looked_at_and_repeated_is_joined() -> None:
    pairs = [(b"x-forwarded-for", b"192.0.2.1"), (b"x-other", b"a"), (b"x-forwarded-for", b"192.0.2.2"), (b"host", b"h")]
    assert read_headers(pairs) == {b"x-forwarded-for": b"192.0.2.1,192.0.2.2", b"host": b"h"}


def test_repeated_headers_that_nobody_looks_at_are_left_where_they_are() -> None:
    assert read_headers([(b"x-a", b"a" * 16)] * 60_000 + [(b"host", b"h")]) == {b"host": b"h"}


def test_what_pages_ask_by_is_read_though_another_header_is_repeated() -> None:
    asked = {b"origin": b"https://shop.example", b"accept": b"application/json", b"content-length": b"2"}
    proxies = [(b"x-forwarded-for", b"192.0.2.1"), (b"x-forwarded-for", b"192.0.2.2"), (b"via", b"a"), (b"via", b"b")]
    assert read_headers([*asked.items(), *proxies]) == asked | {b"x-forwarded-for": b"192.0.2.1,192.0.2.2"}


@pytest.mark.parametrize("signal", [b"sec-gpc", b"dnt"])
def test_who_asks_not_to_be_followed_is_heard_though_a_proxy_repeats_it(signal: bytes) -> None:
    headers = read_headers([(signal, b"1"), (signal, b"1"), (b"user-agent", b"Mozilla/5.0 (Linux; Android 14)")])
    assert not follows(headers)
    assert not follows({signal: b"1"})
    assert follows({signal: b"0"})
    assert follows({})


def test_nobody_fills_what_is_remembered_with_long_headers() -> None:
    hosts, networks = Hosts("https://s.example"), CallerNetworks(())
    for i in range(50):
        assert hosts.owner(b"%d" % i + b"h" * 100_000) is None
        networks.find("192.0.2.1", b"%d" % i)
    assert not hosts._remembered
    assert networks._remembered.cache_info().currsize == 1
