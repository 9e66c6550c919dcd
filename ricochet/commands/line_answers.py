"""How a command answers lines of JSON: each as soon as it is known, also those that cannot be read."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from linksvc.errors import InvalidRequest, NotFound, RicochetError
from ricochet.json_lines import BadLine, write_line

Read = TypeVar("Read")

STANDARD_INPUT = Path("-")


def answer_lines(
    file: Path | None,
    read: Callable[[BinaryIO], Iterator[Read | BadLine]],
    answer: Callable[[Read], Mapping[str, Any]],
    things: str,
    answers: str,
    write: Callable[[Mapping[str, Any]], bytes] = write_line,
) -> None:
    """Writes an answer for each line of the file (None: standard input) to standard output. Raises InvalidRequest at the end
    if some could not be read, NotFound for a file that is not there, RicochetError when writing fails."""
    with open_lines(file) as lines:
        try:
            unreadable = _answer(read(lines), answer, write, sys.stdout.buffer)
        except BrokenPipeError:
            # Whoever reads has seen enough (`| head`). What is still buffered must not be written at the exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        except OSError as error:
            with suppress(OSError):
                sys.stdout.close()
            raise RicochetError(f"The {things} cannot be read or answered to the end: {error.strerror}.") from None
    if unreadable:
        count = "1 line" if unreadable == 1 else f"{unreadable:,} lines"
        raise InvalidRequest(f"{count} could not be read; what is wrong stands in the place of the {answers}.")


def open_lines(file: Path | None) -> BinaryIO:
    """The file, or standard input. Raises NotFound and InvalidRequest."""
    try:
        # A duplicate, so that closing it leaves standard input as it was.
        return file.open("rb") if file and file != STANDARD_INPUT else os.fdopen(os.dup(0), "rb")
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.", code="file_not_found") from None
    except OSError as error:
        name = file or "Standard input"
        raise InvalidRequest(f"{name} cannot be read: {error.strerror}.", code="file_unreadable") from None


def _answer(
    lines: Iterator[Read | BadLine],
    answer: Callable[[Read], Mapping[str, Any]],
    write: Callable[[Mapping[str, Any]], bytes],
    output: BinaryIO,
) -> int:
    """The number of lines that could not be read."""
    unreadable = 0
    for one in lines:
        bad = isinstance(one, BadLine)
        unreadable += bad
        output.write(write({"error": str(one)} if isinstance(one, BadLine) else answer(one)))
        output.flush()
    return unreadable
