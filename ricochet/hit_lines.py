"""Hits as lines of JSON, as whoever asks for a verdict writes them down. Read by `ricochet clicks judge`.

A line is judged as the tracker would have judged that request: what it cuts or leaves out is cut and left out here.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson

from ricochet.json_lines import MAX_LINE_BYTES, BadLine, read_lines, type_name
from tracker.hits import SpooledHit
from tracker.requests import HEADER_CHARACTERS, REFERRER_CHARACTERS, USER_AGENT_CHARACTERS
from tracker.verdicts import PREFETCH_HEADERS

__all__ = ["MAX_LINE_BYTES", "BadLine", "read_hits"]

_EXAMPLE = '{"user_agent": "curl/8.9", "method": "GET", "headers": {"Purpose": "prefetch"}, "referrer": ""}'
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def read_hits(stream: BinaryIO) -> Iterator[SpooledHit | BadLine]:
    """The hits of a stream, one a line that is not empty, in their order; BadLine stands where one cannot be read."""
    return read_lines(stream, _hit)


def _hit(line: bytes) -> SpooledHit:
    told = _object(line)
    headers = _headers(told)
    agent, referrer = _string(told, "user_agent"), _string(told, "referrer")
    looked_at = {name: _cut(headers.get(name, ""), HEADER_CHARACTERS) for name in PREFETCH_HEADERS}
    return SpooledHit(
        occurred_at=_NEVER,
        campaign_id=0,
        link_id=0,
        n=None,
        method=(_string(told, "method") or "GET").strip().upper(),
        network="",
        user_agent=_cut(headers.get("user-agent", "") if agent is None else agent, USER_AGENT_CHARACTERS),
        referrer=_cut(headers.get("referer", "") if referrer is None else referrer, REFERRER_CHARACTERS),
        headers={name: value for name, value in looked_at.items() if value},
    )


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"This is not JSON ({error.msg}, character {error.pos + 1}). Right would be: {_EXAMPLE}") from None
    if not isinstance(told, dict):
        raise ValueError(f"This is {type_name(told)}, and a hit is an object. Right would be: {_EXAMPLE}")
    return told


def _string(told: Mapping[str, Any], field: str) -> str | None:
    """A field's text; None where it is missing or null."""
    value = told.get(field)
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{field} is {type_name(value)}, and should be a string.")


def _headers(told: Mapping[str, Any]) -> dict[str, str]:
    """The headers by their lower-case names; one that comes in several spellings is joined as a repeated one is."""
    given = told.get("headers")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ValueError(f"headers is {type_name(given)}, and should be an object of names and values.")
    headers: dict[str, str] = {}
    for name in given:
        try:
            value = _string(given, name)
        except ValueError as error:
            raise ValueError(f"headers.{error}") from None
        if value is not None:
            key = name.strip().lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
    return headers


def _cut(text: str, characters: int) -> str:
    text = text[:characters].strip()
    return text if text.isprintable() else "".join(filter(str.isprintable, text))
