"""What somebody else changed in a page while it was edited here: each text that differs, with what one has oneself.

Blocks and what they hold are told apart by their ids, so moving one changes nothing else. For the editor when two save.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dashboards.catalog import CATALOG
from dashboards.editor.language_names import name_of
from dashboards.editor.shapes import FORMS, THEME
from dashboards.editor.trees import Tree, list_at, text_at, tree_at
from dashboards.speech import Speech

_ITEMS = {"prizes": "editor.prize", "questions": "editor.question", "options": "editor.option"}
"""What the items of a block's lists are called."""

SHOWN_MOST = 30
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """`where` in the reader's words; `theirs` or `yours` is None where it is not there at all."""

    where: str
    theirs: str | None
    yours: str | None


@dataclass(frozen=True, slots=True)
class _Told:
    where: str
    text: str


def differences(base: Tree, theirs: Tree, yours: Tree, speech: Speech) -> tuple[Difference, ...]:
    """What the other one changed since `base`."""
    before, after, mine = (dict(_texts(tree, speech)) for tree in (base, theirs, yours))
    changed = [key for key in {**after, **before} if _said(before.get(key)) != _said(after.get(key))]
    found = []
    for key in changed:
        # What one has oneself is named by where it stands in one's own page.
        told = mine.get(key) or after.get(key) or before[key]
        found.append(Difference(told.where, _said(after.get(key)), _said(mine.get(key))))
    return tuple(found)


def _said(told: _Told | None) -> str | None:
    if told is None:
        return None
    return told.text if len(told.text) <= _LONGEST else f"{told.text[:_LONGEST]}…"


def _texts(tree: Tree, speech: Speech) -> Iterator[tuple[str, _Told]]:
    say = speech.say
    yield "name", _Told(say("editor.name"), text_at(tree, "name"))
    yield "languages", _Told(say("editor.languages"), text_at(tree, "languages"))
    for language, text in tree_at(tree, "title").items():
        yield f"title.{language}", _Told(f"{say('editor.field.title')}, {name_of(language, speech.language)}", str(text))
    for name, value in ((one.name, text_at(tree_at(tree, "theme"), one.name)) for one in THEME):
        yield f"theme.{name}", _Told(f"{say('editor.theme')}, {say(theme_label(name))}", value)
    blocks = list_at(tree, "blocks")
    yield "blocks", _Told(say("editor.clash.order"), ", ".join(say(f"block.{text_at(one, 'type')}") for one in blocks))
    for number, block in enumerate(blocks, 1):
        where = say("editor.numbered", number=number, what=say(f"block.{text_at(block, 'type')}"))
        yield from _of_item(block, f"blocks.{text_at(block, 'id')}", where, speech)


def theme_label(name: str) -> str:
    """The key of a label of the theme's; `text` is a colour here and words everywhere else."""
    return "editor.field.text_colour" if name == "text" else f"editor.field.{name}"


def _of_item(item: Tree, key: str, where: str, speech: Speech) -> Iterator[tuple[str, _Told]]:
    for name, value in item.items():
        if name in _ITEMS and isinstance(value, list):
            for number, one in enumerate((one for one in value if isinstance(one, dict)), 1):
                inner = f"{where}, {speech.say('editor.numbered', number=number, what=speech.say(_ITEMS[name]))}"
                yield from _of_item(one, f"{key}.{name}.{text_at(one, 'id')}", inner, speech)
        elif f"editor.field.{name}" in CATALOG:
            yield from _of_field(value, f"{key}.{name}", f"{where}, {speech.say(f'editor.field.{name}')}", name, speech)


def _of_field(value: object, key: str, where: str, name: str, speech: Speech) -> Iterator[tuple[str, _Told]]:
    if isinstance(value, str):
        yield key, _Told(where, value)
    for part, text in value.items() if isinstance(value, dict) else ():
        what = speech.say(f"form.{part}") if name == "forms" and part in FORMS else name_of(part, speech.language)
        yield f"{key}.{part}", _Told(f"{where}, {what}", str(text))
