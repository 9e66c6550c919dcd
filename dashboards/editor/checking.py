"""Whether what was typed is a document, and what is wrong where: each fault by the path of its field and a sentence for the
reader. The rules are the document's own (`linksvc.landing`); only the words are told here, in the reader's language.

Called by `dashboards.pages.landing_editor`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import orjson

from dashboards.editor.conversion import Reading, languages_of
from dashboards.editor.fields import find_field
from dashboards.editor.language_names import name_of
from dashboards.editor.shapes import ITEMS_MOST, RANGES
from dashboards.editor.trees import Tree, find_text, list_at, text_at
from dashboards.speech import Speech
from linksvc.errors import FieldError, InvalidRequest
from linksvc.landing.completeness import missing_from
from linksvc.landing.documents import Document, parse_document
from linksvc.landing.words import LANGUAGES_MOST

Faults = Mapping[str, str]
"""A sentence by the path of the field it is about."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`document` is None if there are faults."""

    document: Document | None
    faults: Faults


def check(tree: Tree, speech: Speech) -> Checked:
    """What was typed as a draft's document, or what keeps it from being one."""
    reading = Reading(languages_of(tree))
    raw = orjson.dumps(reading.document(tree)).decode()
    wrong = reading.wrong | _whole_page(tree, reading.languages)
    document = None
    try:
        document = parse_document(raw)
    except InvalidRequest as error:
        for fault in error.errors:
            _note(wrong, _place(fault.field), tree, fault)
        if not error.errors:
            wrong[""] = error.detail
    says = _Sayer(tree, speech)
    faults = {path: says.wrong(path, reason) for path, reason in wrong.items()}
    return Checked(None if faults else document, faults)


def missing(document: Document, pictures: Collection[str], tree: Tree, speech: Speech) -> Faults:
    """What the draft lacks before it can be published."""
    says = _Sayer(tree, speech)
    return {_place(fault.field): says.missing(fault) for fault in missing_from(document, pictures)}


def _whole_page(tree: Tree, languages: tuple[str, ...]) -> dict[str, str]:
    wrong = {}
    if not 1 <= len(languages) <= LANGUAGES_MOST:
        wrong["languages"] = "languages"
    if not 1 <= len(list_at(tree, "blocks")) <= ITEMS_MOST["blocks"]:
        wrong["blocks"] = "blocks"
    for at, block in enumerate(list_at(tree, "blocks")):
        place = f"blocks.{at}."
        if text_at(block, "type") == "map":
            latitude, longitude = text_at(block, "latitude").strip(), text_at(block, "longitude").strip()
            if bool(latitude) != bool(longitude):
                wrong[place + ("longitude" if latitude else "latitude")] = "both"
            elif latitude and text_at(block, "query").strip():
                wrong[place + "query"] = "either"
    return wrong


def _place(path: str) -> str:
    """The path as the form names it: without pydantic's mark for the name of a text."""
    return path.removesuffix(".[key]")


def _note(wrong: dict[str, str], path: str, tree: Tree, fault: FieldError) -> None:
    """Keeps what the form did not find by itself; a block as a whole is told by its field."""
    if any(known == path or known.startswith(f"{path}.") for known in wrong):
        return
    field = find_field(tree, path)
    if field is None or (field.kind == "list" and field.name != "prizes"):
        wrong.setdefault("", fault.message)
    else:
        wrong[path] = "odds" if field.kind == "list" else field.kind


@dataclass(frozen=True, slots=True)
class _Sayer:
    """Writes the faults of one tree for one reader."""

    tree: Tree
    speech: Speech

    def wrong(self, path: str, reason: str) -> str:
        say, field = self.speech.say, find_field(self.tree, path)
        if not path:
            return say("editor.wrong.document", detail=reason)
        match reason:
            case "blocks":
                return say("editor.wrong.blocks", most=ITEMS_MOST["blocks"])
            case "languages":
                return say("editor.wrong.languages", most=LANGUAGES_MOST)
            case "long" if field:
                return say("editor.wrong.long", count=len(find_text(self.tree, path)), most=field.longest)
            case "whole" if field and field.kind == "count":
                return say("editor.wrong.count")
            case "whole" if field:
                low, high = RANGES[field.name]
                return say("editor.wrong.whole", low=low, high=high)
            case "degrees" if field:
                return say(f"editor.wrong.{field.name}")
            case "zone":
                return say("editor.wrong.zone", zone=self.speech.timezone)
            case "words" | "optional_words" | "line" if field:
                return say(f"editor.wrong.{self._unfit(path, field.personal)}")
        return say(f"editor.wrong.{reason}")

    def _unfit(self, path: str, personal: bool) -> str:
        typed = find_text(self.tree, path)
        if "{{" in typed or "{%" in typed:
            return "personal" if personal else "fields"
        return "words"

    def missing(self, fault: FieldError) -> str:
        say, path = self.speech.say, _place(fault.field)
        field = find_field(self.tree, path)
        name = path.rpartition(".")[2]
        if field is None:
            return fault.message
        if field.kind in ("words", "optional_words"):
            key = "alt" if field.name == "alt" else "words"
            return say(f"editor.missing.{key}", language=name_of(name, self.speech.language))
        return say(f"editor.missing.{field.name if field.kind == 'list' else field.kind}")
