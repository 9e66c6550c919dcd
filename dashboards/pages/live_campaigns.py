"""A campaign's page as it changes: a stream of server-sent events (WHATWG HTML, 9.2). `static/funnel.js` reads it, and asks
for the figures by itself where it cannot."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

import structlog
from anyio import Event, move_on_after, to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.funnel_page import make_funnel_page
from dashboards.readings import Reading, read_campaign
from dashboards.rendering import render_part
from dashboards.sessions import Sessions, speech_for
from dashboards.shared_looks import LOOK_S, Key, SharedLooks
from dashboards.streams import StreamResponse, Streams
from linksvc.accounts import SignedIn
from linksvc.clock import Clock
from linksvc.database import reading
from linksvc.errors import NotFound
from linksvc.funnel import find_campaign
from linksvc.public_ids import parse_id

BEAT_S = 10.0
"""A page that hears nothing for three beats takes the stream for broken: `static/funnel.js` knows that too."""

LASTS_S = 300.0
"""A page then asks anew: with the session that its browser has by now, of the server that is there by now."""

TOO_MANY = 429

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LiveCampaigns:
    """GET /campaigns/{id}/live."""

    engine: Engine
    clock: Clock
    sessions: Sessions
    streams: Streams
    looks: SharedLooks = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "looks", SharedLooks(self._read))

    def routes(self) -> list[Route]:
        return [Route("/campaigns/{id}/live", self.stream)]

    async def stream(self, request: Request) -> Response:
        """GET /campaigns/{id}/live?seen=: `figures`, the live part of the page as /figures gives it, whenever it is another
        than `seen` (an event's id, or data-version of the page), and `beat` where it is not. 401 once signed out, 429 where
        too many stand open."""
        campaign_id = parse_id("campaign", request.path_params["id"])
        who = await to_thread.run_sync(self._admit, request, campaign_id)
        if who is None:
            return Response(status_code=401)
        if self.streams.is_full(who.user_id):
            return Response(status_code=TOO_MANY)
        ending = Event()
        events = self._events(request, (who.workspace_id, campaign_id), ending)
        return StreamResponse(self.streams, who.user_id, ending, events)

    def _admit(self, request: Request, campaign_id: int) -> SignedIn | None:
        who = self.sessions.find(request)
        if who is not None:
            with reading(self.engine) as session:
                find_campaign(session, who.workspace_id, campaign_id)
        return who

    async def _events(self, request: Request, key: Key, ending: Event) -> AsyncIterator[ServerSentEvent]:
        """Ends by itself where the reader is signed out, the campaign is gone or the database does not answer: the page then
        asks, and is told."""
        seen = request.headers.get("last-event-id") or request.query_params.get("seen", "")
        last, ends_at, beat_at = None, monotonic() + LASTS_S, 0.0
        with self.looks.reader(key), _given_up():
            while not ending.is_set() and monotonic() < ends_at:
                latest = await self.looks.look(key)
                if latest is not last or monotonic() >= beat_at:
                    event = await to_thread.run_sync(self._tell, request, latest, seen)
                    if event is None:
                        return
                    yield event
                    last, seen, beat_at = latest, event.id or "", monotonic() + BEAT_S
                with move_on_after(LOOK_S):
                    await ending.wait()

    def _read(self, workspace_id: int, campaign_id: int) -> Reading:
        with reading(self.engine) as session:
            return read_campaign(session, workspace_id, campaign_id)

    def _tell(self, request: Request, latest: Reading, seen: str) -> ServerSentEvent | None:
        """What its reader is told; None for one who is signed out, or was removed, since."""
        who = self.sessions.find(request)
        if who is None:
            return None
        page = make_funnel_page(latest, who, speech_for(request, who), self.clock())
        is_new = page.version != seen
        name, template = ("figures", "figures.html") if is_new else ("beat", "updated.html")
        return ServerSentEvent(render_part(request, template, who, page=page), event=name, id=page.version, sep="\n")


@contextmanager
def _given_up() -> Iterator[None]:
    try:
        yield
    except NotFound:
        pass
    except SQLAlchemyError as error:
        log.warning("a live page was ended: the database failed", action="page_ended", error=type(error).__name__)
