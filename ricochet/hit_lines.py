"""Hits as lines of JSON, as whoever asks for a verdict writes them down. Read by `ricochet clicks judge`.

A line is judged as the tracker would have judged that request: what it cuts or leaves out is cut and left out here.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson

from tracker.hits import SpooledHit
from tracker.requests import HEADER_CHARACTERS, REFERRER_CHARACTERS, USER_AGENT_CHARACTERS
from tracker.verdicts import PREFETCH_HEADERS

MAX_LINE_BYTES = 1024 * 1024

_EXAMPLE = '{"user_agent": "curl/8.9", "method": "GET", "headers": {"Purpose": "prefetch"}, "referrer": ""}'
_TYPES = {str: "a string", dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class BadLine(ValueError):
    """A line that cannot be read as a hit; the message says which, what is wrong with it and what would be right."""


def read_hits(stream: BinaryIO) -> Iterator[SpooledHit | BadLine]:
    """The hits of a stream, one a line that is not empty, in their order; BadLine stands where one cannot be read.

    Holds one line at a time, and of that no more than MAX_LINE_BYTES.
    """
    for number, line in enumerate(_lines(stream), start=1):
        if line is not None and not line.strip():
            continue
        try:
            yield _hit(line.removeprefix(b"\xef\xbb\xbf") if number == 1 and line else line)
        except ValueError as error:
            yield BadLine(f"line {number}: {error}")


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Line by line; None for one that is too long, whose rest is passed over."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) <= MAX_LINE_BYTES:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES)
        yield None


def _hit(line: bytes | None) -> SpooledHit:
    if line is None:
        raise ValueError(f"The line has more than {MAX_LINE_BYTES:,} bytes.")
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
        raise ValueError(f"This is {_type(told)}, and a hit is an object. Right would be: {_EXAMPLE}")
    return told


def _string(told: Mapping[str, Any], field: str) -> str | None:
    """A field's text; None where it is missing or null."""
    value = told.get(field)
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{field} is {_type(value)}, and should be a string.")


def _headers(told: Mapping[str, Any]) -> dict[str, str]:
    """The headers by their lower-case names; one that comes in several spellings is joined as a repeated one is."""
    given = told.get("headers")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ValueError(f"headers is {_type(given)}, and should be an object of names and values.")
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


def _type(value: object) -> str:
    return _TYPES.get(type(value), "null")
