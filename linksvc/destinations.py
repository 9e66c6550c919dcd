"""Where a link may lead: checked when a link or a campaign is written. What passes can stand in a Location header as it is,
once the fields it may have are filled in (`linksvc.personal_destinations`).

A link on our domain is trusted because of us, so it must not lead into somebody's own network, hide where it goes, or run
a script (reference: RFC 3986; the WHATWG URL Standard for what browsers make of odd hosts).
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, quote, unquote_plus, urlsplit

import idna

from linksvc.errors import FieldError, InvalidRequest
from linksvc.personal_destinations import FIELD, FIELDS

MAX_CHARACTERS = 2_048

_OWN_NETWORK = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa", "onion")
"""Endings that no public name has (RFC 6761, 6762, 7686, 8375; ICANN's list of name collisions)."""

_SAFE = "!$&'()*+,;=:@/?~-._%"
"""What stays as it is behind the host; the rest is percent-encoded, once."""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

_UP_TO_THE_PATH = re.compile(r"[^/?#]*(//[^/?#]*)?")


def check_destination(url: str, *, personal: bool = False) -> str:
    """The address, its host in punycode and its path percent-encoded; with `personal` it may have fields behind the host.
    Raises InvalidRequest (destination_invalid)."""
    url = url.strip(" ")
    if len(url) > MAX_CHARACTERS:
        raise _invalid(f"It has {len(url):,} characters; {MAX_CHARACTERS:,} are the most.")
    url = _with_checked_fields(url, personal)
    if any(c.isspace() or not c.isprintable() for c in url) or "\\" in url:
        raise _invalid("It holds a space, a line break, a backslash or an invisible character.")
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


def with_utm(url: str, utm: Mapping[str, str]) -> str:
    """The destination with utm_source=... and the like behind its own query. What it has already stays and wins."""
    address, hash, fragment = url.partition("#")
    _, mark, query = address.partition("?")
    present = {unquote_plus(one.partition("=")[0]) for one in query.split("&")}
    added = [f"utm_{name}={quote(value, safe='')}" for name, value in utm.items() if f"utm_{name}" not in present]
    if not added:
        return url
    before = "?" if not mark else "" if not query or query.endswith("&") else "&"
    return f"{address}{before}{'&'.join(added)}{hash}{fragment}"


def _with_checked_fields(url: str, personal: bool) -> str:
    """The address with its fields as they are stored: {{code}}."""
    if "{%" in url:
        raise _invalid("It holds {% ... %}; no such thing may stand in a destination.")
    url = FIELD.sub(lambda field: f"{{{{{field[1].strip(' ')}}}}}", url)
    fields = FIELD.findall(url)
    if not personal and fields:
        raise _invalid("It is the same for everybody; only the link of a campaign may have fields such as {{ code }}.")
    for field in fields:
        if field not in FIELDS:
            raise _invalid(f"There is no field {{{{ {field} }}}}. The fields of a destination are {', '.join(FIELDS)}.")
    if "{{" in FIELD.sub("", url):
        raise _invalid("A field is opened with {{ and never closed with }}.")
    start = _UP_TO_THE_PATH.match(url)
    if start and FIELD.search(start[0]):
        raise _invalid("A field stands in its host; fields may stand behind it: in the path, the query or the fragment.")
    return url


def _escaped(text: str) -> str:
    """The text percent-encoded, but for its fields."""
    pieces = FIELD.split(text)
    literal = [quote(_BROKEN_ESCAPE.sub("%25", piece), safe=_SAFE) for piece in pieces[::2]]
    return "".join(f"{piece}{{{{{field}}}}}" for piece, field in zip(literal, pieces[1::2], strict=False)) + literal[-1]


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
