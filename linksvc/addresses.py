"""Whose request it is, as far as we want to know: the caller's network, never the address. The redirect and the API ask."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

IPV4_BITS = 24
IPV6_KEPT_BITS = 48
IPV6_BITS = 64
"""One household's, or one machine's: who guesses codes is told apart by it, in memory alone."""


LONGEST_CHAIN = 512
"""Bytes of X-Forwarded-For that are read, from its end: what stands before them nobody vouches for."""


@dataclass(frozen=True, slots=True)
class Caller:
    """`network`: the /24 or /48 that is kept with a hit. `subnet`: the /24 or /64 that is never kept. Both are empty if
    the connection has no address (a Unix socket without a proxy's word)."""

    network: str
    subnet: str


NOBODY = Caller("", "")


class CallerNetworks:
    """Finds the caller behind the operator's proxies; X-Forwarded-For is believed from those alone."""

    def __init__(self, trusted_proxies: tuple[Network, ...]) -> None:
        self._trusted = trusted_proxies
        # A proxy's address comes with every request, and phones of one operator share a few: parsing is worth a cache.
        self._remembered = lru_cache(maxsize=8_192)(self._find)

    def find(self, peer: str, forwarded_for: bytes) -> Caller:
        """Whose request it is: of a connection's address and its header X-Forwarded-For."""
        return self._remembered(peer, forwarded_for[-LONGEST_CHAIN:] if self._trusted else b"")

    def _find(self, peer: str, forwarded_for: bytes) -> Caller:
        """`forwarded_for` is read from its end: each proxy appends whom it saw, so the first address that is not one of
        ours is the last one that somebody trustworthy vouches for. What stands before it may be anybody's invention.
        """
        caller = _address(peer)
        if caller is None or not self._is_trusted(caller):
            return _caller(caller)
        for entry in reversed(forwarded_for.decode("latin-1").split(",")):
            address = _address(entry.strip())
            if address is None:
                break
            caller = address
            if not self._is_trusted(caller):
                break
        return _caller(caller)

    def _is_trusted(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._trusted)


def _address(text: str) -> Address | None:
    """An address as proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _caller(address: Address | None) -> Caller:
    if address is None:
        return NOBODY
    if address.version == 4:
        network = _network(address, IPV4_BITS)
        return Caller(network, network)
    return Caller(_network(address, IPV6_KEPT_BITS), _network(address, IPV6_BITS))


def _network(address: Address, bits: int) -> str:
    return str(ip_network((address, bits), strict=False))
