"""Pictures of pages, from the database, kept in memory: a campaign's phones ask for the same few. For `assembly`.

Only what stands on a published page is asked for, so nobody makes work for the database by inventing names.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable

from linksvc.landing.pictures import find_content
from tracker.landing.files import IMMUTABLE, NOSNIFF
from tracker.landing.transactions import Transactions
from tracker.problems import Unavailable
from tracker.responses import Header, Response

KEPT_BYTES = 32 * 1024 * 1024

_PATH = re.compile(r"/i/([1-9][0-9]{0,17})/([0-9a-f]{64})\.webp")
_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"image/webp"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    IMMUTABLE,
    NOSNIFF,
)

Picture = tuple[int, str]
"""A workspace and the digest of a picture of it."""


class PictureStore:
    def __init__(self, transactions: Transactions, stands_on_page: Callable[[int, str], bool]) -> None:
        self._transactions = transactions
        self._stands_on_page = stands_on_page
        self._kept: OrderedDict[Picture, Response] = OrderedDict()
        self._kept_bytes = 0
        self._flights: dict[Picture, asyncio.Task[bytes | None]] = {}

    async def answer(self, path: str, owner: int | None) -> Response | None:
        """The picture of a path; None if there is none on this host, whose `owner` is a workspace or, 0, everybody. Raises
        Unavailable."""
        found = _PATH.fullmatch(path)
        if found is None or owner is None or owner not in (0, int(found[1])):
            return None
        picture = int(found[1]), found[2]
        if kept := self._kept.get(picture):
            self._kept.move_to_end(picture)
            return kept
        if not self._stands_on_page(*picture):
            return None
        content = await self._fetch(picture)
        return None if content is None else self._keep(picture, content)

    async def _fetch(self, picture: Picture) -> bytes | None:
        """One flight for all who ask at the same time."""
        flight = self._flights.get(picture)
        if flight is None:
            flight = asyncio.create_task(self._transactions.read(lambda session: find_content(session, *picture)))
            self._flights[picture] = flight
            flight.add_done_callback(lambda _: self._flights.pop(picture, None))
        try:
            return await asyncio.shield(flight)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise Unavailable("The picture cannot be shown now.", retryable=True) from error

    def _keep(self, picture: Picture, content: bytes) -> Response:
        if kept := self._kept.get(picture):
            return kept
        response = self._kept[picture] = Response(200, _HEADERS, content)
        self._kept_bytes += len(content)
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, forgotten = self._kept.popitem(last=False)
            self._kept_bytes -= len(forgotten.body["body"])
        return response
