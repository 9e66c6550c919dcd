"""Where a link may lead: checked when a campaign is written. What passes can stand in a Location header as it is.

A link on our domain is trusted because of us, so it must not lead into somebody's own network, hide where it goes, or run
a script (reference: RFC 3986; the WHATWG URL Standard for what browsers make of odd hosts).
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, quote, urlsplit

import idna

from linksvc.errors import FieldError, InvalidRequest

MAX_CHARACTERS = 2_048

_OWN_NETWORK = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa", "onion")
"""Endings that no public name has (RFC 6761, 6762, 7686, 8375; ICANN's list of name collisions)."""

_SAFE = "!$&'()*+,;=:@/?~-._%"
"""What stays as it is behind the host; the rest is percent-encoded, once."""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def check_destination(url: str) -> str:
    """The address, its host in punycode and its path percent-encoded. Raises InvalidRequest (destination_invalid)."""
    url = url.strip(" ")
    if len(url) > MAX_CHARACTERS:
        raise _invalid(f"It has {len(url):,} characters; {MAX_CHARACTERS:,} are the most.")
    if any(c.isspace() or not c.isprintable() for c in url) or "\\" in url:
        raise _invalid("It holds a space, a line break, a backslash or an invisible character.")
    if "{{" in url or "{%" in url:
        raise _invalid("It is the same for every recipient; fields such as {{ first_name }} belong into the text.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _invalid("It is no web address.") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise _invalid("It must begin with https:// or http://, followed by a host name.")
    if "@" in parts.netloc:
        raise _invalid("A user name or a password before the host is not allowed: it hides where the link leads.")
    if port == 0:
        raise _invalid("It names the port 0.")
    host = _host(parts.hostname or "")
    checked = _assembled(parts, host if port is None else f"{host}:{port}")
    if len(checked) > MAX_CHARACTERS:
        raise _invalid(f"Written out it has {len(checked):,} characters; {MAX_CHARACTERS:,} are the most.")
    return checked


def _assembled(parts: SplitResult, netloc: str) -> str:
    path = _escaped(parts.path) or "/"
    query = f"?{_escaped(parts.query)}" if parts.query else ""
    fragment = f"#{_escaped(parts.fragment)}" if parts.fragment else ""
    return f"{parts.scheme}://{netloc}{path}{query}{fragment}"


def _escaped(text: str) -> str:
    return quote(_BROKEN_ESCAPE.sub("%25", text), safe=_SAFE)


def _host(host: str) -> str:
    """The host in ASCII. Raises InvalidRequest unless the whole world can reach it."""
    if ":" in host or host.replace(".", "").isdigit():
        return _address(host)
    try:
        name = idna.encode(host.rstrip("."), uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise _invalid("Its host is no valid name.") from error
    # A browser reads a last label of digits, or of 0x and hexadecimals, as an IPv4 address: 0x7f.1 is 127.0.0.1.
    last = name.rpartition(".")[2]
    if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        raise _invalid("Its host is a number in disguise; write the name of the site.")
    if "." not in name or name.endswith(tuple(f".{ending}" for ending in _OWN_NETWORK)):
        raise _invalid(f"Its host {name} cannot be reached from the internet.")
    return name


def _address(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError as error:
        raise _invalid("Its host is no valid address; write the name of the site.") from error
    if not all(inner.is_global and not inner.is_multicast for inner in _inner_addresses(address)):
        raise _invalid(f"Its host {address} cannot be reached from the internet.")
    return f"[{address}]" if address.version == 6 else str(address)


def _inner_addresses(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address and any IPv4 address it carries (mapped, 6to4, NAT64): a tunnel leads where its end does."""
    inner: list[IPv4Address | IPv6Address] = []
    if isinstance(address, IPv6Address):
        inner = [carried for carried in (address.ipv4_mapped, address.sixtofour) if carried]
        if address.packed.startswith(bytes.fromhex("0064ff9b0000000000000000")):
            inner.append(IPv4Address(address.packed[-4:]))
        if address.ipv4_mapped:
            return inner
    return [address, *inner]


def _invalid(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"The destination cannot be used. {why}",
        code="destination_invalid",
        errors=(FieldError("destination_url", why),),
    )
