"""Breakdowns of a campaign, campaigns side by side, the months of a workspace, and what every name counts."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.breakdown_page import read_breakdown_page
from dashboards.comparison_page import Writer
from dashboards.figures import definitions_in
from dashboards.pages.door import Door
from dashboards.rendering import render
from dashboards.sessions import speech_for
from dashboards.trends_page import make_trends_page
from dashboards.typed_times import read_times
from linksvc.accounts import SignedIn
from linksvc.clock import Clock
from linksvc.comparisons import MOST_COMPARED, compare
from linksvc.database import reading
from linksvc.public_ids import parse_id
from linksvc.trends import MONTHS, read_trends

WRONG = 422
"""Of a page whose form holds something that cannot be used."""


@dataclass(frozen=True, slots=True)
class ReportPages:
    """The handlers. They are synchronous: Starlette runs them in its thread pool."""

    engine: Engine
    clock: Clock
    door: Door

    def routes(self) -> list[Route]:
        return [
            Route("/campaigns/{id}/by/{by}", self.door.opened(self.breakdown)),
            Route("/compare", self.door.opened(self.comparison)),
            Route("/trends", self.door.opened(self.trends)),
            Route("/definitions", self.definitions),
        ]

    def breakdown(self, request: Request, who: SignedIn) -> Response:
        """GET /campaigns/{id}/by/{by}?from=&to=: of the messages submitted in that time."""
        speech = speech_for(request, who)
        campaign_id = parse_id("campaign", request.path_params["id"])
        times = read_times(request.query_params, ZoneInfo(who.timezone), speech)
        with reading(self.engine) as session:
            page = read_breakdown_page(session, who, campaign_id, request.path_params["by"], times, speech)
        return render(request, "breakdown.html", who, WRONG if page.form.errors else 200, page=page)

    def comparison(self, request: Request, who: SignedIn) -> Response:
        """GET /compare?c=&c=: in the order in which they stand there."""
        speech = speech_for(request, who)
        wanted = list(dict.fromkeys(parse_id("campaign", one) for one in request.query_params.getlist("c")))
        if not wanted:
            return render(request, "compare.html", who, page=None, most=MOST_COMPARED, chosen=0)
        with reading(self.engine) as session:
            found = compare(session, who.workspace_id, wanted[:MOST_COMPARED])
        page = Writer(found, speech, who.currency).page()
        return render(request, "compare.html", who, page=page, most=MOST_COMPARED, chosen=len(wanted))

    def trends(self, request: Request, who: SignedIn) -> Response:
        """GET /trends?months=."""
        text = request.query_params.get("months", str(MONTHS))
        if not (text.isascii() and text.isdigit() and len(text) <= 3):
            raise HTTPException(404)
        with reading(self.engine) as session:
            found = read_trends(session, who.workspace_id, ZoneInfo(who.timezone), self.clock(), int(text))
        page = make_trends_page(found, who.currency, speech_for(request, who))
        return render(request, "trends.html", who, page=page)

    def definitions(self, request: Request) -> Response:
        """GET /definitions: open to everybody, for answers of the API lead here."""
        who = self.door.sessions.find(request)
        return render(request, "definitions.html", who, told=definitions_in(speech_for(request, who)))
