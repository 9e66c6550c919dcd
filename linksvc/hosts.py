"""Hosts that the whole world can reach: of destinations (`linksvc.destinations`), of short domains (`linksvc.domains`), of
webhooks (`linksvc.webhooks.addresses`).

Sources: RFC 3986; the WHATWG URL Standard for what browsers make of odd hosts.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import idna

_OWN_NETWORK = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa", "onion")
"""Endings that no public name has (RFC 6761, 6762, 7686, 8375; ICANN's list of name collisions)."""

_GIVEN_OUT = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


class UnreachableHost(Exception):
    """The message is a sentence that begins with “Its host”."""


@lru_cache(1_024)
def check_host(host: str) -> str:
    """The host in ASCII: a name in lower case and punycode, or an address. Raises UnreachableHost."""
    if ":" in host or host.replace(".", "").isdigit():
        return _address(host)
    try:
        name = idna.encode(host.rstrip("."), uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise UnreachableHost("Its host is no valid name.") from error
    # A browser reads a last label of digits, or of 0x and hexadecimals, as an IPv4 address: 0x7f.1 is 127.0.0.1.
    last = name.rpartition(".")[2]
    if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        raise UnreachableHost("Its host is a number in disguise; write the name of the site.")
    if "." not in name or name.endswith(tuple(f".{ending}" for ending in _OWN_NETWORK)):
        raise UnreachableHost(f"Its host {name} cannot be reached from the internet.")
    return name


def _address(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError as error:
        raise UnreachableHost("Its host is no valid address; write the name of the site.") from error
    if not is_public(address):
        raise UnreachableHost(f"Its host {address} cannot be reached from the internet.")
    return f"[{address}]" if address.version == 6 else str(address)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is one machine's address on the internet, and in nobody's own network."""
    return all(_is_global(inner) for inner in _inner_addresses(address))


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    # Of IPv6 only this eighth was ever given out, and NAT64's prefix; ipaddress takes a few ranges beside them for global.
    given_out = address.version == 4 or any(address in network for network in (_GIVEN_OUT, _NAT64))
    return given_out and address.is_global and not address.is_multicast


def _inner_addresses(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address and any IPv4 address it carries (mapped, 6to4, NAT64): a tunnel leads where its end does."""
    inner: list[IPv4Address | IPv6Address] = []
    if isinstance(address, IPv6Address):
        inner = [carried for carried in (address.ipv4_mapped, address.sixtofour) if carried]
        if address in _NAT64:
            inner.append(IPv4Address(address.packed[-4:]))
        if address.ipv4_mapped:
            return inner
    return [address, *inner]
