"""The redirect: a code is resolved, its hit put on disk, and the answer leaves. Called by `tracker.app` for every code."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial

import structlog

from linksvc.addresses import CallerNetworks
from linksvc.clock import Clock, in_micros, micros_of
from linksvc.guessing import Guessing
from tracker import pages
from tracker.block_watch import BlockWatch
from tracker.destinations import Destination, Outcome, pass_on
from tracker.evidence import HitRef
from tracker.hosts import EVERYBODY
from tracker.landing.serving import PageShowing
from tracker.losses import Loss, Losses
from tracker.personal_links import PersonalLinks
from tracker.requests import Headers, follows, pack_hit, read_headers
from tracker.resolving import Opened, Refusal, Resolver
from tracker.responses import Response, Scope, html, redirect_to
from tracker.spool import Spool, Spooled, Tell, Waiting
from tracker.turn import Asked, SendResponse
from tracker.visit_tokens import VisitTokens, with_token

log = structlog.get_logger()

MOST_READY = 2_000
"""Redirections that are kept ready to be sent; each has a few kilobytes at most."""

LONGEST_QUERY = 2_048
"""Bytes of a request's query; parameters of a longer one are not passed on."""

_REDIRECTED = Outcome.REDIRECTED.value
"""An enum's `value` takes as long as much else that a redirect does."""


