"""Files that are there whole or not at all. For commands that write what may take long to make."""

import errno
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from linksvc.errors import FieldError, InvalidRequest


def write_whole(file: Path | None, pieces: Iterable[bytes]) -> None:
    """Writes a file beside its place and puts it there once it is whole, in place of what was there before; a pipe or a
    device, and standard output for None, piece by piece. Raises InvalidRequest (file_unwritable)."""
    try:
        if file is None:
            _print(pieces)
        else:
            _write(file.resolve(), pieces)
    except OSError as error:
        if error.errno == errno.EPIPE:
            # Who reads has seen enough: the command ends as any other does.
            raise
        message = f"{file or 'Standard output'} cannot be written: {error.strerror}."
        raise InvalidRequest(message, code="file_unwritable", errors=(FieldError("output", message),)) from None


def _print(pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _write(file: Path, pieces: Iterable[bytes]) -> None:
    if file.exists() and not file.is_file() and not file.is_dir():
        # What is no file, such as /dev/null, must stay what it is.
        with file.open("wb") as opened:
            opened.writelines(pieces)
        return
    descriptor, name = tempfile.mkstemp(prefix=".ricochet-", dir=file.parent)
    made = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.writelines(pieces)
            opened.flush()
            os.fsync(opened.fileno())
        made.chmod(_mode_of(file))
        made.replace(file)
    finally:
        made.unlink(missing_ok=True)


def _mode_of(file: Path) -> int:
    """What was there stays as closed as it was; a new file is as any other program would have made it, while mkstemp's are
    for their owner alone."""
    return file.stat().st_mode & 0o777 if file.is_file() else 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
