"""Finds personal fields that leave a gap: without a `default` nothing stands in their place before a recipient's own is
filled in, nor where it is not known. A hint for `dashboards.editor.form`, no fault: a gap may be meant."""

from collections.abc import Iterable, Iterator

from dashboards.editor.trees import text_at
from linksvc.errors import InvalidRequest
from linksvc.landing.words import PERSONAL_FIELDS
from linksvc.templates import Template

PERSONAL_TEXTS = ("heading", "text")
"""Of a text block: those that may hold such fields."""


def gaps_of(texts: Iterable[object], languages: tuple[str, ...]) -> tuple[str, ...]:
    """The fields that leave a gap in some texts, in any of these languages, in the order of PERSONAL_FIELDS."""
    found = {field for words in texts for code in languages for field in _gaps(text_at(words, code))}
    return tuple(field for field in PERSONAL_FIELDS if field in found)


def _gaps(text: str) -> Iterator[str]:
    """Of a text that cannot be read none: what is wrong with it is told elsewhere."""
    if "{{" not in text:
        return
    try:
        yield from Template.parse(text).gaps
    except InvalidRequest:
        return
