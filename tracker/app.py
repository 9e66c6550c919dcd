"""The short domain as an ASGI application, put together from its arguments. Served by `tracker.server`.

Plain ASGI: the whole of a click is one header scan, one decoding and one wait for the disk.
"""

import os
from collections.abc import Mapping
from functools import partial

from sqlalchemy import Engine

from linksvc.addresses import CallerNetworks
from linksvc.clock import Clock, now
from linksvc.guessing import Guessing
from linksvc.keys import Keyring
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tracker.block_watch import BlockWatch
from tracker.event_limits import EventLimits
from tracker.evidence import HitTokens
from tracker.guessing import watch_networks
from tracker.known import News
from tracker.landing import symbols
from tracker.landing.assembly import LandingPages
from tracker.landing.files import PageAddresses
from tracker.landing.rendering import Renderer
from tracker.landing.serving import PageShowing
from tracker.landing.transactions import Transactions
from tracker.losses import Losses
from tracker.page_events import PageEvents
from tracker.personal_links import PersonalLinks
from tracker.redirect import Redirect
from tracker.requests import read_headers
from tracker.resolving import Resolver
from tracker.responses import NO_BODY, Receive, Response, Scope, Send, text
from tracker.segment_writer import Sync
from tracker.snapshot import Snapshot
from tracker.snippet import Snippet
from tracker.spool import Spool
from tracker.turn import Turn
from tracker.visit_tokens import VisitTokens

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


class Tracker:
    """What is public here is what an operator's listener reports on."""

    def __init__(
        self,
        watch: BlockWatch,
        spool: Spool,
        losses: Losses,
        guessing: Guessing,
        personal: PersonalLinks,
        redirect: Redirect,
        landing: LandingPages,
        page_events: PageEvents,
        snippet: Snippet,
    ) -> None:
        self.watch = watch
        self.spool = spool
        self.losses = losses
        self.guessing = guessing
        self._personal = personal
        self.redirect = redirect
        self._landing = landing
        self.page_events = page_events
        self._snippet = snippet
        self.turn = Turn(redirect.answer_known)

    @property
    def answered(self) -> Mapping[str, int]:
        """Answers since the start: redirected, shown, fallback, early, expired, paid, unknown, throttled, unavailable,
        other."""
        return self.redirect.answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = await self._answer(scope, receive)
            await send(response.start)
            await send(NO_BODY if scope["method"] == "HEAD" else response.body)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        asks = scope["method"] in ("GET", "HEAD")
        if asks and not self._is_ours(scope):
            return await self.redirect.answer(scope)
        response = self._named(scope) or await self._snippet.answer(scope, receive)
        response = response or await self._landing.answer(scope, receive)
        if response is None and asks:
            return await self.redirect.answer(scope)
        self.redirect.answered["other"] += 1
        return response or _NOT_ALLOWED

    def _is_ours(self, scope: Scope) -> bool:
        """Whether links are served on that host. On any other nothing can be got, not even what is the same everywhere."""
        return self.watch.known.hosts.owner(read_headers(scope["headers"]).get(b"host", b"")) is not None

    def _named(self, scope: Scope) -> Response | None:
        """The answer to what cannot be a code."""
        path: str = scope["path"]
        if scope["method"] not in ("GET", "HEAD"):
            return None
        return _WELL_KNOWN if path.startswith("/.well-known/") else NEVER_CODES.get(path)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start and stop (ASGI's lifespan protocol)."""
        await receive()
        await self.spool.open()
        await self.watch.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.watch.stop()
        await self.spool.close()
        self._personal.close()
        self._landing.close()
        await send({"type": "lifespan.shutdown.complete"})


def create_tracker(
    settings: Settings, engine: Engine, keyring: Keyring, clock: Clock = now, sync: Sync = os.fdatasync
) -> Tracker:
    """The tracker of one process. Nothing connects, and nothing is opened, before its lifespan begins."""
    hit_tokens, visit_tokens = HitTokens(keyring.hit_tokens), VisitTokens(keyring.visit_tokens)
    prepare = partial(_prepare, visit_tokens)
    watch = BlockWatch(engine, Snapshot(settings.data_dir, keyring.links[0]), settings.short_url, prepare)
    spool = Spool(settings.spool_dir, settings.spool_segment_bytes, settings.spool_max_bytes, sync)
    losses, guessing, personal = Losses(), watch_networks(), PersonalLinks(engine)
    networks = CallerNetworks(settings.trusted_proxies)
    resolver = Resolver(ShortCodes.of(keyring), watch, networks, guessing)
    showing = PageShowing(hit_tokens, PageAddresses(), Renderer())
    redirect = Redirect(resolver, watch, spool, losses, networks, guessing, personal, showing, visit_tokens, clock)
    events = PageEvents(hit_tokens, spool, EventLimits(), clock)
    landing = LandingPages(Transactions(engine), resolver, watch, showing, redirect, events, clock)
    snippet = Snippet(visit_tokens, events, watch, networks, clock)
    return Tracker(watch, spool, losses, guessing, personal, redirect, landing, events, snippet)


def _prepare(visit_tokens: VisitTokens, news: News) -> None:
    """Imports what only some links need, so that their first visitor does not wait for it."""
    if news.pages:
        symbols.load()
    if any(destination.snippet_origins for destination in news.destinations):
        visit_tokens.load()
