import pytest

from tracker.hosts import EVERYBODY, MOST_REMEMBERED, Domain, Hosts, host_of


@pytest.fixture
def hosts() -> Hosts:
    hosts = Hosts("https://s.example:8443")
    hosts.learn([Domain("go.lumen.example", 7, 1, False), Domain("go.vega.example", 8, 2, False)])
    return hosts


@pytest.mark.parametrize(
    ("header", "owner"),
    [
        (b"s.example", EVERYBODY),
        (b"S.Example:8443", EVERYBODY),
        (b"s.example.", EVERYBODY),
        (b"s.example.:80", EVERYBODY),
        (b"go.lumen.example", 7),
        (b"GO.lumen.example:443", 7),
        (b"go.vega.example", 8),
        (b"lumen.example", None),
        (b"s.example.evil.example", None),
        (b"evil.example:s.example", None),
        (b"s.example:80@evil.example", None),
        (b"s.example:8443:1", None),
        (b"[s.example]evil", None),
        (b"127.0.0.1", None),
        (b"localhost", None),
        (b"", None),
        (b"\xff\xfe", None),
        (b"[::1]", None),
    ],
)
def test_a_host_is_matched_without_its_port_and_whatever_its_case(hosts: Hosts, header: bytes, owner: int | None) -> None:
    assert hosts.owner(header) == owner
    assert hosts.owner(header) == owner, "and remembered as that"


def test_on_ones_own_machine_its_names_are_one(subtests: pytest.Subtests) -> None:
    hosts = Hosts("http://localhost:8001")
    for header in (b"localhost:8001", b"127.0.0.1:8001", b"[::1]:8001"):
        with subtests.test(header.decode()):
            assert hosts.owner(header) == EVERYBODY


def test_a_domain_that_is_given_up_is_forgotten(hosts: Hosts) -> None:
    assert hosts.owner(b"go.lumen.example") == 7
    hosts.learn([Domain("go.lumen.example", 7, 3, True)])
    assert hosts.owner(b"go.lumen.example") is None


def test_no_workspace_takes_the_installations_own_domain(hosts: Hosts) -> None:
    hosts.learn([Domain("s.example", 7, 3, False)])
    assert hosts.owner(b"s.example") == EVERYBODY
    hosts.learn([Domain("s.example", 7, 4, True)])
    assert hosts.owner(b"s.example") == EVERYBODY


def test_invented_hosts_take_no_more_memory_than_is_set(hosts: Hosts) -> None:
    for i in range(3 * MOST_REMEMBERED):
        assert hosts.owner(b"h%d.example" % i) is None
    assert len(hosts._remembered) <= MOST_REMEMBERED


def test_an_ipv6_host_loses_its_brackets_and_its_port() -> None:
    assert host_of(b"[2001:DB8::1]:8001") == "2001:db8::1"
