"""The redirect: a code is resolved, its hit put on disk, and the answer leaves. Called by `tracker.app` for every code."""

import asyncio
from dataclasses import dataclass

import structlog

from linksvc.clock import Clock
from linksvc.short_codes import LENGTH, ShortCodes
from tracker.addresses import CallerNetworks
from tracker.block_watch import BlocksUnreachable, BlockWatch
from tracker.blocks import Block
from tracker.losses import Loss, Losses
from tracker.pages import try_again, unknown_link
from tracker.requests import hit_of
from tracker.responses import Response, Scope, html, redirect_to
from tracker.spool import Spool

log = structlog.get_logger()

GLUED = ".,;:!?)]}>'\"/\\ \t\r\n\v\f\u00a0\u202f\u200b\u2026\u2019\u201d\u00bb"
"""What SMS clients and people take for a part of a link; no code holds any of it."""

LONGEST = 4 * LENGTH
"""Characters; what is longer is no code, however much is glued to it."""

ON_DISK_WITHIN_S = 3.0
"""A disk slower than this holds up no person: the hit is counted as unconfirmed and the answer leaves."""


@dataclass(frozen=True, slots=True)
class Resolved:
    block: Block
    serial: int


class Redirect:
    def __init__(
        self, codes: ShortCodes, watch: BlockWatch, spool: Spool, losses: Losses, networks: CallerNetworks, clock: Clock
    ) -> None:
        self._codes = codes
        self._watch = watch
        self._spool = spool
        self._losses = losses
        self._networks = networks
        self._clock = clock
        self._unknown = unknown_link()
        self._try_again = try_again()

    async def answer(self, scope: Scope, path: str) -> Response:
        """The answer to GET or HEAD of `/<path>`, percent-decoded once."""
        try:
            found = await self._resolve(path)
        except BlocksUnreachable:
            return html(503, self._try_again, _language(scope), (b"retry-after", b"5"))
        if found is None:
            return self.unknown(scope)
        await self._track(scope, found)
        location = self._watch.blocks.location(found.block)
        return redirect_to(location) if location else self.unknown(scope)

    def unknown(self, scope: Scope) -> Response:
        return html(404, self._unknown, _language(scope))

    async def _resolve(self, path: str) -> Resolved | None:
        """The path as it is; failing that, without what was glued to it."""
        if len(path) > LONGEST:
            return None
        found = await self._open(path)
        if found is None and (trimmed := path.rstrip(GLUED)) != path:
            found = await self._open(trimmed)
        return found

    async def _open(self, code: str) -> Resolved | None:
        opened = self._codes.decode(code)
        if opened is None:
            return None
        block = await self._watch.find(opened[1])
        return Resolved(block, opened[1]) if block else None

    async def _track(self, scope: Scope, found: Resolved) -> None:
        """Puts the hit on disk. Whatever goes wrong is counted, and the redirect goes on."""
        try:
            n = found.block.n_of(found.serial)
            hit = hit_of(scope, found.block, n, self._clock(), self._networks)
            async with asyncio.timeout(ON_DISK_WITHIN_S):
                spooled = await self._spool.append(hit.pack())
            loss = spooled if isinstance(spooled, Loss) else None
        except TimeoutError:
            loss = Loss.UNCONFIRMED
        except Exception:
            log.exception("a defect while tracking", action="track_defect")
            loss = Loss.INTERNAL
        if loss:
            self._losses.count(loss)


def _language(scope: Scope) -> bytes:
    return next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