class Redirect:
    def __init__(
        self,
        resolver: Resolver,
        watch: BlockWatch,
        spool: Spool,
        losses: Losses,
        networks: CallerNetworks,
        guessing: Guessing,
        personal: PersonalLinks,
        showing: PageShowing,
        tokens: VisitTokens,
        clock: Clock,
    ) -> None:
        self.answered: Counter[str] = Counter()
        """Answers since the start, by what they were."""
        self._resolver = resolver
        self._watch = watch
        self._spool = spool
        self._losses = losses
        self._networks = networks
        self._guessing = guessing
        self._personal = personal
        self._showing = showing
        self._tokens = tokens
        self._clock = clock
        self._micros = in_micros(clock)
        self._ready: dict[bytes, Response] = {}
        self._refusals = {
            Refusal.UNKNOWN: (404, pages.unknown_link(), None),
            Refusal.THROTTLED: (429, pages.too_many(), 60),
            Refusal.UNAVAILABLE: (503, pages.try_again(), 5),
        }

    def answer_known(self, asked: Sequence[Asked]) -> list[int]:
        """Answers GET or HEAD of known links that lead everybody to one place, each once its hit is on disk or
        is not going to be. Says the places of the other requests, of which nothing was kept or counted: those are for
        `answer`."""
        others: list[int] = []
        hits: list[Waiting] = []
        known, ready, guessing = self._watch.known, self._ready, self._guessing
        open_code, find_caller, find_owner = self._resolver.open, self._networks.find, known.hosts.owner
        for place, (method, code, headers, peer, send) in enumerate(asked):
            try:
                found = open_code(code)
                destination = known.destination(found[0]) if found else None
                location = destination.plain_location if destination else None
                if not (found and destination and location):
                    others.append(place)
                    continue
                caller = find_caller(peer, headers.get(b"x-forwarded-for", b""))
                owner = find_owner(headers.get(b"host", b""))
                if owner not in (EVERYBODY, destination.workspace_id):
                    others.append(place)
                    continue
                block, serial = found
                hit = pack_hit(method, headers, block, block.n_of(serial), self._micros(), caller.network, _REDIRECTED)
                tell = partial(self._send_known, ready.get(location) or self._make_ready(location), send)
                # Last, for it counts, and the usual way counts by itself.
                if guessing.lets_find(caller.subnet):
                    hits.append((hit, tell))
                else:
                    others.append(place)
            except Exception:
                # Another way may do, and if not, it answers that.
                log.exception("a defect in the short way of a click", action="short_way_defect")
                others.append(place)
        self._spool.append_all(hits)
        return others

    async def answer(self, scope: Scope) -> Response:
        """The answer to GET or HEAD of a path, percent-decoded once."""
        headers = read_headers(scope["headers"])
        opened = await self._resolver.resolve(scope, headers, scope["path"][1:])
        if isinstance(opened, Refusal):
            return self.refuse(opened, headers)
        return await self._follow(scope, headers, opened)

    def refuse(self, refusal: Refusal, headers: Headers) -> Response:
        """The page that says why a path opens nothing."""
        status, page, retry_after_s = self._refusals[refusal]
        return self._page(refusal, status, page, headers, retry_after_s)

    async def _follow(self, scope: Scope, headers: Headers, opened: Opened) -> Response:
        """Puts the hit on disk, then answers."""
        destination = opened.destination
        on_disk: asyncio.Future[Spooled] = asyncio.get_running_loop().create_future()
        outcome = self._put(scope["method"], headers, opened, partial(self._settle, on_disk))
        spooled = await on_disk
        if destination.is_plain:
            return self._redirection("redirected", destination.location, headers)
        return await self._by_terms(scope, headers, opened, outcome, spooled)

    def _put(self, method: str, headers: Headers, opened: Opened, tell: Tell) -> Outcome:
        """Puts the hit on disk and tells what became of it; says what the link answers with at this moment."""
        outcome = Outcome.REDIRECTED
        try:
            now = self._clock()
            outcome = opened.destination.outcome_at(now)
            network = opened.caller.network
            hit = pack_hit(method, headers, opened.block, opened.named, micros_of(now), network, outcome.value)
            self._spool.append_then(hit, tell)
        except Exception:
            _go_on(tell)
        return outcome

    def _settle(self, future: "asyncio.Future[Spooled]", spooled: Spooled) -> None:
        if isinstance(spooled, Loss):
            self._losses.count(spooled)
        if not future.done():
            future.set_result(spooled)

    def _send_known(self, response: Response, send: SendResponse, spooled: Spooled) -> None:
        if isinstance(spooled, Loss):
            self._losses.count(spooled)
        self.answered["redirected"] += 1
        send(response)

    async def _by_terms(
        self, scope: Scope, headers: Headers, opened: Opened, outcome: Outcome, spooled: Spooled
    ) -> Response:
        """The answer of a link that is not the same at all times, for everybody and whatever is asked."""
        destination = opened.destination
        if outcome is not Outcome.REDIRECTED:
            return self.out_of_time(destination, outcome, headers)
        if destination.page_id is not None:
            return self._show(destination.page_id, headers, opened, spooled)
        location, query = destination.location, scope["query_string"]
        if destination.is_personal:
            location = await self._personal.location(destination, opened.message)
            if location is None:
                return self.refuse(Refusal.UNAVAILABLE, headers)
        if location and destination.passed_parameters and 0 < len(query) <= LONGEST_QUERY:
            location = pass_on(location, query, destination.passed_parameters)
        n = opened.named
        if location and destination.snippet_origins and n is not None and scope["method"] == "GET" and follows(headers):
            return self._elsewhere(location, opened, n, spooled, headers)
        return self._redirection("redirected", location, headers)

    def _elsewhere(self, location: bytes, opened: Opened, n: int, spooled: Spooled, headers: Headers) -> Response:
        """To a page that may tell what happens there, with the token of the hit; none of a hit that is not on disk."""
        if isinstance(spooled, Loss):
            return self._redirection("redirected", location, headers)
        hit = HitRef(opened.block.campaign_id, n, spooled.segment, spooled.position)
        self.answered["redirected"] += 1
        return redirect_to(with_token(location, self._tokens.issue(hit, opened.block.link_id, self._clock())))

    def _show(self, page_id: int, headers: Headers, opened: Opened, spooled: Spooled) -> Response:
        page = self._watch.known.page(page_id)
        if page is None:
            return self.refuse(Refusal.UNKNOWN, headers)
        hit = spooled if not isinstance(spooled, Loss) else None
        response = self._showing.show(opened, page, headers, hit, self._clock())
        self.answered["shown"] += 1
        return response

    def out_of_time(self, destination: Destination, outcome: Outcome, headers: Headers) -> Response:
        """The answer of a link whose time has not come or is over, or that leads to what is paid."""
        if outcome is Outcome.PAID:
            return self._page("paid", 200, pages.paid(destination.workspace_name), headers)
        if destination.fallback:
            return self._redirection("fallback", destination.fallback, headers)
        brand = destination.workspace_name
        if outcome is Outcome.EARLY:
            return self._page("early", 404, pages.early(brand), headers)
        return self._page("expired", 410, pages.expired(brand), headers)

    def _redirection(self, outcome: str, location: bytes | None, headers: Headers) -> Response:
        if location is None:
            return self.refuse(Refusal.UNKNOWN, headers)
        self.answered[outcome] += 1
        return self._ready.get(location) or self._make_ready(location)

    def _make_ready(self, location: bytes) -> Response:
        if len(self._ready) >= MOST_READY:
            self._ready.clear()
        response = self._ready[location] = redirect_to(location)
        return response

    def _page(
        self, outcome: str, status: int, page: pages.Page, headers: Headers, retry_after_s: int | None = None
    ) -> Response:
        self.answered[outcome] += 1
        more = ((b"retry-after", b"%d" % retry_after_s),) if retry_after_s else ()
        return html(status, page, headers.get(b"accept-language", b""), *more)


def _go_on(tell: Tell) -> None:
    """Whatever goes wrong with a hit, the redirect goes on."""
    log.exception("a defect while tracking", action="track_defect")
    tell(Loss.INTERNAL)
