"""The texts of a page as HTML: paragraphs, **bold**, a recipient's fields. Whatever else stands in them stays text."""

import re
from collections.abc import Mapping
from functools import lru_cache

from markupsafe import Markup, escape

from linksvc.templates import Template
from linksvc.unseen_characters import seen

_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", re.DOTALL)

# Noncharacters of Unicode: no document holds them, and a value that does loses them.
_STAR, _OPENED, _CLOSED = "\ufdd0\ufdd1\ufdd2"
_SHIELD = str.maketrans({"*": _STAR, _STAR: "", _OPENED: "", _CLOSED: "", "\n": " ", "\r": " "})
_TAGS = str.maketrans({_STAR: "*", _OPENED: "<bdi>", _CLOSED: "</bdi>", "\n": "<br>\n"})

KEPT_TEMPLATES = 4_096


def paragraphs(text: str, values: Mapping[str, str] | None = None) -> Markup:
    """A text as <p> elements. `values`: the fields of whom it is for; None: it has no fields."""
    filled = text if values is None else fill(text, values)
    parts = [part.strip() for part in _BLANK_LINES.split(filled)]
    return Markup("\n").join(Markup("<p>{}</p>").format(_inline(part)) for part in parts if part)


def line(text: str, values: Mapping[str, str]) -> Markup:
    """A heading."""
    return _inline(fill(text, values))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields filled in; what makes a text bold or a paragraph does not in a value. Each value is isolated:
    a Hebrew name turns no sentence in French."""
    if "{{" not in text:
        return text
    shielded = {name: seen(value).translate(_SHIELD) for name, value in values.items()}
    return "".join(_isolated(piece) if is_filled else piece for is_filled, piece in _template(text).pieces(shielded))


def _isolated(piece: str) -> str:
    # With stars or line breaks of its own it is what the page's author wrote for whom nothing is known of: no value has any.
    return f"{_OPENED}{piece}{_CLOSED}" if piece.strip() and not {"*", "\n"}.intersection(piece) else piece


def _inline(text: str) -> Markup:
    # Escaping leaves stars alone, so bold can be found afterwards in what is safe already.
    bold = _BOLD.sub(r"<strong>\1</strong>", str(escape(text)))
    return Markup(bold.translate(_TAGS))  # noqa: S704


@lru_cache(KEPT_TEMPLATES)
def _template(text: str) -> Template:
    return Template.parse(text)
