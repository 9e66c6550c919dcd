from ipaddress import ip_network

import pytest

from linksvc.addresses import Caller, CallerNetworks

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "network"),
    [
        ("203.0.113.7", "", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "", "203.0.113.0/24"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.0/24"),
        ("10.0.0.1", "", "10.0.0.0/24"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.0/24"),
        ("10.0.0.1", "192.0.2.9, 198.51.100.1", "198.51.100.0/24"),
        ("10.0.0.1", "192.0.2.9,198.51.100.1, 10.9.9.9", "198.51.100.0/24"),
        ("10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.0/24"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.0/24"),
        ("10.0.0.1", "[2001:db8:5::1]:4711", "2001:db8:5::/48"),
        ("10.0.0.1", "2001:db8:5::1", "2001:db8:5::/48"),
        ("2001:db8:ffff::1", "::ffff:198.51.100.1", "198.51.100.0/24"),
        ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.0/24"),
        ("10.0.0.1", "<script>", "10.0.0.0/24"),
        ("fe80::1%eth0", "", "fe80::/48"),
        ("", "198.51.100.1", ""),
        ("not an address", "", ""),
    ],
)
def test_a_request_belongs_to_the_last_network_that_somebody_trusted_saw(
    peer: str, forwarded_for: str, network: str
) -> None:
    assert CallerNetworks(PROXIES).find(peer, forwarded_for.encode()).network == network


def test_without_configured_proxies_nobody_is_believed() -> None:
    assert CallerNetworks(()).find("127.0.0.1", b"198.51.100.1").network == "127.0.0.0/24"


def test_guessers_are_told_apart_by_household_and_nothing_finer_than_a_provider_is_kept() -> None:
    found = CallerNetworks(())
    assert found.find("2001:db8:1:2:3::4", b"") == Caller("2001:db8:1::/48", "2001:db8:1:2::/64")
    assert found.find("203.0.113.7", b"") == Caller("203.0.113.0/24", "203.0.113.0/24")
