"""Where ingest puts what it cannot store: beside the spool, a file a segment. A person may look at it, and `ricochet spool
replay` tries once more what the database refused. Never in the way."""

import fcntl
import os
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import orjson
import structlog

from tracker.segments import HitId

log = structlog.get_logger()

FOLDER = "set-aside"
_SUFFIX = ".jsonl"


class Fault(StrEnum):
    """What is wrong with it; a closed set."""

    DAMAGED = "damaged"
    """A stretch of a segment in which no frame is sound."""
    MALFORMED = "malformed"
    """It is whole, but not a hit as we write them."""
    REFUSED = "refused"
    """The database refuses it: its campaign is gone, for example."""
    TORN_TAIL = "torn_tail"
    """The end of a segment that was being written when the machine stopped; no answer had left for it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing set aside: a hit, or a damaged stretch and the id of the hit that was expected there."""

    id: HitId
    fault: Fault
    payload: bytes


class SetAside:
    """The folder of one spool. `counts` says how many were put there by this process, by fault."""

    def __init__(self, spool_dir: Path) -> None:
        self._folder = spool_dir / FOLDER
        self._counts: Counter[Fault] = Counter()
        self._counting = threading.Lock()
        """Ingest reads what is damaged in one thread while others store."""

    @property
    def counts(self) -> Mapping[Fault, int]:
        """How many since the start, by fault."""
        with self._counting:
            return dict(self._counts)

    def put(self, id: HitId, fault: Fault, payload: bytes) -> None:
        """Keeps a record's bytes as a line of JSON, on disk when this returns; on a full disk not at all."""
        with self._counting:
            self._counts[fault] += 1
        log.error(
            "a record was set aside", action="hit_set_aside", fault=str(fault), segment=str(id.segment), position=id.position
        )
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                _append(self._file(id.segment), _line(Record(id, fault, payload)))

    def read(self) -> Iterator[Record]:
        """All that was set aside, each once: what a crash, or two ingesters at once, put there twice is one record. A
        line that is no record (a full disk cut it) is passed over."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            with suppress(FileNotFoundError):
                yield from dict.fromkeys(_records(path))

    def remove(self, done: Collection[Record]) -> None:
        """Takes out records that are stored now."""
        gone = set(done)
        for segment in {record.id.segment for record in gone}:
            with self._locked():
                self._rewrite(self._file(segment), gone)

    def _rewrite(self, path: Path, gone: Collection[Record]) -> None:
        left = [record for record in _records(path) if record not in gone]
        if not left:
            path.unlink()
            return
        draft = path.with_suffix(".new")
        with draft.open("wb") as file:
            file.writelines(map(_line, left))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)

    def _file(self, segment: UUID) -> Path:
        return self._folder / f"{segment}{_SUFFIX}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all processes of the host: nothing may be added to a file while it is rewritten."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _append(path: Path, line: bytes) -> None:
    with path.open("ab+", buffering=0) as file:
        size = file.tell()
        whole = size == 0 or os.pread(file.fileno(), 1, size - 1) == b"\n"
        # Behind a line that a crash cut off, a new one begins.
        line = line if whole else b"\n" + line
        if file.write(line) < len(line):
            os.ftruncate(file.fileno(), size)
        os.fdatasync(file.fileno())


def _line(record: Record) -> bytes:
    line = {"position": record.id.position, "fault": record.fault, "payload": record.payload.hex()}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _records(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        for line in file:
            with suppress(ValueError, KeyError, TypeError):
                row = orjson.loads(line)
                id = HitId(UUID(path.stem), int(row["position"]))
                yield Record(id, Fault(row["fault"]), bytes.fromhex(row["payload"]))
