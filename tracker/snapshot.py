"""What a tracker knows, on local disk, so that it starts while the database is down. Used by `tracker.block_watch`.

A line with a keyed checksum, then the rows. The key is that of the links: a file that was damaged, or that belongs to
another installation, is not taken for ours.
"""

import os
import time
from contextlib import suppress
from dataclasses import fields
from datetime import datetime
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path
from typing import Any

import orjson
import structlog

from tracker.blocks import Block
from tracker.destinations import Destination
from tracker.hosts import Domain
from tracker.known import News
from tracker.landing.known_pages import KnownPage, Size
from tracker.segment_reader import ABANDONED_DRAFT_S
from tracker.segments import sync_directory

log = structlog.get_logger()

FILE_NAME = "blocks.snapshot"
_FORMAT = b"ricochet blocks 3 "
_FORMER = b"ricochet blocks 2 "
"""Without pages: a tracker that was brought up to date while the database is down goes on with what it has."""

_DRAFT = ".new"


class Snapshot:
    def __init__(self, data_dir: Path, key: bytes) -> None:
        self.path = data_dir / FILE_NAME
        self._key = key

    def write(self, news: News) -> None:
        """Replaces the snapshot in one step: whoever reads finds the old one or the new one. Raises OSError."""
        self._remove_left_behind()
        body = orjson.dumps(news, default=_row, option=orjson.OPT_PASSTHROUGH_DATACLASS)
        draft = self.path.with_suffix(f".{os.getpid()}{_DRAFT}")
        with draft.open("wb") as file:
            file.write(_FORMAT + self._checksum(body) + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        sync_directory(self.path.parent)

    def read(self) -> News | None:
        """What was last written; None if there is nothing, or if what is there is not to be trusted."""
        try:
            head, _, body = self.path.read_bytes().partition(b"\n")
        except OSError:
            return None
        checksum = self._checksum(body)
        if not any(compare_digest(head, form + checksum) for form in (_FORMAT, _FORMER)):
            log.error("the snapshot of the blocks is damaged or of another installation", action="snapshot_refused")
            return None
        rows = orjson.loads(body)
        return News(
            tuple(Block(**row) for row in rows["blocks"]),
            tuple(_destination(row) for row in rows["destinations"]),
            tuple(Domain(**row) for row in rows["domains"]),
            tuple(page for row in rows.get("pages", ()) if (page := _page(row)).is_readable),
            rows.get("revision", 0),
        )

    def _remove_left_behind(self) -> None:
        """Removes the drafts of processes that died over them. Other trackers' are replaced within moments."""
        for draft in self.path.parent.glob(f"{self.path.stem}.*{_DRAFT}"):
            with suppress(FileNotFoundError):
                if time.time() - draft.stat().st_mtime > ABANDONED_DRAFT_S:
                    draft.unlink()

    def _checksum(self, body: bytes) -> bytes:
        return blake2b(body, key=self._key, digest_size=16).hexdigest().encode()


def _row(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _destination(row: dict[str, Any]) -> Destination:
    times = {name: row[name] and datetime.fromisoformat(row[name]) for name in ("activates_at", "expires_at")}
    texts = {name: tuple(row.get(name, ())) for name in ("passed_parameters", "snippet_origins")}
    return Destination(**row | times | texts)


def _page(row: dict[str, Any]) -> KnownPage:
    return KnownPage(**row | {"pictures": tuple(Size(**size) for size in row["pictures"])})
