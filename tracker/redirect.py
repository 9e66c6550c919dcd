"""The redirect: a code is resolved, its hit put on disk, and the answer leaves. Called by `tracker.app` for every code."""

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial

import structlog

from linksvc.addresses import Caller, CallerNetworks
from linksvc.clock import Clock
from linksvc.guessing import Guessing
from linksvc.short_codes import LENGTH, ShortCodes
from tracker import pages
from tracker.block_watch import BlocksUnreachable, BlockWatch
from tracker.blocks import Block
from tracker.destinations import Destination, Outcome, pass_on
from tracker.hosts import EVERYBODY
from tracker.losses import Loss, Losses
from tracker.personal_links import PersonalLinks
from tracker.requests import Headers, pack_hit, read_headers
from tracker.responses import Response, Scope, html, redirect_to
from tracker.spool import Spool, Spooled

log = structlog.get_logger()

GLUED = ".,;:!?)]}>'\"/\\ \t\r\n\v\f\u00a0\u202f\u200b\u2026\u2019\u201d\u00bb*\uff09\uff3d\u3002\uff0c\uff01\uff1f"
"""What SMS clients and people take for a part of a link; no code holds any of it."""

LONGEST = 4 * LENGTH
"""Characters; what is longer is no code, however much is glued to it."""

MOST_READY = 2_000
"""Redirections that are kept ready to be sent; each has a few kilobytes at most."""

LONGEST_QUERY = 2_048
"""Bytes of a request's query; parameters of a longer one are not passed on."""

Found = tuple[Block, int]
"""A block and the serial in it."""

TellOutcome = Callable[[Outcome, Spooled], None]
SendResponse = Callable[[Response], None]


