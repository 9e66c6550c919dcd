"""What an operator is shown of a spool, as a table and as JSON. Used by `ricochet spool inspect`."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from tracker.set_aside import Fault
from tracker.spool_inspection import SegmentReport

WIDTH = 140
"""Columns of a table that no terminal shows."""


@dataclass(frozen=True, slots=True)
class SpoolReport:
    directory: Path
    max_bytes: int
    segments: Sequence[SegmentReport]
    set_aside: Mapping[Fault, int]
    database: str
    """Why the database does not say what is stored; empty if it does."""

    def total(self, name: str) -> int:
        return sum(getattr(one, name) or 0 for one in self.segments)

    @property
    def oldest_at(self) -> datetime | None:
        return min((one.oldest_at for one in self.segments if one.oldest_at), default=None)


def as_json(found: SpoolReport) -> dict[str, Any]:
    told = not found.database
    return {
        "directory": str(found.directory),
        "max_bytes": found.max_bytes,
        "database": found.database or None,
        "segments": [
            {
                "id": str(one.id),
                "bytes": one.size_bytes,
                "hits": one.hits,
                "beacons": one.beacons,
                "stored": one.stored,
                "damaged": one.damaged,
                "state": one.state,
                "oldest_at": one.oldest_at.isoformat() if one.oldest_at else None,
            }
            for one in found.segments
        ],
        "total": {
            "segments": len(found.segments),
            "bytes": found.total("size_bytes"),
            "hits": found.total("hits"),
            "beacons": found.total("beacons"),
            "stored": found.total("stored") if told else None,
            "damaged": found.total("damaged"),
            "oldest_at": found.oldest_at.isoformat() if found.oldest_at else None,
        },
        "set_aside": {fault: found.set_aside.get(fault, 0) for fault in Fault},
    }


def print_report(found: SpoolReport) -> None:
    table = Table("segment", show_footer=True)
    for name in ("size", "hits", "beacons", "stored", "damaged"):
        table.add_column(name, justify="right")
    table.add_column("state")
    table.add_column("oldest (UTC)")
    for one in found.segments:
        table.add_row(
            str(one.id),
            *_cells(one.size_bytes, one.hits, one.beacons, one.stored, one.damaged),
            one.state,
            _time(one.oldest_at),
        )
    stored = None if found.database else found.total("stored")
    totals = _cells(found.total("size_bytes"), found.total("hits"), found.total("beacons"), stored, found.total("damaged"))
    footer = (f"{len(found.segments)} segments", *totals, "", _time(found.oldest_at))
    for column, text in zip(table.columns, footer, strict=True):
        column.footer = text
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    console.print(table)
    console.print(f"{found.directory} may hold {decimal(found.max_bytes)}.")
    if found.database:
        console.print(f"What is stored cannot be told; the database does not answer: {found.database}")
    faults = ", ".join(f"{count:,} {fault}" for fault, count in sorted(found.set_aside.items()))
    console.print(f"Set aside: {faults or 'nothing'}.")


def _cells(size: int, hits: int, beacons: int, stored: int | None, damaged: int) -> tuple[str, ...]:
    return decimal(size), f"{hits:,}", f"{beacons:,}", "?" if stored is None else f"{stored:,}", f"{damaged:,}"


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""
