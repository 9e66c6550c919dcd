"""What is kept of a request: the little that a verdict and a report need, cut to length. Used by the redirect."""

from collections.abc import Sequence
from functools import lru_cache

from tracker.agents import classify
from tracker.blocks import Block
from tracker.hits import Packed, pack, pack_words
from tracker.verdicts import AGENT_HEADER, PREFETCH_HEADERS

USER_AGENT_CHARACTERS = 400
REFERRER_CHARACTERS = 200
LANGUAGE_CHARACTERS = 16
HEADER_CHARACTERS = 64

REMEMBERED_TEXTS = 10_000
"""A campaign's phones share a few thousand user agents and languages."""

MOST_BYTES = 1_024
"""Of any header that is looked at: what is remembered or joined is cut to it first, so nobody fills the memory."""

_UNUSUAL = frozenset({b"referer", b"sec-gpc", b"dnt", *(name.encode() for name in PREFETCH_HEADERS)})
_ASKED_BY_PAGES = frozenset({b"accept", b"accept-encoding", b"content-length", b"origin"})
_READ = frozenset({b"host", b"user-agent", b"accept-language", b"x-forwarded-for"}) | _UNUSUAL | _ASKED_BY_PAGES

Headers = dict[bytes, bytes]


def read_headers(pairs: Sequence[tuple[bytes, bytes]]) -> Headers:
    """A request's headers. One that is looked at and repeated is joined as RFC 9110, section 5.3, allows."""
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    told: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        if name in _READ:
            told.setdefault(name, []).append(value)
    return {name: b",".join(values) for name, values in told.items()}


def follows(headers: Headers) -> bool:
    """Whether the browser lets itself be followed: neither Global Privacy Control nor Do Not Track is set. A proxy may have
    repeated what the browser said."""
    signals = (headers.get(b"sec-gpc", b""), headers.get(b"dnt", b""))
    return not any(value.strip() == b"1" for signal in signals for value in signal[:MOST_BYTES].split(b","))


def pack_hit(method: str, headers: Headers, block: Block, n: int | None, micros: int, network: str, outcome: str) -> bytes:
    """The hit that a request for a link of `block` makes, as it goes into the spool. `micros` and `outcome`: as `pack`
    takes them."""
    agent = headers.get(b"user-agent", b"")[:MOST_BYTES]
    language = headers.get(b"accept-language", b"")[:LANGUAGE_CHARACTERS]
    said = _usual(agent, language) if headers.keys().isdisjoint(_UNUSUAL) else _unusual(headers, agent, language)
    return pack(micros, block.campaign_id, block.link_id, n, method, network, said, outcome)


@lru_cache(REMEMBERED_TEXTS)
def _usual(agent: bytes, language: bytes) -> Packed:
    """What most requests say of themselves: a user agent and a language."""
    return pack_words(_text(agent, USER_AGENT_CHARACTERS), "", _language(language), {})


def _unusual(headers: Headers, agent: bytes, language: bytes) -> Packed:
    """What a request says with a referrer, with signs of a prefetch, or not to be followed.

    Whoever sends Sec-GPC or DNT is counted without device detail: the user agent and the language are left out, and the
    user agent's class, a closed set of words, stands in for it, so that a machine is not taken for a person.
    """
    # What a referrer says behind its path may be personal, and no verdict needs it.
    referrer = _text(headers.get(b"referer", b"")[:MOST_BYTES], REFERRER_CHARACTERS).partition("?")[0].partition("#")[0]
    kept = _prefetch_headers(headers)
    if not follows(headers):
        kept[AGENT_HEADER] = str(classify(_text(agent, USER_AGENT_CHARACTERS)))
        agent = language = b""
    return pack_words(_text(agent, USER_AGENT_CHARACTERS), referrer, _language(language), kept)


def _prefetch_headers(headers: Headers) -> dict[str, str]:
    looked_at = {name: _text(headers.get(name.encode(), b"")[:MOST_BYTES], HEADER_CHARACTERS) for name in PREFETCH_HEADERS}
    return {name: value for name, value in looked_at.items() if value}


@lru_cache(REMEMBERED_TEXTS)
def _text(value: bytes, characters: int) -> str:
    """A header's value, cut to length; characters that cannot be printed (no database takes a NUL) are left out."""
    text = value[:characters].decode("latin-1").strip()
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


@lru_cache(REMEMBERED_TEXTS)
def _language(value: bytes) -> str:
    """The language a reader likes best, of a header Accept-Language."""
    return _text(value, LANGUAGE_CHARACTERS).partition(",")[0].partition(";")[0]
