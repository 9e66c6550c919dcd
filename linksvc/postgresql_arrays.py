"""Columns of rows as PostgreSQL writes arrays, for statements that take a parameter a column however many rows there are.

Called by `linksvc.bulk` and by the sender, whose statements unnest them.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson


def as_records(rows: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """An array for each column, as PostgreSQL writes it: the driver's own way takes several times as long. Moments with
    their zone, numbers, texts and None. Raises ValueError for what no database takes."""
    return tuple(map(_as_array, zip(*rows, strict=True)))


def _as_array(values: Sequence[Any]) -> str:
    different = set(values)
    if len(different) == 1:
        return f"{{{','.join([_element(values[0])] * len(values))}}}"
    kinds = set(map(type, values))
    if kinds <= _ALIKE and (datetime not in kinds or {value.tzinfo for value in different if value} == {UTC}):
        # As a list in JSON but for its brackets, unless there is something to escape.
        with suppress(TypeError):
            told = orjson.dumps(values).decode()
            if "\\" not in told:
                return f"{{{told[1:-1]}}}"
    written = {value: _element(value) for value in different}
    return f"{{{','.join([written[value] for value in values])}}}"


_ALIKE = {int, str, datetime, type(None)}
"""Kinds of which PostgreSQL reads what JSON writes."""


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        if '"' in value or "\\" in value:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{value}"'
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ValueError("a moment without a time zone")
        return f'"{value.isoformat()}"'
    if isinstance(value, int | float):
        return str(value)
    raise ValueError("a value that cannot be stored")
