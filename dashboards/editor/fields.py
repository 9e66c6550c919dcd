"""Finds the field that a path of the form names: `blocks.2.prizes.0.label.fr` is a prize's label. For the checks of the
editor."""

from dashboards.editor.shapes import THEME, Field, fields_of
from dashboards.editor.trees import Tree, list_at
from linksvc.landing.words import LABEL_LONGEST

_TITLE = Field("title", "words", LABEL_LONGEST)
_FORMS = Field("forms", "forms")


def find_field(tree: Tree, path: str) -> Field | None:
    """None for a path that names none, such as that of a block as a whole."""
    parts = path.split(".")
    match parts:
        case ["title", *_]:
            return _TITLE
        case ["theme", name]:
            return _named(THEME, name)
        case ["blocks", index, *rest] if index.isdigit() and rest:
            blocks = list_at(tree, "blocks")
            block = blocks[int(index)] if int(index) < len(blocks) else {}
            if rest[0] == "forms":
                return _FORMS
            return _below(fields_of(block), rest)
    return None


def _below(fields: tuple[Field, ...], rest: list[str]) -> Field | None:
    field = _named(fields, rest[0])
    if field is not None and field.kind == "list" and len(rest) > 2:
        return _below(field.of, rest[2:])
    return field


def _named(fields: tuple[Field, ...], name: str) -> Field | None:
    return next((field for field in fields if field.name == name), None)
