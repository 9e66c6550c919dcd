"""A round of flipped bytes in the segments that a killed tracker left."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tests.factories import IPHONE
from tests.ricochet.served import metrics, wait_until
from tests.rounds.campaigns import Links, compare, read_details
from tests.rounds.counting_client import load
from tests.rounds.killing import SMALL_SEGMENTS
from tests.rounds.processes import finish, free_port, ingest, kill, tracker
from tests.rounds.report import Report, Round
from tracker.hits import unpack
from tracker.segment_reader import START, list_segments, open_segment

DAMAGED = "ricochet_ingest_set_aside_total:damaged"


@dataclass(frozen=True)
class Written:
    """A hit in a segment, from byte `start` to before `end`."""

    n: int | None
    path: Path
    start: int
    end: int


def bytes_flipped(links: Links, clicks: int, flips: int, seed: int) -> Round:
    """Each link is opened once at most. `clicks` are answered at least before the tracker is killed."""
    report = Report(f"{flips} bytes flipped in the segments of a killed tracker, seed {seed}", links.where)
    port = free_port()
    once = islice(links.requests(user_agent=IPHONE), len(links.paths))
    with tracker(links.settings, port, environment=SMALL_SEGMENTS) as running, load(port, once) as client:
        wait_until(lambda: client.answered >= clicks)
        kill(running)
        client.end()
    written = [hit for path in list_segments(links.settings.spool_dir) for hit in read_written(path)]
    places = flip(list_segments(links.settings.spool_dir), flips, random.Random(seed))
    hurt = [hit for hit in written if not places[hit.path].isdisjoint(range(hit.start, hit.end))]
    with ingest(links.settings) as ingesting:
        wait_until(lambda: not list_segments(links.settings.spool_dir))
        stretches = int(metrics(ingesting.internal[0])[DAMAGED])
        finish(report, links.settings, ingesting)
    stored = set(compare(report, links, client, none_lost=False).hits)
    report.tell(damaged_hits=len(hurt), set_aside=stretches)
    report.promise("each answered hit was on disk", answered_of(client.outcomes) <= {hit.n for hit in written})
    report.promise("what was not damaged is stored", stored == {hit.n for hit in written} - {hit.n for hit in hurt})
    report.promise("stored hits say what was sent", read_details(links) <= {("GET", "127.0.0.0/24", IPHONE, "redirected")})
    return report.end()


def answered_of(outcomes: Sequence[int]) -> set[int]:
    return {number for number, outcome in enumerate(outcomes) if outcome == 302}


def read_written(path: Path) -> list[Written]:
    hits, start = [], START.offset
    with open_segment(path) as segment:
        assert segment, path
        for entry in (entry for batch in segment.batches(1_000) for entry in batch):
            hits.append(Written(unpack(entry.payload).n, path, start, entry.after.offset))
            start = entry.after.offset
    return hits


def flip(paths: list[Path], times: int, chance: random.Random) -> dict[Path, set[int]]:
    """Changes `times` bytes, each byte of each file as likely as any other; says which."""
    places: dict[Path, set[int]] = {path: set() for path in paths}
    for path in chance.choices(paths, [path.stat().st_size for path in paths], k=times):
        at = chance.randrange(path.stat().st_size)
        if at not in places[path]:
            places[path].add(at)
            change_byte(path, at, chance.randrange(1, 256))
    return places


def change_byte(path: Path, at: int, by: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ by]))
