"""Taking the forms below the rows behind a number: a segment is kept, a draft to these people is made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from anyio import to_thread
from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.figures import label_of, rows_path
from dashboards.forms import Filled, read_trusted_form
from dashboards.keeping import CAMPAIGN_NAME, FILTER, SEGMENT_NAME, keeping_of, left_out_in, refused
from dashboards.pages.door import Door
from dashboards.pages.sign_in import SEE_OTHER, sign_in_path
from dashboards.rendering import render
from dashboards.segment_rows import segment_path
from dashboards.sessions import speech_for
from linksvc.accounts import SignedIn
from linksvc.clock import Clock
from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest
from linksvc.follow_ups import NewFollowUp, create_follow_up
from linksvc.funnel import read_funnel
from linksvc.message_filters import MessageFilter
from linksvc.message_totals import count_messages
from linksvc.public_ids import format_id, parse_id
from linksvc.segments import keep_segment


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a form asks for."""

    who: SignedIn
    campaign_id: int
    chosen: MessageFilter
    form: dict[str, str]

    @property
    def rows(self) -> str:
        return rows_path(self.campaign_id, self.chosen)


@dataclass(frozen=True, slots=True)
class KeepingPages:
    """The handlers. `short_url` is the installation's, to which no link may lead."""

    engine: Engine
    clock: Clock
    door: Door
    short_url: str

    def routes(self) -> list[Route]:
        return [
            Route("/campaigns/{id}/segments", self._taking(self._keep, SEGMENT_NAME), methods=["POST"]),
            Route("/campaigns/{id}/follow-ups", self._taking(self._send, CAMPAIGN_NAME), methods=["POST"]),
        ]

    def _taking(self, act: Callable[[_Wish], str], field: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            form = await read_trusted_form(request)
            return await to_thread.run_sync(self._take, request, dict(form), act, field)

        return endpoint

    def _take(self, request: Request, form: dict[str, str], act: Callable[[_Wish], str], field: str) -> Response:
        """Does it and leads on, or shows the form again with what is wrong."""
        campaign_id = parse_id("campaign", request.path_params["id"])
        try:
            chosen = MessageFilter.parse(dict(parse_qsl(form.get(FILTER, ""), max_num_fields=20)))
        except (InvalidRequest, ValueError) as error:
            raise HTTPException(400) from error
        who = self.door.sessions.find(request)
        if who is None:
            return RedirectResponse(sign_in_path(rows_path(campaign_id, chosen)), SEE_OTHER)
        wish = _Wish(who, campaign_id, chosen, form)
        try:
            return RedirectResponse(act(wish), SEE_OTHER)
        except (Conflict, InvalidRequest) as problem:
            return self._show(request, wish, refused(field, form, problem, speech_for(request, who)), problem.status)

    def _keep(self, wish: _Wish) -> str:
        with writing(self.engine) as session:
            name = wish.form.get(SEGMENT_NAME, "")
            kept = keep_segment(session, wish.who.workspace_id, wish.campaign_id, wish.chosen, name, self.clock())
        return f"{segment_path(kept.id)}?kept"

    def _send(self, wish: _Wish) -> str:
        new = NewFollowUp(wish.form.get(CAMPAIGN_NAME, ""), wish.chosen, left_out_in(wish.form))
        with writing(self.engine) as session:
            workspace_id, now = wish.who.workspace_id, self.clock()
            made = create_follow_up(session, workspace_id, wish.campaign_id, new, now, self.short_url)
        return f"/campaigns/{format_id('campaign', made)}"

    def _show(self, request: Request, wish: _Wish, form: Filled, status: int) -> Response:
        speech = speech_for(request, wish.who)
        with reading(self.engine) as session:
            funnel = read_funnel(session, wish.who.workspace_id, wish.campaign_id)
            people = count_messages(session, wish.campaign_id, wish.chosen)
        return render(
            request,
            "keep.html",
            wish.who,
            status,
            campaign=funnel.name,
            title=label_of(speech, wish.chosen.stage),
            back=wish.rows,
            keeping=keeping_of(funnel, wish.chosen, people, speech, form),
        )
