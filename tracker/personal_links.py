"""Links that lead elsewhere for each recipient: the one kind for which a redirect asks the database. For the redirect."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy import Engine

from linksvc.database import reading
from linksvc.personal_destinations import fill, read_fields
from tracker.destinations import Destination, location_of

log = structlog.get_logger()

WITHIN_S = 2.0
"""How long a person waits for the database."""

THREADS = 4


class PersonalLinks:
    """Reads one message by its key, in threads of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(THREADS, "personal")

    async def location(self, destination: Destination, message: int) -> bytes | None:
        """Where the link of one message leads to; None while that cannot be said."""
        loop = asyncio.get_running_loop()
        reading_fields = loop.run_in_executor(self._threads, self._read, destination.campaign_id, message)
        try:
            async with asyncio.timeout(WITHIN_S):
                values = await reading_fields
        except Exception as error:
            # Whatever is wrong with the database: the person is told to try again, and the hit is on disk already.
            log.warning("a personal link cannot be read", action="personal_unreachable", error=type(error).__name__)
            return None
        return location_of(fill(destination.url, values)) if values is not None else None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _read(self, campaign_id: int, message: int) -> Mapping[str, str] | None:
        with reading(self._engine) as session:
            return read_fields(session, campaign_id, message)
