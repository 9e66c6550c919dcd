"""The bundled simulator beside the real processes: an event loop in a thread of the command that started it."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from sender.simulator.ledger import Ledger
from sender.simulator.population import Person
from sender.simulator.settings import SmscSettings
from sender.simulator.simulator import Simulator
from sender.simulator.till import ShopAccess


class Simulation:
    """Starts on a free port of 127.0.0.1. `ledger` may be read once `idle()`."""

    def __init__(
        self, people: tuple[Person, ...], settings: SmscSettings, shop: ShopAccess, ledger_path: Path | None = None
    ) -> None:
        self._simulator = Simulator(people, settings, shop, ledger_path)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulator", daemon=True)

    @property
    def ledger(self) -> Ledger:
        return self._simulator.ledger

    def start(self, port: int = 0) -> int:
        """Returns the port it listens on."""
        self._thread.start()
        bound: int = self._call(self._simulator.start(port=port))
        return bound

    def idle(self) -> bool:
        async def ask() -> bool:
            return self._simulator.idle()

        answer: bool = self._call(ask())
        return answer

    def stop(self) -> None:
        self._call(self._simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)
