"""Which fields each type of block has in the editor's form, in their order. What a field means is told by
`linksvc.landing.blocks`; how it is drawn by `templates/editor/blocks`. For the editor's other modules."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

from dashboards.editor.trees import Tree
from linksvc.landing.blocks import CELLS, QUESTIONS_MOST
from linksvc.landing.documents import BLOCKS_MOST
from linksvc.landing.prizes import PRIZES_MOST
from linksvc.landing.questions import OPTIONS_MOST, SCALE_MOST
from linksvc.landing.words import LABEL_LONGEST, PROSE_LONGEST, SENTENCE_LONGEST

Kind = Literal[
    "words", "optional_words", "line", "url", "phone", "digest", "check", "share", "count", "whole", "degrees", "choice",
    "time", "zone", "colour", "forms", "list",
]  # fmt: skip
"""How a field is typed: `share` in per cent, `count` a whole number or empty for none, `degrees` of a place."""


@dataclass(frozen=True, slots=True)
class Field:
    """`longest`: characters of one language; `personal`: it may hold the recipient's fields; `of`: the fields of what a list
    holds; `usual`: what stands in a new one."""

    name: str
    kind: Kind
    longest: int = 0
    personal: bool = False
    of: tuple["Field", ...] = ()
    usual: str = ""


def _label(name: str, personal: bool = False) -> Field:
    return Field(name, "words", LABEL_LONGEST, personal)


def _sentence(name: str) -> Field:
    return Field(name, "words", SENTENCE_LONGEST)


def _prose(name: str, personal: bool = False) -> Field:
    return Field(name, "words", PROSE_LONGEST, personal)


PRIZE = (
    _label("label"),
    _prose("text"),
    Field("odds", "share", usual="10"),
    Field("stock", "count"),
    Field("wins", "check", usual="on"),
)
_PRIZES = (Field("prizes", "list", of=PRIZE), _prose("nothing"))

SCALE = (Field("low", "whole", usual="1"), Field("high", "whole", usual="5"), _label("low_label"), _label("high_label"))
OPTIONS = Field("options", "list", of=(_label("label"),))
QUESTION = (
    Field("kind", "choice", usual="choice"),
    _sentence("label"),
    Field("required", "check"),
    OPTIONS,
    *SCALE,
)

BLOCKS: Mapping[str, tuple[Field, ...]] = {
    "text": (_label("heading", personal=True), _prose("text", personal=True)),
    "picture": (Field("picture", "digest"), _sentence("alt"), Field("decorative", "check"), Field("url", "url")),
    "button": (_label("label"), Field("url", "url")),
    "call": (_label("label"), Field("number", "phone")),
    "map": (
        _label("label"),
        Field("query", "line", LABEL_LONGEST),
        Field("latitude", "degrees"),
        Field("longitude", "degrees"),
    ),
    "countdown": (_label("label"), Field("ends_at", "time"), Field("timezone", "zone"), _sentence("finished")),
    "code": (_label("label"),),
    "scratch": (_label("title"), _label("cover"), *_PRIZES),
    "flip": (_label("title"), Field("cells", "whole", usual="3"), *_PRIZES),
    "survey": (
        _label("title"),
        Field("questions", "list", of=QUESTION),
        _label("submit"),
        _prose("thanks"),
        Field("thank_you_sms", "optional_words", SENTENCE_LONGEST),
    ),
    "opt_out": (_label("label"),),
    "privacy": (_prose("text"), Field("url", "url")),
}
"""In the order in which they are offered."""

THEME = (
    Field("accent", "colour", usual="#0b57d0"),
    Field("background", "colour", usual="#ffffff"),
    Field("text", "colour", usual="#1f1f1f"),
    Field("font", "choice", usual="system"),
    Field("logo", "digest"),
)

FORMS = ("copy", "qr", "code128", "ean13")
"""How a promo code is shown: boxes to tick."""

QUESTION_KINDS = ("choice", "several", "scale", "text", "consent")
FONTS = ("system", "serif", "rounded")

RANGES: Mapping[str, tuple[int, int]] = {
    "low": (0, 1),
    "high": (2, SCALE_MOST),
    "cells": (CELLS[0], CELLS[-1]),
}

LISTS: Mapping[str, tuple[Field, ...]] = {
    "blocks": (),
    "prizes": PRIZE,
    "questions": QUESTION,
    "options": OPTIONS.of,
}

ITEMS_MOST: Mapping[str, int] = {
    "blocks": BLOCKS_MOST,
    "prizes": PRIZES_MOST,
    "questions": QUESTIONS_MOST,
    "options": OPTIONS_MOST,
}


_TICKED: Mapping[str, Tree] = {"code": {"forms": {"copy": "on", "qr": "on"}}, "countdown": {"own_zone": "on"}}
"""What is ticked in a new block beside its fields."""


def fields_of(block: Tree) -> tuple[Field, ...]:
    """The fields of a block; none if there is no such type."""
    block_type = block.get("type")
    return BLOCKS.get(block_type, ()) if isinstance(block_type, str) else ()


def blank(name: str, block_type: str = "") -> Tree | None:
    """A new item of a list, as one finds it in the form; None if there is no such thing."""
    if name == "blocks":
        if block_type not in BLOCKS:
            return None
        made = {"id": f"{block_type.replace('_', '-')}-1", "type": block_type, **_usual(BLOCKS[block_type])}
        return made | deepcopy(_TICKED.get(block_type, {}))
    if name not in LISTS:
        return None
    made = {"id": f"{name.removesuffix('s')}-1", **_usual(LISTS[name])}
    return made | ({"options": [{"id": "option-1"}, {"id": "option-2"}]} if name == "questions" else {})


def _usual(fields: tuple[Field, ...]) -> Tree:
    return {field.name: field.usual for field in fields if field.usual}


def is_ours(tree: Tree) -> bool:
    """Whether every block of a tree has a type: a form of ours sends no other."""
    blocks = tree.get("blocks", [])
    return isinstance(blocks, list) and all(isinstance(block, dict) and fields_of(block) for block in blocks)


def walk(fields: tuple[Field, ...]) -> Iterator[Field]:
    """All fields, those of what lists hold too."""
    for field in fields:
        yield field
        yield from walk(field.of)
