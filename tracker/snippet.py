"""The snippet for pages of the marketer's own: its script, and what such a page sends. Called by `tracker.app`.

A page of any origin may load the script; only those that the link names may tell what happens. What they send is a plain
text, so no browser asks beforehand whether it may; who asks is answered all the same (Fetch standard, "CORS protocol").
The script sends by fetch with keepalive, not by sendBeacon, which tells no origin for a page whose policy is to send no
referrer.
"""

from functools import cache
from importlib.resources import files

from linksvc.addresses import CallerNetworks
from linksvc.clock import Clock
from linksvc.errors import Forbidden, NotFound, Problem
from tracker.beacons import check_elsewhere
from tracker.block_watch import BlockWatch
from tracker.destinations import Destination
from tracker.hosts import EVERYBODY
from tracker.landing.visits import is_machine
from tracker.page_events import PageEvents
from tracker.problems import MethodNotAllowed, problem_response
from tracker.requests import Headers, read_headers
from tracker.responses import PRIVATE, Header, Receive, Response, Scope
from tracker.visit_tokens import VisitElsewhere, VisitTokens

SCRIPT, EVENTS = "/t.js", "/e"

_SCRIPT_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/javascript; charset=utf-8"),
    (b"cache-control", b"public, max-age=3600"),
    (b"x-content-type-options", b"nosniff"),
    # Pages that isolate themselves load only what says that it may be loaded.
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"600"),
)
_BY_ORIGIN: Header = (b"vary", b"origin")


class Snippet:
    """One per tracker process."""

    def __init__(
        self, tokens: VisitTokens, events: PageEvents, watch: BlockWatch, networks: CallerNetworks, clock: Clock
    ) -> None:
        self._tokens = tokens
        self._events = events
        self._watch = watch
        self._networks = networks
        self._clock = clock

    async def answer(self, scope: Scope, receive: Receive) -> Response | None:
        """The answer to a request for the script or of one of its pages; None for any other path."""
        path, method = scope["path"], scope["method"]
        if path == SCRIPT:
            return script() if method in ("GET", "HEAD") else _not_allowed(b"GET, HEAD")
        if path != EVENTS:
            return None
        headers = read_headers(scope["headers"])
        if self._owner(headers) is None:
            return self._events.refuse(_not_served())
        if method == "OPTIONS":
            return self._preflight(headers)
        return await self._take(scope, headers, receive) if method == "POST" else _not_allowed(b"POST, OPTIONS")

    def _owner(self, headers: Headers) -> int | None:
        return self._watch.known.hosts.owner(headers.get(b"host", b""))

    def _preflight(self, headers: Headers) -> Response:
        """Says whether any link of that host names the origin: nobody sends a token along to ask."""
        readable = self._readable(headers)
        if len(readable) == 1:
            return self._events.refuse(_not_named(), *readable)
        return Response(204, (*PRIVATE, *readable, *_PREFLIGHT))

    def _readable(self, headers: Headers) -> tuple[Header, ...]:
        """Lets pages of an origin that any link of that host names read the answer: their developers want to know what was
        wrong."""
        owner, origin = self._owner(headers), headers.get(b"origin", b"")
        if owner is None or not self._watch.known.names_origin(owner, origin.decode("latin-1")):
            return (_BY_ORIGIN,)
        return (_BY_ORIGIN, (b"access-control-allow-origin", origin))

    async def _take(self, scope: Scope, headers: Headers, receive: Receive) -> Response:
        readable = self._readable(headers)
        try:
            peer = scope.get("client")
            caller = self._networks.find(peer[0] if peer else "", headers.get(b"x-forwarded-for", b""))
            beacon = await self._events.read(caller, headers, receive)
            told = self._tokens.open(beacon.token, self._clock())
            self._destination(told, headers)
            if is_machine(headers, "POST"):
                raise Forbidden("This is for the people whom we write to, not for programs.", code="not_for_machines")
            self._events.limits.pass_visit(told.visit.hit.segment, told.visit.hit.position)
            check_elsewhere(beacon)
            await self._events.keep(told.visit, told.link_id, 0, beacon)
        except Problem as problem:
            return self._events.refuse(problem, *readable)
        return self._events.accept(*readable)

    def _destination(self, told: VisitElsewhere, headers: Headers) -> Destination:
        """The link that the visit came by. Raises NotFound, Forbidden."""
        destination = self._watch.known.link(told.visit.hit.campaign_id, told.link_id)
        if destination is None or self._owner(headers) not in (EVERYBODY, destination.workspace_id):
            raise _not_served()
        if headers.get(b"origin", b"").decode("latin-1") not in destination.snippet_origins:
            raise _not_named()
        return destination


@cache
def script() -> Response:
    return Response(200, _SCRIPT_HEADERS, files("tracker").joinpath("static", "t.js").read_bytes())


def _not_served() -> NotFound:
    return NotFound("This link is not served here.", code="link_not_found")


def _not_named() -> Forbidden:
    return Forbidden(
        "The page's origin is none of those that the link names (snippet_origins), so nothing of it is taken.",
        code="origin_not_allowed",
    )


def _not_allowed(methods: bytes) -> Response:
    return problem_response(
        MethodNotAllowed("This address does not take this method; the header Allow lists those it takes."),
        (b"allow", methods),
    )
