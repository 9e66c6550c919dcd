"""A simulator on a free port, and waiting for what it does on its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sender.simulator.delays import Delay
from sender.simulator.population import Person
from sender.simulator.settings import Pace, SmscSettings
from sender.simulator.simulator import Simulator
from sender.simulator.till import ShopAccess

QUICK = SmscSettings(
    answer_delay=Delay(0.001, most_s=0.002),
    delivery_delay=Delay(0.01, most_s=0.02),
    receipt_delay=Delay(0.005, most_s=0.01),
    refused=0,
    throttled=0,
    failed=0,
    expired=0,
    unknown=0,
    missing_receipts=0,
    early_receipts=0,
    duplicate_receipts=0,
    en_route_receipts=0,
    retry_after_s=0.02,
)
"""An SMSC at which nothing goes wrong, in no time."""

_AT_ONCE = Delay(0.01, most_s=0.05)
QUICK_PACE = Pace(_AT_ONCE, _AT_ONCE, _AT_ONCE, _AT_ONCE, _AT_ONCE, quickest_s=0)


@asynccontextmanager
async def simulator(
    settings: SmscSettings = QUICK,
    people: tuple[Person, ...] = (),
    shop: ShopAccess | None = None,
    pace: Pace = QUICK_PACE,
) -> AsyncIterator[tuple[Simulator, int]]:
    """A running simulator and its port."""
    running = Simulator(people, settings, shop, pace=pace)
    port = await running.start()
    try:
        yield running, port
    finally:
        await running.stop()


async def until(ready: Callable[[], bool], within_s: float = 30) -> None:
    """Waits for what happens on its own."""

    async def wait() -> None:
        while not ready():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(wait(), within_s)
