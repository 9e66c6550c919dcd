"""The short domain as an ASGI application, put together from its arguments. Served by `tracker.server`.

Plain ASGI: the whole of a click is one header scan, one decoding and one wait for the disk.
"""

from sqlalchemy import Engine

from linksvc.clock import Clock, now
from linksvc.keys import Keyring
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tracker.addresses import CallerNetworks
from tracker.block_watch import BlockWatch
from tracker.losses import Losses
from tracker.redirect import Redirect
from tracker.responses import Receive, Response, Scope, Send, text
from tracker.snapshot import Snapshot
from tracker.spool import Spool

_DAY = (b"cache-control", b"public, max-age=86400")
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")

NEVER_CODES = {
    # Personal links are nobody's to crawl.
    "/robots.txt": Response(200, (_PLAIN, _DAY), b"User-agent: *\nDisallow: /\n"),
    "/favicon.ico": Response(404, (_PLAIN, _DAY)),
    "/apple-app-site-association": Response(404, (_PLAIN, _DAY)),
}
"""What browsers and systems ask of any host by themselves; so is everything below /.well-known/ (RFC 8615)."""

_WELL_KNOWN = Response(404, (_PLAIN, _DAY))
_NOT_ALLOWED = text(405, b"Method not allowed\n", (b"allow", b"GET, HEAD"))
_READY = Response(200, ((b"content-type", b"application/json"), (b"cache-control", b"no-store")), b'{"status":"ok"}')
_STARTING = Response(503, _READY.headers, b'{"status":"starting"}')


class Tracker:
    """`watch`, `spool` and `losses` are what an operator's listener may report on."""

    def __init__(self, watch: BlockWatch, spool: Spool, losses: Losses, redirect: Redirect) -> None:
        self.watch = watch
        self.spool = spool
        self.losses = losses
        self._redirect = redirect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = await self._answer(scope)
            await response.send(scope["method"], send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return _NOT_ALLOWED
        path: str = scope["path"]
        if path == "/healthz":
            return _READY if self.watch.informed else _STARTING
        if path.startswith("/.well-known/"):
            return _WELL_KNOWN
        return NEVER_CODES.get(path) or await self._redirect.answer(scope, path[1:])

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start and stop (ASGI's lifespan protocol)."""
        await receive()
        await self.spool.open()
        await self.watch.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.watch.stop()
        await self.spool.close()
        await send({"type": "lifespan.shutdown.complete"})


def create_tracker(settings: Settings, engine: Engine, keyring: Keyring, clock: Clock = now) -> Tracker:
    """The tracker of one process. Nothing connects, and nothing is opened, before its lifespan begins."""
    watch = BlockWatch(engine, Snapshot(settings.data_dir, keyring.links[0]))
    spool = Spool(settings.spool_dir, settings.spool_segment_bytes, settings.spool_max_bytes)
    losses = Losses()
    networks = CallerNetworks(settings.trusted_proxies)
    redirect = Redirect(ShortCodes.of(keyring), watch, spool, losses, networks, clock)
    return Tracker(watch, spool, losses, redirect)
