"""The blocks on local disk, so that a tracker starts while the database is down. Used by `tracker.block_watch`.

A line with a keyed checksum, then the blocks. The key is that of the links: a file that was damaged, or that belongs to
another installation, is not taken for ours.
"""

import os
from collections.abc import Sequence
from dataclasses import fields
from hashlib import blake2b
from hmac import compare_digest
from operator import attrgetter
from pathlib import Path

import orjson
import structlog

from tracker.blocks import Block, Blocks
from tracker.segments import sync_directory

log = structlog.get_logger()

FILE_NAME = "blocks.snapshot"
_fields_of = attrgetter(*(field.name for field in fields(Block)))
_FORMAT = b"ricochet blocks 1 "


class Snapshot:
    def __init__(self, data_dir: Path, key: bytes) -> None:
        self.path = data_dir / FILE_NAME
        self._key = key

    def write(self, blocks: Sequence[Block]) -> None:
        """Replaces the snapshot in one step: whoever reads finds the old one or the new one. Raises OSError."""
        body = orjson.dumps(list(map(_fields_of, blocks)))
        draft = self.path.with_suffix(f".{os.getpid()}.new")
        with draft.open("wb") as file:
            file.write(_FORMAT + self._checksum(body) + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        sync_directory(self.path.parent)

    def read(self) -> Blocks | None:
        """The blocks as last written; None if there are none, or if what is there is not to be trusted."""
        try:
            head, _, body = self.path.read_bytes().partition(b"\n")
        except OSError:
            return None
        if not compare_digest(head, _FORMAT + self._checksum(body)):
            log.error("the snapshot of the blocks is damaged or of another installation", action="snapshot_refused")
            return None
        return Blocks([Block(*row) for row in orjson.loads(body)])

    def _checksum(self, body: bytes) -> bytes:
        return blake2b(body, key=self._key, digest_size=16).hexdigest().encode()
