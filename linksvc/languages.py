"""Languages by their two letters (ISO 639-1): of a contact, and of the texts of a page. Called by imports of contacts, by
`linksvc.landing.words` and by whoever chooses a language for somebody."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from babel.core import Locale

_TAG = re.compile(r"([A-Za-z]{2})(?:[-_][A-Za-z0-9]{2,8})*")
"""fr, fr-FR, fr_FR, zh-Hans-CN."""

_OUTDATED = {"iw": "he", "in": "id", "ji": "yi", "mo": "ro", "no": "nb", "sh": "sr"}

_NAMED_IN = ("en", "fr", "de", "es", "it", "nl", "pt")
"""Whose words for languages are understood: French, français, Französisch, francés."""


@cache
def languages() -> frozenset[str]:
    """The codes of all languages that have one of two letters."""
    return frozenset(code for code in _names("en") if len(code) == len("fr") and code not in _OUTDATED)


def read_language(written: str) -> str:
    """The two letters of a language as people and machines write it, `fr`, `fr-FR`, `French`; empty: it is not known."""
    written = written.strip()
    if tag := _TAG.fullmatch(written):
        code = tag[1].lower()
        code = _OUTDATED.get(code, code)
        return code if code in languages() else ""
    return _by_name().get(_folded(written), "")


def choose_language(wanted: Iterable[str], offered: Iterable[str], default: str) -> str:
    """The first of the wanted languages that is offered, else the default."""
    offered = frozenset(offered)
    return next((language for language in wanted if language in offered), default)


@cache
def _by_name() -> dict[str, str]:
    """The code of each language by the names it has, folded."""
    found: dict[str, str] = {}
    for spoken in _NAMED_IN:
        for code, name in _names(spoken).items():
            current = _OUTDATED.get(code, code)
            if current in languages():
                found.setdefault(_folded(name), current)
    return found


def _names(language: str) -> dict[str, str]:
    """What languages are called in a language, by their codes."""
    return dict(Locale.parse(language).languages)


def _folded(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in bare if not unicodedata.combining(c)).strip()
