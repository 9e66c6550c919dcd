"""Lines of JSON that are answered one by one: what somebody wrote down or another program tells, right or wrong. For the
commands that judge hits, analyse texts and read receipts."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, TypeVar

MAX_LINE_BYTES = 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_TYPES = {str: "a string", dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}

Read = TypeVar("Read")


class BadLine(ValueError):
    """A line that cannot be read; the message says which, what is wrong with it and what would be right."""


def read_lines(stream: BinaryIO, read: Callable[[bytes], Read]) -> Iterator[Read | BadLine]:
    """What `read` makes of each line that is not empty, in their order; BadLine stands where it raised ValueError.

    Holds one line at a time, and of that no more than MAX_LINE_BYTES.
    """
    for number, line in enumerate(_lines(stream), start=1):
        if line is not None and not line.strip():
            continue
        try:
            if line is None:
                raise ValueError(f"The line has more than {MAX_LINE_BYTES:,} bytes.")
            yield read(line.removeprefix(_BOM) if number == 1 else line)
        except ValueError as error:
            yield BadLine(f"line {number}: {error}")


def read_object(line: bytes, what: str, example: str) -> Mapping[str, Any]:
    """The object of a line. Halves of surrogate pairs are let through, as JSON does. Raises ValueError with a sentence."""
    try:
        told = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"This is not UTF-8 (byte {error.start + 1}).") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"This is not JSON ({error.msg}, character {error.pos + 1}). Right would be: {example}") from None
    except (RecursionError, ValueError):
        raise ValueError(f"This is nested too deeply, or a number in it is too long. Right would be: {example}") from None
    if not isinstance(told, dict):
        raise ValueError(f"This is {type_name(told)}, and {what} is an object. Right would be: {example}")
    return told


def write_line(answer: Mapping[str, Any]) -> bytes:
    """An answer as a line in UTF-8. What cannot be seen is escaped: some take it for the end of a line, and half of a
    surrogate pair has no place in UTF-8."""
    line = json.dumps(answer, ensure_ascii=False)
    if not line.isprintable():
        line = "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in line)
    return line.encode("utf-8") + b"\n"


def type_name(value: object) -> str:
    return _TYPES.get(type(value), "null")


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Line by line; None for one that is too long, whose rest is passed over."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) <= MAX_LINE_BYTES:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES)
        yield None
