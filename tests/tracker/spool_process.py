"""A process that spools, or one that ingests, for tests that kill it.

`spool DIRECTORY CAMPAIGN NAME` spools hits without end and prints each one's referrer once it is on disk;
`ingest DIRECTORY DATABASE_URL` stores hits until it is killed; `small-disk DIRECTORY` fills a disk and prints what became of
its hits; `large-batches DIRECTORY` brings two commits to it that nearly fill it.
"""

import asyncio
import json
import sys
import threading
from pathlib import Path

from linksvc.database import open_engine
from tests.factories import NOW
from tracker.hits import SpooledHit
from tracker.ingest import Ingester
from tracker.losses import Loss, Losses
from tracker.segment_reader import list_segments, open_segment
from tracker.segments import HitId
from tracker.spool import REOPEN_AFTER_S, Spool

SEGMENT_BYTES = 65_536
BALLAST = "ballast"


async def spool_without_end(directory: Path, campaign: int, name: str) -> None:
    spool = Spool(directory, SEGMENT_BYTES, 2**40)
    await spool.open()
    for turn in range(1_000_000):
        names = [f"{name}/{turn}/{i}" for i in range(20)]
        hits = [SpooledHit(NOW, campaign, 1, None, "GET", "192.0.2.0/24", referrer=one) for one in names]
        done = await asyncio.gather(*(spool.append(hit.pack()) for hit in hits))
        print("\n".join(one for one, id in zip(names, done, strict=True) if isinstance(id, HitId)), flush=True)  # noqa: T201


async def fill_small_disk(directory: Path) -> dict[str, object]:
    """Spools beyond the disk's end, waits while it is full, goes on once there is room."""
    spool, losses = Spool(directory / "spool", SEGMENT_BYTES, 2**40), Losses()
    await spool.open()
    (directory / BALLAST).write_bytes(bytes(400_000))
    kept: list[HitId] = []

    async def click() -> bool:
        answer = await spool.append(b"%01000d" % len(kept))
        if isinstance(answer, Loss):
            losses.count(answer)
            return False
        kept.append(answer)
        return True

    while await click():
        pass
    filled = len(kept)
    for _ in range(2):
        # As long as the disk is full: at once, and after the spool has tried again.
        refused = [await click() for _ in range(20)]
        assert not any(refused)
        await asyncio.sleep(REOPEN_AFTER_S)
    while_full = {str(loss): count for loss, count in losses.counts.items()}
    files_while_full = len(list((directory / "spool").iterdir()))
    (directory / BALLAST).unlink()
    await asyncio.sleep(REOPEN_AFTER_S)
    again = [await click() for _ in range(50)]
    await spool.close()
    on_disk: dict[HitId, bytes] = {}
    torn = 0
    for path in list_segments(directory / "spool"):
        with open_segment(path) as segment:
            assert segment
            entries = [entry for batch in segment.batches(1_000) for entry in batch]
            on_disk |= {entry.id: entry.payload for entry in entries}
            torn += bool(segment.remainder(entries[-1].after))
    return {
        "filled": filled,
        "lost": while_full,
        "files_while_full": files_while_full,
        "segments_while_full": -(-filled * 1_021 // SEGMENT_BYTES),
        "kept_again": sum(again),
        "kept_are_on_disk": [on_disk.get(id) for id in kept] == [b"%01000d" % i for i in range(len(kept))],
        "torn": torn,
    }


async def spool_large_batches(directory: Path) -> dict[str, object]:
    """Two commits of so many hits as wait behind a slow disk, which both have room without zeros ahead."""
    spool = Spool(directory, 16_777_216, 2**40)
    await spool.open()
    kept = [await asyncio.gather(*(spool.append(b"%0150d" % n) for n in range(2_400))) for _ in range(2)]
    await spool.close()
    return {"kept": sum(isinstance(answer, HitId) for answers in kept for answer in answers)}


def main() -> None:
    match sys.argv[1:]:
        case ["spool", directory, campaign, name]:
            asyncio.run(spool_without_end(Path(directory), int(campaign), name))
        case ["ingest", directory, url]:
            Ingester(open_engine(url), Path(directory)).run(threading.Event())
        case ["large-batches", directory]:
            print(json.dumps(asyncio.run(spool_large_batches(Path(directory)))))  # noqa: T201
        case ["small-disk", directory]:
            print(json.dumps(asyncio.run(fill_small_disk(Path(directory)))))  # noqa: T201


if __name__ == "__main__":
    main()
