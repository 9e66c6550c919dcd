"""What is wrong with a value that was sent, and what would be right, in our words. `linksvc.api.parsing` asks.

pydantic names the kind of each mistake and its bounds; its own sentences speak of Python.
"""

from collections.abc import Callable, Mapping
from typing import Any

Context = Mapping[str, Any]
"""The bounds that were broken, by pydantic's names of them."""

_PATTERNS = {
    "^[A-Z]{3}$": "Three capital letters of ISO 4217 are asked for, such as EUR.",
    "^([A-Z]{2})?$": "Two capital letters of ISO 3166 are asked for, such as FR; or nothing.",
    "^[a-z0-9][a-z0-9-]{0,31}$": "1 to 32 small letters, digits and hyphens are asked for, such as summer-offer.",
    "^[!-~]{1,255}$": "1 to 255 visible ASCII characters are asked for, without a space.",
}
"""What the patterns of the shapes mean."""

_PLAIN = {
    "missing": "It is missing.",
    "extra_forbidden": "There is no such field here. Leave it out.",
    "string_type": "A text is asked for.",
    "int_type": "A whole number is asked for.",
    "int_from_float": "A whole number is asked for.",
    "int_parsing": "A whole number is asked for.",
    "int_parsing_size": "The number is too large.",
    "float_type": "A number is asked for.",
    "float_parsing": "A number is asked for.",
    "finite_number": "A finite number is asked for.",
    "decimal_type": "A number is asked for.",
    "decimal_parsing": "A number is asked for.",
    "bool_type": "true or false is asked for.",
    "bool_parsing": "true or false is asked for.",
    "list_type": "A list is asked for.",
    "tuple_type": "A list is asked for.",
    "dict_type": "An object is asked for, with its fields by name.",
    "model_type": "An object is asked for, with its fields by name.",
    "model_attributes_type": "An object is asked for, with its fields by name.",
    "none_required": "null is asked for.",
    "timezone_aware": "A time with its zone is asked for, such as 2026-11-20T10:00:00+01:00.",
    "date_from_datetime_inexact": "A day is asked for, such as 2026-11-20.",
    "string_unicode": "Text in UTF-8 is asked for.",
}

_STARTS = {
    "datetime_": "A time with its zone is asked for, such as 2026-11-20T10:00:00+01:00.",
    "date_": "A day is asked for, such as 2026-11-20.",
}
"""Of the many ways to write no time."""

_BOUNDED: Mapping[str, Callable[[Context], str]] = {
    "string_too_short": lambda told: _at_least(told["min_length"], "character"),
    "string_too_long": lambda told: _at_most(told["max_length"], "character"),
    "too_short": lambda told: _at_least(told["min_length"], "item"),
    "too_long": lambda told: _at_most(told["max_length"], "item"),
    "greater_than": lambda told: f"More than {told['gt']} is asked for.",
    "greater_than_equal": lambda told: f"{told['ge']} or more is asked for.",
    "less_than": lambda told: f"Less than {told['lt']} is asked for.",
    "less_than_equal": lambda told: f"{told['le']} or less is asked for.",
    "decimal_max_places": lambda told: f"At most {_counted(told['decimal_places'], 'decimal place')} may be given.",
    "literal_error": lambda told: f"One of these is asked for: {_listed(told['expected'])}.",
    "enum": lambda told: f"One of these is asked for: {_listed(told['expected'])}.",
    "union_tag_invalid": lambda told: f"{_field(told)} is one of: {_listed(told['expected_tags'])}.",
    "union_tag_not_found": lambda told: f"{_field(told)} is missing, which says what kind it is.",
    "string_pattern_mismatch": lambda told: _PATTERNS.get(told["pattern"], f"It must fit the pattern {told['pattern']}"),
    "value_error": lambda told: f"{str(told['error']).removesuffix('.')}.",
}


def words_of(kind: str, context: Context, otherwise: str) -> str:
    """The sentence for a mistake of that kind. `otherwise`: pydantic's own, for a kind that no shape of ours has."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _BOUNDED:
        return _BOUNDED[kind](context)
    return next((words for start, words in _STARTS.items() if kind.startswith(start)), otherwise)


def _at_least(count: int, of: str) -> str:
    return f"At least {_counted(count, of)} must be given."


def _at_most(count: int, of: str) -> str:
    return f"At most {_counted(count, of)} may be given."


def _counted(count: int, of: str) -> str:
    return f"{count:,} {of}" if count == 1 else f"{count:,} {of}s"


def _listed(told: str) -> str:
    """`'a', 'b' or 'c'` without its quotes."""
    return told.replace(" or ", ", ").replace("'", "")


def _field(told: Context) -> str:
    return str(told["discriminator"]).replace("'", "`")
