"""Where ingest puts what it cannot store: beside the spool, a file a segment, for a person to look at. Never in the way."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import orjson
import structlog

log = structlog.get_logger()

FOLDER = "set-aside"


class Fault(StrEnum):
    """What is wrong with it; a closed set."""

    DAMAGED = "damaged"
    """The checksum is wrong, or the frame is of no known kind."""
    MALFORMED = "malformed"
    """It is whole, but not a hit as we write them."""
    REFUSED = "refused"
    """The database refuses it: its campaign is gone, for example."""
    TORN_TAIL = "torn_tail"
    """The end of a segment that was being written when the machine stopped; no answer had left for it."""


class SetAside:
    def __init__(self, spool_dir: Path) -> None:
        self._folder = spool_dir / FOLDER
        self._counts: Counter[Fault] = Counter()

    @property
    def counts(self) -> Mapping[Fault, int]:
        """How many since the start, by fault."""
        return dict(self._counts)

    def put(self, segment: UUID, position: int, fault: Fault, payload: bytes) -> None:
        """Keeps a record's bytes as a line of JSON; after a crash perhaps twice, on a full disk not at all."""
        self._counts[fault] += 1
        log.error(
            "a record was set aside", action="hit_set_aside", fault=str(fault), segment=str(segment), position=position
        )
        line = {"position": position, "fault": fault, "payload": payload.hex()}
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / f"{segment}.jsonl").open("ab") as file:
                file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
