"""Who asks: the keys that are shown at the same moment are looked up together, anew for every request, so a key that is
revoked opens nothing from then on. Every endpoint asks."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool

from linksvc.api.operation import Installation
from linksvc.api_keys import Caller, authenticate_all, is_use_news, note_use
from linksvc.database import reading, writing
from linksvc.errors import Unauthenticated
from linksvc.gathering import Gathering

KEYS_MOST = 256
"""Looked up at once."""


class Callers:
    """One per process."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._gathering: Gathering[str, Caller] = Gathering("callers", self._authenticate, KEYS_MOST)

    async def find(self, presented: str) -> Caller:
        """Whose key it is. Raises Unauthenticated."""
        caller = await self._gathering.ask(presented)
        if is_use_news(caller, self._installation.clock()):
            await run_in_threadpool(self._note_use, caller)
        return caller

    def _authenticate(self, presented: Sequence[str]) -> list[Caller | Unauthenticated]:
        with reading(self._installation.engine) as session:
            return authenticate_all(session, presented, self._installation.clock())

    def _note_use(self, caller: Caller) -> None:
        with writing(self._installation.engine) as session:
            note_use(session, caller, self._installation.clock())
