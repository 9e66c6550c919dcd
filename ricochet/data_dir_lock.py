"""One `ricochet up` on one data directory: two would send by the same routes and write the same logs. For `ricochet.up`."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from linksvc.database import make_folder
from linksvc.errors import ConfigurationError

FILE_NAME = "up.lock"


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Holds the data directory for the block. The kernel lets go of it however the process ends, so a file that was left
    behind locks nothing. Raises ConfigurationError while another process holds it."""
    make_folder(data_dir)
    try:
        descriptor = os.open(data_dir / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigurationError(f"{data_dir / FILE_NAME} cannot be written: {error.strerror}.") from None
    try:
        _take(descriptor, data_dir)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, data_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        process = f" (process {holder})" if holder else ""
        raise ConfigurationError(
            f"Another `ricochet up` is running in {data_dir.absolute()}{process}; stop it or choose another --data-dir."
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
