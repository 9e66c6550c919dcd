"""Where a link may lead: checked when a link or a campaign is written. What passes can stand in a Location header as it is,
once the fields it may have are filled in (`linksvc.personal_destinations`).

A link on our domain is trusted because of us, so it must not lead into somebody's own network, hide where it goes, or run
a script (reference: RFC 3986; the WHATWG URL Standard for what browsers make of odd hosts).
"""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, unquote_plus, urlsplit

from linksvc.errors import FieldError, InvalidRequest
from linksvc.hosts import UnreachableHost, check_host
from linksvc.personal_destinations import FIELD, FIELDS

MAX_CHARACTERS = 2_048

_SAFE = "!$&'()*+,;=:@/?~-._%"
"""What stays as it is behind the host; the rest is percent-encoded, once."""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

_UP_TO_THE_PATH = re.compile(r"[^/?#]*(//[^/?#]*)?")


class _Unusable(Exception):
    """The message says why, in a sentence."""


def check_destination(url: str, *, personal: bool = False) -> str:
    """The address, its host in punycode and its path percent-encoded; with `personal` it may have fields behind the host.
    Raises InvalidRequest (destination_invalid)."""
    try:
        return _checked(url, personal)
    except (_Unusable, UnreachableHost) as error:
        raise InvalidRequest(
            f"The destination cannot be used. {error}",
            code="destination_invalid",
            errors=(FieldError("destination_url", str(error)),),
        ) from None


def check_fallback(url: str) -> str:
    """The same of an address where people are sent outside of a link's time. Raises InvalidRequest (fallback_invalid)."""
    try:
        return _checked(url, personal=False)
    except (_Unusable, UnreachableHost) as error:
        raise InvalidRequest(
            f"The fallback cannot be used. {error}",
            code="fallback_invalid",
            errors=(FieldError("fallback_url", str(error)),),
        ) from None


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


def _checked(url: str, personal: bool) -> str:
    url = url.strip(" ")
    if len(url) > MAX_CHARACTERS:
        raise _Unusable(f"It has {len(url):,} characters; {MAX_CHARACTERS:,} are the most.")
    url = _with_checked_fields(url, personal)
    if any(c.isspace() or not c.isprintable() for c in url) or "\\" in url:
        raise _Unusable("It holds a space, a line break, a backslash or an invisible character.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _Unusable("It is no web address.") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise _Unusable("It must begin with https:// or http://, followed by a host name.")
    if "@" in parts.netloc:
        raise _Unusable("A user name or a password before the host is not allowed: it hides where the link leads.")
    if port == 0:
        raise _Unusable("It names the port 0.")
    host = check_host(parts.hostname or "")
    checked = _assembled(parts, host if port is None else f"{host}:{port}")
    if len(checked) > MAX_CHARACTERS:
        raise _Unusable(f"Written out it has {len(checked):,} characters; {MAX_CHARACTERS:,} are the most.")
    return checked


def _with_checked_fields(url: str, personal: bool) -> str:
    """The address with its fields as they are stored: {{code}}."""
    if "{%" in url:
        raise _Unusable("It holds {% ... %}; no such thing may stand in an address.")
    url = FIELD.sub(lambda field: f"{{{{{field[1].strip(' ')}}}}}", url)
    fields = FIELD.findall(url)
    if not personal and fields:
        raise _Unusable("It is the same for everybody; only the destination of a campaign may have fields like {{ code }}.")
    for field in fields:
        if field not in FIELDS:
            raise _Unusable(f"There is no field {{{{ {field} }}}}. The fields of a destination are {', '.join(FIELDS)}.")
    if "{{" in FIELD.sub("", url):
        raise _Unusable("A field is opened with {{ and never closed with }}.")
    start = _UP_TO_THE_PATH.match(url)
    if start and FIELD.search(start[0]):
        raise _Unusable("A field stands in its host; fields may stand behind it: in the path, the query or the fragment.")
    return url


def _assembled(parts: SplitResult, netloc: str) -> str:
    path = _escaped(parts.path) or "/"
    query = f"?{_escaped(parts.query)}" if parts.query else ""
    fragment = f"#{_escaped(parts.fragment)}" if parts.fragment else ""
    return f"{parts.scheme}://{netloc}{path}{query}{fragment}"


def _escaped(text: str) -> str:
    """The text percent-encoded, but for its fields."""
    pieces = FIELD.split(text)
    pieces[::2] = [quote(_BROKEN_ESCAPE.sub("%25", piece), safe=_SAFE) for piece in pieces[::2]]
    pieces[1::2] = [f"{{{{{field}}}}}" for field in pieces[1::2]]
    return "".join(pieces)
