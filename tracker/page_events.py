"""Page events: what happens on a page is checked, put on disk and then answered, as a hit is. Called for landing pages by
`tracker.landing`, for pages elsewhere by `tracker.snippet`.

Nothing is kept of what is forged, too old, of another message, too much, or no event of that page.
"""

from collections import Counter

from linksvc.addresses import Caller
from linksvc.clock import Clock
from linksvc.errors import Forbidden, Problem, TooManyRequests
from tracker.beacons import MOST_BYTES, Beacon, check_on_page, read_beacon
from tracker.bodies import read_body
from tracker.event_limits import EventLimits
from tracker.evidence import Arrival, HitTokens
from tracker.landing.visits import PageVisit
from tracker.losses import Loss
from tracker.problems import Unavailable, problem_response
from tracker.requests import Headers, follows
from tracker.responses import PRIVATE, Header, Receive, Response
from tracker.spool import Spool
from tracker.told_events import ToldEvents

OUTCOMES = ("taken", "refused", "throttled", "lost")


class PageEvents:
    """One per tracker process."""

    def __init__(self, tokens: HitTokens, spool: Spool, limits: EventLimits, clock: Clock) -> None:
        self.answered: Counter[str] = Counter()
        """Beacons since the start, by what became of them: OUTCOMES."""
        self.limits = limits
        self._tokens = tokens
        self._spool = spool
        self._clock = clock

    async def take(self, visit: PageVisit, _argument: str, receive: Receive) -> Response:
        """The answer to POST /{code}/events: 204 once it is on disk, else a problem."""
        try:
            beacon = await self.read(visit.caller, visit.headers, receive)
            arrival = self._tokens.visit(beacon.token, visit.now)
            self.limits.pass_visit(arrival.hit.segment, arrival.hit.position)
            _check_token(visit, arrival)
            check_on_page(beacon, visit.document)
            await self.keep(arrival, visit.link.link_id, visit.page.page_id, beacon)
        except Problem as problem:
            return self.refuse(problem)
        return self.accept()

    async def read(self, caller: Caller, headers: Headers, receive: Receive) -> Beacon:
        """What was sent. Raises Problem. A browser may ask not to be followed from a moment on at which it has a token."""
        self.limits.pass_network(caller.subnet)
        if not follows(headers):
            raise Forbidden("This browser asks not to be followed, so nothing of it is taken.", code="not_to_be_followed")
        return read_beacon(await read_body(headers, receive, MOST_BYTES))

    async def keep(self, arrival: Arrival, link_id: int, page_id: int, beacon: Beacon) -> None:
        """Returns once it is on disk. Raises Unavailable when the disk does not take it."""
        now, hit = self._clock(), arrival.hit
        events = tuple(event.told(arrival.began_at, now) for event in beacon.events)
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


def _check_token(visit: PageVisit, arrival: Arrival) -> None:
    """Raises Forbidden. Of somebody who did not consent to tracking nothing is kept, whatever token is shown."""
    if (arrival.hit.campaign_id, arrival.hit.n) != (visit.campaign_id, visit.named):
        raise Forbidden("This token is of another visit than to this page.", code="hit_token_of_another")
