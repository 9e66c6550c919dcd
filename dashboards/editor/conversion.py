"""From what was typed to a page's document, and from a document to what the form shows.

What cannot be a document's value is told by its path and a reason (`Wrong`); the rest of the checks are the document's own
(`dashboards.editor.checking`).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from dashboards.editor.shapes import FORMS, OPTIONS, RANGES, SCALE, THEME, Field, fields_of
from dashboards.editor.trees import Tree, text_at, tree_at
from linksvc.landing.prizes import CERTAIN, STOCK_MOST
from linksvc.landing.words import LABEL_LONGEST, clean
from linksvc.schedules import RECIPIENT

Wrong = dict[str, str]
"""Reasons by path; each a key of the catalog behind `editor.wrong.`."""

_SPACES = re.compile(r"[\s\u200b]")
_BLANK: Any = object()


@dataclass
class Reading:
    """One tree being read: what is wrong is gathered on the way. `languages` are the page's."""

    languages: tuple[str, ...]
    wrong: Wrong = field(default_factory=dict)

    def document(self, tree: Tree) -> dict[str, Any]:
        return {
            "title": self._words(tree_at(tree, "title"), "title", LABEL_LONGEST),
            "languages": list(self.languages),
            "theme": self._fields(tree_at(tree, "theme"), THEME, "theme."),
            "blocks": [self._block(block, f"blocks.{at}.") for at, block in enumerate(_trees(tree, "blocks"))],
        }

    def _block(self, block: Tree, path: str) -> dict[str, Any]:
        read: dict[str, Any] = {"id": text_at(block, "id"), "type": text_at(block, "type")}
        if read["type"] == "code":
            chosen = tree_at(block, "forms")
            read["forms"] = [form for form in FORMS if text_at(chosen, form)]
        return read | self._fields(block, fields_of(block), path)

    def _fields(self, tree: Tree, fields: tuple[Field, ...], path: str) -> dict[str, Any]:
        found = ((one.name, self._value(tree, one, path + one.name)) for one in fields)
        return {name: value for name, value in found if value is not _BLANK}

    def _value(self, tree: Tree, one: Field, path: str) -> Any:
        match one.kind:
            case "words":
                return self._words(tree_at(tree, one.name), path, one.longest)
            case "optional_words":
                return self._words(tree_at(tree, one.name), path, one.longest) or _BLANK
            case "check":
                return bool(text_at(tree, one.name))
            case "list":
                return [self._item(item, one, f"{path}.{at}.") for at, item in enumerate(_trees(tree, one.name))]
            case "zone":
                return self._zone(tree, one.name, path)
        typed = text_at(tree, one.name).strip()
        match one.kind:
            case "share":
                return self._share(typed, path)
            case "count":
                return self._whole(typed, path, (0, STOCK_MOST)) if typed else _BLANK
            case "whole":
                return self._whole(typed, path, RANGES[one.name])
            case "degrees":
                return self._degrees(typed, path) if typed else _BLANK
        return typed

    def _item(self, item: Tree, one: Field, path: str) -> dict[str, Any]:
        read = {"id": text_at(item, "id")} | self._fields(item, _fitting(item, one), path)
        return read

    def _words(self, typed: Tree, path: str, longest: int) -> dict[str, str]:
        """The texts of the page's languages; one that is empty is left out."""
        found = {}
        for language in self.languages:
            text = text_at(typed, language).strip()
            if text and len(_cleaned(text)) > longest:
                self.wrong[f"{path}.{language}"] = "long"
            if text:
                found[language] = text
        return found

    def _zone(self, tree: Tree, name: str, path: str) -> Any:
        if text_at(tree, "own_zone"):
            return RECIPIENT
        zone = text_at(tree, name).strip()
        if not zone:
            self.wrong[path] = "zone"
        return zone

    def _share(self, typed: str, path: str) -> int:
        """Per cent with up to two decimals as basis points."""
        try:
            points = Decimal(_SPACES.sub("", typed).removesuffix("%").replace(",", ".")) * 100
        except InvalidOperation:
            points = Decimal(0)
        if not points.is_finite() or points != points.to_integral_value() or not 1 <= points <= CERTAIN:
            self.wrong[path] = "share"
            return 1
        return int(points)

    def _whole(self, typed: str, path: str, bounds: tuple[int, int]) -> int:
        typed = _SPACES.sub("", typed)
        number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 12 else -1
        if not bounds[0] <= number <= bounds[1]:
            self.wrong[path] = "whole"
            return bounds[0]
        return number

    def _degrees(self, typed: str, path: str) -> float:
        try:
            degrees = float(typed.replace(",", "."))
        except ValueError:
            degrees = math.nan
        if not math.isfinite(degrees):
            self.wrong[path] = "degrees"
            return 0.0
        return degrees


def languages_of(tree: Tree) -> tuple[str, ...]:
    """The page's languages, each once, the first the default one."""
    return tuple(dict.fromkeys(text_at(tree, "languages").split()))


def tree_of(document: Mapping[str, Any]) -> Tree:
    """What the form shows of a document, given as JSON gives it."""
    return {
        "title": dict(document.get("title", {})),
        "languages": " ".join(document["languages"]),
        "theme": {one.name: str(document.get("theme", {}).get(one.name, one.usual)) for one in THEME},
        "blocks": [_shown_block(block) for block in document["blocks"]],
    }


def _shown_block(block: Mapping[str, Any]) -> Tree:
    shown = {"id": block["id"], "type": block["type"], **_shown(block, fields_of(dict(block)))}
    if block["type"] == "code":
        shown["forms"] = dict.fromkeys(block.get("forms", ()), "on")
    return shown


def _shown(values: Mapping[str, Any], fields: tuple[Field, ...]) -> Tree:
    shown: Tree = {}
    for one in fields:
        value = values.get(one.name)
        if one.kind == "list":
            shown[one.name] = [{"id": item["id"], **_shown(item, one.of)} for item in value or ()]
        elif one.kind in ("words", "optional_words"):
            shown[one.name] = dict(value or {})
        elif one.kind == "zone":
            shown |= {"own_zone": "on"} if value == RECIPIENT else {one.name: str(value or "")}
        elif one.kind == "check":
            shown |= {one.name: "on"} if value else {}
        elif one.kind == "share":
            shown[one.name] = per_cent(int(value or 0))
        else:
            shown[one.name] = "" if value is None else str(value)
    return shown


def per_cent(points: int) -> str:
    """Basis points as they are typed: 12.5."""
    return f"{Decimal(points) / 100:f}"


def _fitting(item: Tree, one: Field) -> tuple[Field, ...]:
    """The fields that an item's kind has: what was typed for another kind stays in the form alone."""
    if one.name != "questions":
        return one.of
    kind = text_at(item, "kind")
    unfit = (() if kind in ("choice", "several") else (OPTIONS,)) + (() if kind == "scale" else SCALE)
    return tuple(field for field in one.of if field not in unfit)


def _trees(tree: Tree, name: str) -> list[Tree]:
    value = tree.get(name)
    return value if isinstance(value, list) else []


def _cleaned(text: str) -> str:
    try:
        return clean(text)
    except ValueError:
        return text
