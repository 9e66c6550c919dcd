"""Whose pages may tell what visitors do there: origins that a campaign's link names, as browsers write them. Checked with
the link's terms (`linksvc.link_terms`), compared by trackers (`tracker.snippet`)."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from linksvc.errors import FieldError, InvalidRequest
from linksvc.hosts import UnreachableHost, check_host

ORIGINS_MOST = 10
_LONGEST = 300
_USUAL_PORTS = {"http": 80, "https": 443}


def check_origins(written: Sequence[str]) -> tuple[str, ...]:
    """The origins as browsers write them, each once. Raises InvalidRequest (origin_invalid)."""
    found = tuple(dict.fromkeys(map(_check, written)))
    if len(found) > ORIGINS_MOST:
        raise _wrong(f"At most {ORIGINS_MOST} origins are named.")
    return found


def refuse_origins(written: Sequence[str]) -> None:
    """Raises InvalidRequest (origin_invalid) if any is named for a link that names nobody: its visits get no token, so no
    page could tell anything."""
    if written:
        raise _wrong(
            "Only the link of a campaign's messages has snippet_origins: an ad-hoc link names nobody, so there is nobody "
            "whose visit a page could tell of."
        )


def _check(written: str) -> str:
    text = written.strip().removesuffix("/")
    shown = f"“{text[:64]}”"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _wrong(f"{shown} is no origin; write it like https://shop.example.") from None
    is_bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc or text.endswith(("?", "#")))
    if parts.scheme not in _USUAL_PORTS or not is_bare or len(text) > _LONGEST or not text.isprintable() or port == 0:
        raise _wrong(f"{shown} is no origin: the scheme and the host alone, like https://shop.example.")
    try:
        host = check_host(parts.hostname or "")
    except UnreachableHost as error:
        raise _wrong(f"{shown} cannot be used. {error}") from None
    return f"{parts.scheme}://{host}" + ("" if port in (None, _USUAL_PORTS[parts.scheme]) else f":{port}")


def _wrong(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="origin_invalid", errors=(FieldError("snippet_origins", message),))
