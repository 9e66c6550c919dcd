"""The language of a page that a browser asks for (RFC 9110, section 12.5.4). For `serving` and `posts`."""

from functools import lru_cache

from linksvc.languages import choose_language, read_language

LONGEST = 200
"""Bytes of the header that are read."""

REMEMBERED = 4_096


@lru_cache(REMEMBERED)
def accepted_language(header: bytes, offered: tuple[str, ...]) -> str:
    """The offered language that is wanted most; the first offered if none of them is."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:LONGEST].decode("latin-1").split(",")):
        tag, _, parameter = part.partition(";")
        quality = _quality(parameter)
        if quality > 0:
            wanted.append((-quality, place, read_language(tag)))
    return choose_language((language for _, _, language in sorted(wanted)), offered, offered[0])


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value.strip())
    except ValueError:
        return 0.0
