"""What the buttons of the editor's lists do to what is typed: add, up, down, copy, remove, and put back.

A button names the list or the item by its path: `add:blocks.2.prizes`, `up:blocks.3`. Called by
`dashboards.pages.landing_editor`.
"""

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from dashboards.editor.shapes import ITEMS_MOST, LISTS, blank
from dashboards.editor.trees import Tree, list_at, pack, text_at, unpack

_PATH = re.compile(r"[a-z]+(?:\.[0-9]{1,3}\.[a-z]+)*(?:\.[0-9]{1,3})?", re.ASCII)

_ID_MOST = 32


@dataclass(frozen=True, slots=True)
class Changed:
    """What a button did. `focus`: the path of what has the focus now; `removed`: what can be put back, packed."""

    focus: str = ""
    removed: str = ""
    is_full: bool = False
    """The list had no room for one more."""


def change(tree: Tree, wish: str, path: str) -> Changed | None:
    """Changes the tree. None if there is no such wish, list or item: a button pressed on a page of another state."""
    if not _PATH.fullmatch(path):
        return None
    *way, last = path.split(".")
    if wish == "add":
        return _add(_list(tree, path), path, text_at(tree, "new_type"))
    found = _list(tree, ".".join(way)) if last.isdigit() else None
    index = int(last) if found is not None else 0
    if found is None or index >= len(found):
        return None
    place = ".".join(way)
    match wish:
        case "up" if index > 0:
            return _move(found, index, index - 1, place)
        case "down" if index < len(found) - 1:
            return _move(found, index, index + 1, place)
        case "copy":
            return _insert(found, index + 1, _copied(found[index], found), place)
        case "remove":
            return _remove(found, index, place)
    return None


def put_back(tree: Tree, removed: str) -> Changed | None:
    """Puts back what was removed last, where it stood."""
    told = unpack(removed)
    if not (isinstance(told, dict) and _PATH.fullmatch(text_at(told, "place")) and isinstance(told.get("item"), dict)):
        return None
    found, index = _list(tree, told["place"]), told.get("index")
    if found is None or not isinstance(index, int):
        return None
    item = told["item"]
    return _insert(
        found, max(0, min(index, len(found))), {**item, "id": _free_id(found, text_at(item, "id"))}, told["place"]
    )


def _list(tree: Tree, path: str) -> list[Tree] | None:
    """The list of that path; None where the page has none."""
    place: Any = tree
    parts = path.split(".")
    for name, index in zip(parts[::2], [*parts[1::2], None], strict=False):
        if name not in LISTS:
            return None
        found = list_at(place, name)
        if index is None:
            return found
        if int(index) >= len(found):
            return None
        place = found[int(index)]
    return None


def _add(found: list[Tree] | None, path: str, new_type: str) -> Changed | None:
    if found is None:
        return None
    item = blank(path.rpartition(".")[2], new_type)
    if item is None:
        return None
    return _insert(found, len(found), {**item, "id": _free_id(found, text_at(item, "id"))}, path)


def _insert(found: list[Tree], index: int, item: Tree, place: str) -> Changed:
    if len(found) >= ITEMS_MOST[place.rpartition(".")[2]]:
        return Changed(is_full=True)
    found.insert(index, item)
    return Changed(focus=f"{place}.{index}")


def _move(found: list[Tree], index: int, to: int, place: str) -> Changed:
    found.insert(to, found.pop(index))
    return Changed(focus=f"{place}.{to}")


def _remove(found: list[Tree], index: int, place: str) -> Changed:
    item = found.pop(index)
    focus = f"{place}.{min(index, len(found) - 1)}" if found else place
    return Changed(focus, pack({"place": place, "index": index, "item": item}))


def _copied(item: Tree, found: list[Tree]) -> Tree:
    return {**deepcopy(item), "id": _free_id(found, text_at(item, "id"))}


def _free_id(found: list[Tree], wanted: str) -> str:
    """An id that no other of the list has: what a recipient did is remembered by it."""
    taken = {text_at(one, "id") for one in found}
    if wanted and wanted not in taken:
        return wanted
    stem = re.sub(r"-?[0-9]+\Z", "", wanted)[: _ID_MOST - 4] or "part"
    return next(free for n in range(1, len(taken) + 2) if (free := f"{stem}-{n}") not in taken)
