"""Files that are there whole or not at all. For commands that write what may take long to make."""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from linksvc.errors import FieldError, InvalidRequest


def write_whole(file: Path | None, pieces: Iterable[bytes]) -> None:
    """Writes a file beside its place and puts it there once it is whole, in place of what was there before; None: standard
    output, piece by piece. Raises InvalidRequest (file_unwritable)."""
    if file is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    try:
        _write(file, pieces)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}."
        raise InvalidRequest(message, code="file_unwritable", errors=(FieldError("output", message),)) from None


def _write(file: Path, pieces: Iterable[bytes]) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    made = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.writelines(pieces)
            opened.flush()
            os.fsync(opened.fileno())
        # As any other program would have made it: mkstemp's files are for their owner alone.
        made.chmod(0o666 & ~_umask())
        made.replace(file)
    finally:
        made.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
