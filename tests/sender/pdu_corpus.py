"""PDUs as SMSCs and clients write them: what tests of the parsers, the sessions and the simulator begin from.

The files of tests/data/pdus hold a JSON object a line: `what` it shows, its bytes in hexadecimal (`pdu`), and either some
fields as they are to be `read`, or the status with which it is `refused`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "data" / "pdus"


@dataclass(frozen=True)
class Sample:
    what: str
    data: bytes
    command: str = ""
    read: Mapping[str, str | int] = field(default_factory=dict)
    """Octets in hexadecimal."""
    refused: int | None = None


def _sample(line: str) -> Sample:
    told = json.loads(line)
    command, read, refused = told.get("command", ""), told.get("read", {}), told.get("refused")
    return Sample(told["what"], bytes.fromhex(told["pdu"]), command, read, refused)


def _lines() -> Iterator[str]:
    for file in sorted(FOLDER.glob("*.jsonl")):
        yield from file.read_text(encoding="utf-8").splitlines()


CORPUS = [_sample(line) for line in _lines() if line]