class Redirect:
    def __init__(
        self,
        codes: ShortCodes,
        watch: BlockWatch,
        spool: Spool,
        losses: Losses,
        networks: CallerNetworks,
        guessing: Guessing,
        personal: PersonalLinks,
        clock: Clock,
    ) -> None:
        self.answered: Counter[str] = Counter()
        """Answers since the start, by what they were."""
        self._codes = codes
        self._watch = watch
        self._spool = spool
        self._losses = losses
        self._networks = networks
        self._guessing = guessing
        self._personal = personal
        self._clock = clock
        self._ready: dict[bytes, Response] = {}
        self._unknown = pages.unknown_link()
        self._try_again = pages.try_again()
        self._too_many = pages.too_many()

    def answer_known(self, method: str, code: str, headers: Headers, peer: str, send: SendResponse) -> bool:
        """Answers GET or HEAD of a known link that leads everybody to one place: `send` gets the response once the hit is
        on disk. False for any other, of which nothing was counted: that is for `answer`."""
        known = self._watch.known
        found = self._open(code)
        destination = known.destination(found[0]) if found else None
        if found is None or destination is None or not destination.is_plain or destination.location is None:
            return False
        caller = self._networks.find(peer, headers.get(b"x-forwarded-for", b""))
        if self._guessing.holds(caller.subnet):
            return False
        if known.hosts.owner(headers.get(b"host", b"")) not in (EVERYBODY, destination.workspace_id):
            return False
        self._guessing.found(caller.subnet)
        self._put(method, headers, caller, found, destination, partial(self._send_known, destination, headers, send))
        return True

    async def answer(self, scope: Scope) -> Response:
        """The answer to GET or HEAD of a path, percent-decoded once."""
        headers = read_headers(scope["headers"])
        known = self._watch.known
        owner = known.hosts.owner(headers.get(b"host", b""))
        if owner is None:
            return self._unknown_link(headers)
        peer = scope.get("client")
        caller = self._networks.find(peer[0] if peer else "", headers.get(b"x-forwarded-for", b""))
        if self._guessing.refuses(caller.subnet):
            return self._page("throttled", 429, self._too_many, headers, 60)
        path = scope["path"][1:]
        found = self._open(path)
        if found is None and len(path) <= LONGEST:
            try:
                found = await self._search(path)
            except BlocksUnreachable:
                return self._page("unavailable", 503, self._try_again, headers, 5)
            known = self._watch.known
        destination = known.destination(found[0]) if found else None
        if found is None or destination is None or owner not in (EVERYBODY, destination.workspace_id):
            self._guessing.missed(caller.subnet)
            return self._unknown_link(headers)
        self._guessing.found(caller.subnet)
        return await self._follow(scope, headers, caller, found, destination)

    def _open(self, code: str) -> Found | None:
        """What a code as it stands opens, of what is known."""
        opened = self._codes.decode(code)
        if opened is None:
            return None
        version, serial = opened
        block = self._watch.known.blocks.find(serial)
        return (block, serial) if block and block.key_version == version else None

    async def _search(self, path: str) -> Found | None:
        """Looks further: for what is newer than what is known, and without what was glued to the code."""
        for candidate in dict.fromkeys((path, path.rstrip(GLUED))):
            if (opened := self._codes.decode(candidate)) is not None:
                version, serial = opened
                block = await self._watch.find(serial)
                if block and block.key_version == version:
                    return block, serial
        return None

    async def _follow(
        self, scope: Scope, headers: Headers, caller: Caller, found: Found, destination: Destination
    ) -> Response:
        """Puts the hit on disk, then answers."""
        on_disk: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._put(scope["method"], headers, caller, found, destination, partial(self._settle, on_disk))
        outcome = await on_disk
        if destination.is_plain:
            return self._redirection("redirected", destination.location, headers)
        return await self._by_terms(scope["query_string"], headers, found[0].message_of(found[1]), destination, outcome)

    def _put(
        self, method: str, headers: Headers, caller: Caller, found: Found, destination: Destination, tell: TellOutcome
    ) -> None:
        """Puts the hit on disk and tells what became of it. Whatever goes wrong there, the redirect goes on."""
        block, serial = found
        outcome = Outcome.REDIRECTED
        try:
            now = self._clock()
            if not destination.is_plain:
                outcome = destination.outcome_at(now)
            hit = pack_hit(method, headers, block, block.n_of(serial), now, caller.network, outcome)
            self._spool.append_then(hit, partial(tell, outcome))
        except Exception:
            log.exception("a defect while tracking", action="track_defect")
            tell(outcome, Loss.INTERNAL)

    def _note(self, spooled: Spooled) -> None:
        if isinstance(spooled, Loss):
            self._losses.count(spooled)

    def _settle(self, future: "asyncio.Future[Outcome]", outcome: Outcome, spooled: Spooled) -> None:
        self._note(spooled)
        if not future.done():
            future.set_result(outcome)

    def _send_known(
        self, destination: Destination, headers: Headers, send: SendResponse, _outcome: Outcome, spooled: Spooled
    ) -> None:
        self._note(spooled)
        send(self._redirection("redirected", destination.location, headers))

    async def _by_terms(
        self, query: bytes, headers: Headers, message: int, destination: Destination, outcome: Outcome
    ) -> Response:
        """The answer of a link that is not the same at all times, for everybody and whatever is asked."""
        if outcome is not Outcome.REDIRECTED:
            if destination.fallback:
                return self._redirection("fallback", destination.fallback, headers)
            brand = destination.workspace_name
            if outcome is Outcome.EARLY:
                return self._page("early", 404, pages.early(brand), headers)
            return self._page("expired", 410, pages.expired(brand), headers)
        location = destination.location
        if destination.is_personal:
            location = await self._personal.location(destination, message)
            if location is None:
                return self._page("unavailable", 503, self._try_again, headers, 5)
        if location and destination.passed_parameters and 0 < len(query) <= LONGEST_QUERY:
            location = pass_on(location, query, destination.passed_parameters)
        return self._redirection("redirected", location, headers)

    def _redirection(self, outcome: str, location: bytes | None, headers: Headers) -> Response:
        if location is None:
            return self._unknown_link(headers)
        self.answered[outcome] += 1
        response = self._ready.get(location)
        if response is None:
            if len(self._ready) >= MOST_READY:
                self._ready.clear()
            response = self._ready[location] = redirect_to(location)
        return response

    def _unknown_link(self, headers: Headers) -> Response:
        return self._page("unknown", 404, self._unknown, headers)

    def _page(
        self, outcome: str, status: int, page: pages.Page, headers: Headers, retry_after_s: int | None = None
    ) -> Response:
        self.answered[outcome] += 1
        more = ((b"retry-after", b"%d" % retry_after_s),) if retry_after_s else ()
        return html(status, page, headers.get(b"accept-language", b""), *more)
