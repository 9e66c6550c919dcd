"""Who asks. Keys that are shown at the same moment are looked up together, anew for each request: one that is revoked opens
nothing from then on.

What is done in a group (`linksvc.api.together`) asks within its own transaction whether the keys still open; who they belong
to never changes, so `recall` tells that from memory.
"""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool

from linksvc.api.operation import Installation
from linksvc.api_keys import Caller, authenticate_all, hash_of, is_use_news, note_use
from linksvc.database import glancing, writing
from linksvc.errors import Unauthenticated
from linksvc.gathering import Gathering

KEYS_MOST = 256
"""Looked up at once."""

REMEMBERED_MOST = 10_000


class Callers:
    """One per process."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._gathering: Gathering[str, Caller] = Gathering("callers", self._authenticate, KEYS_MOST)
        self._known: dict[str, Caller] = {}
        """By the hash of the key."""
        self._noting: set[int] = set()
        """Keys whose use is being noted: the first of many who show one does it, the others need not wait for its row."""

    async def find(self, presented: str) -> Caller:
        """Whose key it is. Raises Unauthenticated."""
        hashed = hash_of(presented)
        self._known.pop(hashed, None)
        caller = await self._gathering.ask(presented)
        if is_use_news(caller, self._installation.clock()) and caller.key_id not in self._noting:
            self._noting.add(caller.key_id)
            try:
                await run_in_threadpool(self._note_use, caller)
            finally:
                self._noting.remove(caller.key_id)
        if len(self._known) >= REMEMBERED_MOST:
            self._known.clear()
        self._known[hashed] = caller
        return caller

    def recall(self, presented: str) -> Caller | None:
        """Whose key it was when it was last looked up; it may be revoked. None: look it up."""
        known = self._known.get(hash_of(presented))
        return None if known is None or is_use_news(known, self._installation.clock()) else known

    def _authenticate(self, presented: Sequence[str]) -> list[Caller | Unauthenticated]:
        with glancing(self._installation.engine) as session:
            return authenticate_all(session, presented, self._installation.clock())

    def _note_use(self, caller: Caller) -> None:
        with writing(self._installation.engine) as session:
            note_use(session, caller, self._installation.clock())
