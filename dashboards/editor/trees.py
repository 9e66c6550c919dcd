"""What stands in the editor's form, as it was typed: texts in dictionaries and lists, never checked, never lost.

A field's name is its path: `blocks.2.prizes.0.label.fr`. Everything the editor shows is written from such a tree, so a page
that is refused comes back as it was. Called by `dashboards.pages.landing_editor`.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

Tree = dict[str, Any]
"""Values are texts, trees, or lists of trees."""

DEPTH_MOST = 8
_PACKED_MOST = 400_000
"""Bytes of a packed value once it is unpacked: far above any document."""


def read_tree(pairs: Iterable[tuple[str, str]]) -> Tree:
    """The tree of a form's fields. What was numbered becomes a list in the order of its numbers; a name that would stand
    both for a text and for a tree keeps what came first."""
    root: Tree = {}
    for name, value in pairs:
        *above, last = name.split(".")
        if len(above) >= DEPTH_MOST:
            continue
        place: Any = root
        for part in above:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                break
        else:
            place.setdefault(last, value.replace("\r\n", "\n"))
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(_is_number(name) for name in value):
        ordered = sorted(value.items(), key=lambda item: int(item[0]))
        return [_listed(one) for _, one in ordered if isinstance(one, dict)]
    return {name: _listed(one) for name, one in value.items()}


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= 3


def text_at(tree: object, name: str) -> str:
    """A text of a tree; empty if there is none of that name."""
    value = tree.get(name) if isinstance(tree, Mapping) else None
    return value if isinstance(value, str) else ""


def tree_at(tree: object, name: str) -> Tree:
    """A tree in a tree; empty if there is none of that name."""
    value = tree.get(name) if isinstance(tree, Mapping) else None
    return value if isinstance(value, dict) else {}


def list_at(tree: object, name: str) -> list[Tree]:
    """A list in a tree, the same that stands in it; an empty one is put there if there is none."""
    if not isinstance(tree, dict):
        return []
    value = tree.get(name)
    if not isinstance(value, list):
        value = tree[name] = []
    return value


def find(tree: Tree, path: str) -> object:
    """What stands at that path; None if there is nothing."""
    place: object = tree
    for part in path.split("."):
        if isinstance(place, list):
            place = place[int(part)] if part.isdigit() and int(part) < len(place) else None
        else:
            place = place.get(part) if isinstance(place, dict) else None
    return place


def find_text(tree: Tree, path: str) -> str:
    """The text of that path; empty if there is none."""
    found = find(tree, path)
    return found if isinstance(found, str) else ""


def pack(value: object) -> str:
    """A value as a hidden field holds it."""
    return base64.urlsafe_b64encode(zlib.compress(orjson.dumps(value), 6)).decode()


def unpack(packed: str) -> Any:
    """The value of a hidden field; None for what was not made by `pack`, or is too long."""
    try:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(base64.urlsafe_b64decode(packed.encode()), _PACKED_MOST)
        return orjson.loads(content) if unpacking.eof else None
    except (binascii.Error, zlib.error, ValueError):
        return None
