"""What is wrong with a document, told so that whoever wrote it finds the place: the block by its id, the field by its name.

pydantic finds the faults; this says them. For `linksvc.landing.documents`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from linksvc.errors import FieldError

FAULTS_MOST = 50
_SHOWN_LONGEST = 60

_WORDS: Mapping[str, str] = {
    "missing": "This is missing",
    "json_invalid": "It is no JSON in UTF-8",
    "extra_forbidden": "There is no such field here",
    "model_type": "An object {{...}} is asked for",
    "model_attributes_type": "An object {{...}} is asked for",
    "dict_type": 'A text for each language is asked for: {{"en": "Hello"}}',
    "mapping_type": 'A text for each language is asked for: {{"en": "Hello"}}',
    "tuple_type": "A list [...] is asked for",
    "string_type": "A text is asked for",
    "int_type": "A whole number is asked for",
    "float_type": "A number is asked for",
    "bool_type": "true or false is asked for",
    "string_too_long": "It has too many characters; {max_length:,} are the most",
    "too_long": "There are {actual_length}; {max_length} are the most",
    "too_short": "There are {actual_length}; at least {min_length} is asked for",
    "greater_than_equal": "At least {ge} is asked for",
    "less_than": "Less than {lt} is asked for",
    "less_than_equal": "At most {le} is asked for",
    "literal_error": "One of {expected} is asked for",
    "union_tag_not_found": "A block says its type: text, picture, button and so on",
}
"""By pydantic's name of a fault."""

_FIELD_AHEAD = re.compile(r"([a-z_]+(?:\.[a-z0-9_]+)*): ")
"""Of a fault that belongs to a whole part: the field that it is about, before the sentence."""

_PATTERNS: Mapping[str, str] = {
    "^#[0-9a-fA-F]{6}$": "A colour is written as #rrggbb, such as #0b57d0",
    "^[a-z0-9][a-z0-9-]{0,31}$": "1 to 32 small letters, digits and hyphens are asked for, such as summer-offer",
    r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$": "One line without control characters is asked for",
    "^([0-9a-f]{64})?$": "The digest of an uploaded picture is asked for: 64 hexadecimal digits",
}


def faults_of(error: ValidationError, written: Any, at: str = "") -> tuple[FieldError, ...]:
    """The faults, each with its path, `at` before it, and a sentence. `written` is what was read: it names the blocks."""
    found = error.errors(include_url=False, include_input=False)
    # Of a list whose items are wrong pydantic says besides that too few are left.
    within = {fault["loc"][:depth] for fault in found for depth in range(len(fault["loc"]))}
    told = [fault for fault in found if not (fault["type"] == "too_short" and fault["loc"] in within)]
    return tuple(_fault(one, written, at) for one in told[:FAULTS_MOST])


def _fault(fault: ErrorDetails, written: Any, at: str) -> FieldError:
    # pydantic puts the type of a block into the path behind its index.
    location = fault["loc"]
    path = [part for index, part in enumerate(location) if part != "[key]" and not (index == 2 and location[0] == "blocks")]
    if fault["type"].startswith("union_tag"):
        path.append("type")
    words = _sentence(fault)
    if told := _FIELD_AHEAD.match(words):
        path, words = [*path, *told[1].split(".")], words[told.end() :]
    block = _block(path, written)
    field = _shown(".".join(str(part) for part in path))
    where = f"{block}{_in_block(field)}" if block else field
    words = words[:1].upper() + words[1:].rstrip(".") + "."
    return FieldError(".".join(part for part in (at, field) if part), f"{where}: {words}" if where else words)


def _block(path: Sequence[int | str], written: Any) -> str:
    """What to call the block that a path leads to: by its id, or by its place; empty: it leads to none."""
    if len(path) < len(("blocks", 0)) or path[0] != "blocks":
        return ""
    index = int(path[1])
    try:
        name = str(written["blocks"][index]["id"])
    except (LookupError, TypeError):
        return f"Block {index + 1}, "
    return f"Block “{_shown(name)}”, "


def _in_block(field: str) -> str:
    """blocks.3.label.fr as label.fr."""
    return ".".join(field.split(".")[2:]) or "as a whole"


def _sentence(fault: ErrorDetails) -> str:
    if fault["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(str(fault["ctx"]["pattern"]), fault["msg"])
    if fault["type"] == "union_tag_invalid":
        return f"There is no block of the type “{_shown(fault['ctx']['tag'])}”. There are {fault['ctx']['expected_tags']}"
    words = _WORDS.get(fault["type"])
    return words.format(**fault.get("ctx", {})) if words else fault["msg"].removeprefix("Value error, ")


def _shown(text: str) -> str:
    line = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return line if len(line) <= _SHOWN_LONGEST else f"{line[:_SHOWN_LONGEST]}…"
