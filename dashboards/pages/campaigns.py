"""The campaigns: their list, a campaign's funnel and its live figures. The rows behind them: `dashboards.pages.rows`."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from anyio import to_thread
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.campaign_table import campaign_rows
from dashboards.campaigns import list_campaigns
from dashboards.forms import read_trusted_form
from dashboards.funnel_page import FunnelPage, make_funnel_page
from dashboards.pages.rows import ROWS, number_in
from dashboards.pages.sign_in import SEE_OTHER, sign_in_path
from dashboards.readings import read_campaign
from dashboards.rendering import render, render_fragment
from dashboards.sessions import HOME, Sessions, speech_for
from linksvc import campaign_control
from linksvc.accounts import SignedIn
from linksvc.clock import Clock
from linksvc.database import reading, writing
from linksvc.errors import Conflict
from linksvc.public_ids import parse_id

_WISHES: dict[str, Callable[[Session, int, int, datetime], None]] = {
    "pause": campaign_control.pause,
    "resume": lambda session, workspace_id, campaign_id, _: campaign_control.resume(session, workspace_id, campaign_id),
    "cancel": campaign_control.cancel,
}

Handler = Callable[[Request, SignedIn], Response]


@dataclass(frozen=True, slots=True)
class CampaignPages:
    """The handlers, for whoever is signed in. They are synchronous: Starlette runs them in its thread pool."""

    engine: Engine
    clock: Clock
    sessions: Sessions

    def routes(self) -> list[Route]:
        return [
            Route("/", self.home),
            Route(HOME, self._signed_in(self.index)),
            Route("/campaigns/{id}", self._signed_in(self.funnel)),
            Route("/campaigns/{id}/figures", self.figures),
            *(Route(f"/campaigns/{{id}}/{wish}", self._wished(wish), methods=["POST"]) for wish in _WISHES),
        ]

    def _signed_in(self, handler: Handler) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            who = self.sessions.find(request)
            if who is None:
                query = f"?{request.url.query}" if request.url.query else ""
                return RedirectResponse(sign_in_path(request.url.path + query), SEE_OTHER)
            return handler(request, who)

        return endpoint

    def _wished(self, wish: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            """POST /campaigns/{id}/pause, /resume, /cancel: does it, and back to the campaign, which says how it stands."""
            await read_trusted_form(request)
            return await to_thread.run_sync(self._do, wish, request)

        return endpoint

    def _do(self, wish: str, request: Request) -> Response:
        path = f"/campaigns/{request.path_params['id']}"
        who = self.sessions.find(request)
        if who is None:
            return RedirectResponse(sign_in_path(path), SEE_OTHER)
        campaign_id = parse_id("campaign", request.path_params["id"])
        # Somebody else may have been quicker: the page tells.
        with suppress(Conflict), writing(self.engine) as session:
            _WISHES[wish](session, who.workspace_id, campaign_id, self.clock())
        return RedirectResponse(path, SEE_OTHER)

    def home(self, _: Request) -> Response:
        return RedirectResponse(HOME, SEE_OTHER)

    def index(self, request: Request, who: SignedIn) -> Response:
        """GET /campaigns?before=: newest first."""
        before = number_in(request, "before")
        with reading(self.engine) as session:
            found = list_campaigns(session, who.workspace_id, before, ROWS)
        rows = campaign_rows(found, speech_for(request, who), who.currency)
        older = f"{HOME}?before={found.older_than}" if found.older_than else None
        return render(request, "campaigns.html", who, rows=rows, older=older, is_first=before is None)

    def funnel(self, request: Request, who: SignedIn) -> Response:
        """GET /campaigns/{id}: the funnel page."""
        return render(request, "campaign.html", who, page=self._read_page(request, who))

    def figures(self, request: Request) -> Response:
        """GET /campaigns/{id}/figures: the live part of the page, for its script; 401 once signed out."""
        who = self.sessions.find(request)
        if who is None:
            return Response(status_code=401)
        return render_fragment(request, "figures.html", who, page=self._read_page(request, who))

    def _read_page(self, request: Request, who: SignedIn) -> FunnelPage:
        campaign_id = parse_id("campaign", request.path_params["id"])
        with reading(self.engine) as session:
            found = read_campaign(session, who.workspace_id, campaign_id)
        return make_funnel_page(found, who, speech_for(request, who), self.clock())
