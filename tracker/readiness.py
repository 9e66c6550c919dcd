"""When a tracker, and when ingest, can do its work. Asked by the internal listener (`ricochet.listener`).

A tracker needs blocks to answer from and a disk that takes hits. It does not need the database. Nor does a full disk or a
full spool take it out of rotation: all of its host's, or of the fleet's, would fill alike, and redirects go on without
their hits, which are counted. A disk that fails is one host's: another tracker had better be asked.
"""

import asyncio
from collections.abc import Sequence

from linksvc.readiness import Condition
from tracker.app import Tracker
from tracker.losses import Loss

DISK_WITHIN_S = 2.0
"""A disk that takes longer holds up every redirect."""

SILENT_S = 10.0
"""It is asked each second: a database that has not answered for so long hangs, even if nothing has failed."""


class TrackerReadiness:
    """The conditions of one tracker; used from its event loop."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._flight: asyncio.Task[Loss | None] | None = None

    async def __call__(self) -> Sequence[Condition]:
        try:
            loss = await self._ask_spool()
        except TimeoutError:
            return (self._blocks(), Condition("spool", False, True, "The disk does not answer."), self._database())
        return (self._blocks(), _spool(loss), _room(loss), self._database())

    async def _ask_spool(self) -> Loss | None:
        """Waits for the question that is under way, if there is one: a disk that hangs is not asked ever more."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._tracker.spool.check())
        return await asyncio.wait_for(asyncio.shield(self._flight), DISK_WITHIN_S)

    def _blocks(self) -> Condition:
        watch = self._tracker.watch
        detail = (
            f"{len(watch.known.blocks):,} are known."
            if watch.informed
            else "Neither the database nor a snapshot has told any."
        )
        return Condition("blocks", watch.informed, True, detail)

    def _database(self) -> Condition:
        watch = self._tracker.watch
        if watch.reachable and watch.silence_s is not None and watch.silence_s < SILENT_S:
            return Condition("database", True, False, "It answers.")
        return Condition("database", False, False, "It does not answer; the links that are known are served without it.")


def _spool(loss: Loss | None) -> Condition:
    writable = loss in (None, Loss.DISK_FULL, Loss.SPOOL_FULL)
    detail = "It can be written." if writable else "It cannot be written; redirects go on, their hits are lost."
    return Condition("spool", writable, True, detail)


def _room(loss: Loss | None) -> Condition:
    if loss is Loss.DISK_FULL:
        return Condition("room", False, False, "The disk is full; redirects go on, their hits are lost.")
    if loss is Loss.SPOOL_FULL:
        detail = "The spool holds RICOCHET_SPOOL_MAX_BYTES; redirects go on, their hits are lost. Does ingest run?"
        return Condition("room", False, False, detail)
    return Condition("room", True, False, "There is room for hits.")
