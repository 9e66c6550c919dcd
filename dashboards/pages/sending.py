"""Sending a draft from its own page: a review, then now or at a time. It is sent as the API and the command line send it:
`linksvc.campaign_control.send`."""

from dataclasses import dataclass

from anyio import to_thread
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.forms import Filled, read_trusted_form
from dashboards.pages.door import Door
from dashboards.pages.sign_in import SEE_OTHER, sign_in_path
from dashboards.rendering import render
from dashboards.send_page import AT, LATER, NOW, WHEN, ZONE, make_send_page, read_sendable, refused
from dashboards.sessions import speech_for
from linksvc import campaign_control
from linksvc.accounts import SignedIn
from linksvc.clock import Clock
from linksvc.database import reading, writing
from linksvc.errors import Conflict, Forbidden, InvalidRequest, Problem
from linksvc.public_ids import format_id, parse_id
from linksvc.schedules import RECIPIENT, Schedule

OK = 200


@dataclass(frozen=True, slots=True)
class SendingPages:
    """The handlers. `short_url` is the installation's, as long as which links are."""

    engine: Engine
    clock: Clock
    door: Door
    short_url: str

    def routes(self) -> list[Route]:
        return [
            Route("/campaigns/{id}/send", self.door.opened(self.review), methods=["GET"]),
            Route("/campaigns/{id}/send", self.send, methods=["POST"]),
        ]

    def review(self, request: Request, who: SignedIn) -> Response:
        """GET /campaigns/{id}/send: who gets it and what it costs; back to the campaign once it was sent."""
        return self._show(request, who, parse_id("campaign", request.path_params["id"]))

    async def send(self, request: Request) -> Response:
        """POST /campaigns/{id}/send: sends it, once, and back to the campaign, which says how it stands."""
        form = await read_trusted_form(request)
        return await to_thread.run_sync(self._take, request, dict(form))

    def _take(self, request: Request, form: dict[str, str]) -> Response:
        campaign_id = parse_id("campaign", request.path_params["id"])
        path = f"/campaigns/{format_id('campaign', campaign_id)}"
        who = self.door.sessions.find(request)
        if who is None:
            return RedirectResponse(sign_in_path(f"{path}/send"), SEE_OTHER)
        try:
            with writing(self.engine) as session:
                schedule = _schedule(session, who, form)
                campaign_control.send(session, who.workspace_id, campaign_id, self.clock(), schedule)
        except Conflict:
            # It was sent: by the same form sent twice, or by somebody quicker. The campaign tells.
            return RedirectResponse(path, SEE_OTHER)
        except (Forbidden, InvalidRequest) as problem:
            speech = speech_for(request, who)
            return self._show(request, who, campaign_id, refused(form, problem, speech), problem)
        return RedirectResponse(path, SEE_OTHER)

    def _show(
        self,
        request: Request,
        who: SignedIn,
        campaign_id: int,
        form: Filled | None = None,
        problem: Problem | None = None,
    ) -> Response:
        with reading(self.engine) as session:
            found = read_sendable(session, who.workspace_id, campaign_id, self.short_url, self.clock())
        if found is None:
            return RedirectResponse(f"/campaigns/{format_id('campaign', campaign_id)}", SEE_OTHER)
        page = make_send_page(found, who, speech_for(request, who), form, problem)
        return render(request, "send.html", who, problem.status if problem else OK, page=page)


def _schedule(session: Session, who: SignedIn, form: dict[str, str]) -> Schedule | None:
    """When it is to be sent; None: now. Raises InvalidRequest `schedule_invalid`, also where the form says neither."""
    if form.get(WHEN) == NOW:
        return None
    at = form.get(AT, "") if form.get(WHEN) == LATER else ""
    timezone = RECIPIENT if form.get(ZONE) == RECIPIENT else None
    return campaign_control.read_times(session, who.workspace_id, at, timezone)
