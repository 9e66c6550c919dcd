"""Page events: what happens on a page is checked, put on disk and then answered, as a hit is. Called for landing pages by
`tracker.landing`, for pages elsewhere by `tracker.snippet`.

Nothing is kept of what is forged, too old, of another message, too much, or no event of that page.
"""

from collections import Counter

from linksvc.addresses import Caller
from linksvc.clock import Clock
from linksvc.errors import Forbidden, NotFound, Problem, TooManyRequests
from tracker.beacons import MOST_BYTES, Beacon, check_on_page, read_beacon
from tracker.block_watch import BlockWatch
from tracker.bodies import read_body
from tracker.event_limits import EventLimits
from tracker.evidence import Arrival, HitTokens
from tracker.losses import Loss
from tracker.problems import Unavailable, problem_response
from tracker.requests import Headers
from tracker.resolving import Opened
from tracker.responses import PRIVATE, Header, Receive, Response
from tracker.spool import Spool
from tracker.told_events import ToldEvents

OUTCOMES = ("taken", "refused", "throttled", "lost")


class PageEvents:
    """One per tracker process."""

    def __init__(self, tokens: HitTokens, watch: BlockWatch, spool: Spool, limits: EventLimits, clock: Clock) -> None:
        self.answered: Counter[str] = Counter()
        """Beacons since the start, by what became of them: OUTCOMES."""
        self.limits = limits
        self._tokens = tokens
        self._watch = watch
        self._spool = spool
        self._clock = clock

    async def take(self, opened: Opened, headers: Headers, receive: Receive) -> Response:
        """The answer to POST /{code}/events: 204 once it is on disk, else a problem."""
        try:
            beacon = await self.read(opened.caller, headers, receive)
            now = self._clock()
            visit = self._tokens.visit(beacon.token, now)
            self.limits.pass_visit(visit.hit.segment, visit.hit.position)
            page_id = self._check(opened, visit, beacon)
            await self.keep(visit, opened.block.link_id, page_id, beacon)
        except Problem as problem:
            return self.refuse(problem)
        return self.accept()

    async def read(self, caller: Caller, headers: Headers, receive: Receive) -> Beacon:
        """What was sent. Raises Problem."""
        self.limits.pass_network(caller.subnet)
        return read_beacon(await read_body(headers, receive, MOST_BYTES))

    def _check(self, opened: Opened, visit: Arrival, beacon: Beacon) -> int:
        """The page that the events are of. Raises Forbidden, NotFound, InvalidRequest."""
        # Of somebody who did not consent to tracking nothing is kept, whatever token is shown.
        if (visit.hit.campaign_id, visit.hit.n) != (opened.block.campaign_id, opened.named):
            raise Forbidden("This token is of another visit than to this page.", code="hit_token_of_another")
        page_id = opened.destination.page_id
        page = None if page_id is None else self._watch.known.page(page_id)
        if page is None:
            raise NotFound("There is no page here to tell anything of.", code="page_not_found")
        check_on_page(beacon, page.document)
        return page.page_id

    async def keep(self, visit: Arrival, link_id: int, page_id: int, beacon: Beacon) -> None:
        """Returns once it is on disk. Raises Unavailable when the disk does not take it."""
        now, hit = self._clock(), visit.hit
        events = tuple(event.told(visit.began_at, now) for event in beacon.events)
        told = ToldEvents(hit.campaign_id, link_id, page_id, hit.n, hit.segment, hit.position, events)
        spooled = await self._spool.append(told.pack())
        if isinstance(spooled, Loss):
            raise Unavailable("What happened cannot be kept now. It may be sent again.", retryable=True)

    def accept(self, *more: Header) -> Response:
        self.answered["taken"] += 1
        return Response(204, (*PRIVATE, *more))

    def refuse(self, problem: Problem, *more: Header) -> Response:
        lost, throttled = isinstance(problem, Unavailable), isinstance(problem, TooManyRequests)
        self.answered["lost" if lost else "throttled" if throttled else "refused"] += 1
        return problem_response(problem, *more)
