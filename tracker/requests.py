"""What is kept of a request: the little that a verdict and a report need, cut to length. Used by the redirect."""

from collections.abc import Iterable
from datetime import datetime

from tracker.addresses import CallerNetworks
from tracker.agents import classify
from tracker.blocks import Block
from tracker.hits import SpooledHit
from tracker.responses import Scope
from tracker.verdicts import AGENT_HEADER, PREFETCH_HEADERS

USER_AGENT_CHARACTERS = 400
REFERRER_CHARACTERS = 200
LANGUAGE_CHARACTERS = 16
HEADER_CHARACTERS = 64

_KEPT = frozenset(
    [b"user-agent", b"referer", b"accept-language", b"x-forwarded-for", b"sec-gpc", b"dnt"]
    + [name.encode() for name in PREFETCH_HEADERS]
)

Headers = dict[bytes, bytes]


def read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers we look at; a repeated one is joined as RFC 9110, section 5.3, allows."""
    headers: Headers = {}
    for name, value in pairs:
        if name in _KEPT:
            headers[name] = headers[name] + b"," + value if name in headers else value
    return headers


def hit_of(scope: Scope, block: Block, n: int | None, occurred_at: datetime, networks: CallerNetworks) -> SpooledHit:
    """The hit that a request for a link of `block` makes.

    Whoever sends Sec-GPC or DNT is counted without device detail: the user agent and the language are left out, and the
    user agent's class, one of five words, stands in for it, so that a machine is not taken for a person.
    """
    headers = read_headers(scope["headers"])
    agent = _text(headers, b"user-agent", USER_AGENT_CHARACTERS)
    looked_at = {name: _text(headers, name.encode(), HEADER_CHARACTERS) for name in PREFETCH_HEADERS}
    kept = {name: value for name, value in looked_at.items() if value}
    language = _text(headers, b"accept-language", LANGUAGE_CHARACTERS)
    if headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1":
        kept[AGENT_HEADER] = str(classify(agent))
        agent = language = ""
    peer = scope.get("client")
    return SpooledHit(
        occurred_at=occurred_at,
        campaign_id=block.campaign_id,
        link_id=block.link_id,
        n=n,
        method=scope["method"],
        network=networks.find(peer[0] if peer else "", headers.get(b"x-forwarded-for", b"").decode("latin-1")),
        user_agent=agent,
        # What a referrer says behind its path may be personal, and no verdict needs it.
        referrer=_text(headers, b"referer", REFERRER_CHARACTERS).partition("?")[0].partition("#")[0],
        language=language.partition(",")[0].partition(";")[0],
        headers=kept,
    )


def _text(headers: Headers, name: bytes, characters: int) -> str:
    """A header's value, cut to length; characters that cannot be printed (no database takes a NUL) are left out."""
    value = headers.get(name)
    if not value:
        return ""
    text = value.decode("latin-1")[:characters].strip()
    return text if text.isprintable() else "".join(filter(str.isprintable, text))
