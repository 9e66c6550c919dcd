"""The segments: their list, the people of each, renaming and deleting."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from anyio import to_thread
from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.forms import Filled, read_trusted_form
from dashboards.keeping import SEGMENT_NAME, refused
from dashboards.pages.door import Door
from dashboards.pages.sign_in import SEE_OTHER, sign_in_path
from dashboards.rendering import render
from dashboards.segment_rows import HOME, MEMBER_COLUMNS, member_cells, segment_path, segment_rows, segment_texts
from dashboards.sessions import speech_for
from linksvc.accounts import SignedIn
from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest
from linksvc.public_ids import format_id, parse_id
from linksvc.segments import NAMED_MOST, delete_segment, list_members, list_segments, rename_segment, uses_of

ROWS = 50

_Act = Callable[[Request, SignedIn, int, dict[str, str]], Response]


@dataclass(frozen=True, slots=True)
class SegmentPages:
    """The handlers of /segments."""

    engine: Engine
    door: Door

    def routes(self) -> list[Route]:
        one = f"{HOME}/{{id}}"
        return [
            Route(HOME, self.door.opened(self.index)),
            Route(one, self.door.opened(self.members)),
            Route(f"{one}/rename", self._taking(self._rename), methods=["POST"]),
            Route(f"{one}/delete", self._taking(self._delete), methods=["POST"]),
        ]

    def index(self, request: Request, who: SignedIn) -> Response:
        """GET /segments?before=: newest first."""
        before = _number(request, "before")
        with reading(self.engine) as session:
            found = list_segments(session, who.workspace_id, before, ROWS)
        return render(
            request,
            "segments.html",
            who,
            rows=segment_rows(found.segments, speech_for(request, who)),
            older=f"{HOME}?before={found.next_before}" if found.next_before else None,
            is_first=before is None,
            is_deleted="deleted" in request.query_params,
        )

    def members(self, request: Request, who: SignedIn) -> Response:
        """GET /segments/{id}?after=: its people, exactly as many as it counts."""
        return self._show(request, who, parse_id("segment", request.path_params["id"]))

    def _show(
        self, request: Request, who: SignedIn, segment_id: int, form: Filled | None = None, status: int = 200
    ) -> Response:
        after, speech = _number(request, "after"), speech_for(request, who)
        with reading(self.engine) as session:
            page = list_members(session, who.workspace_id, segment_id, after, ROWS)
            uses = uses_of(session, segment_id, NAMED_MOST + 1)
        path = segment_path(segment_id)
        return render(
            request,
            "segment.html",
            who,
            status,
            segment=segment_texts(page.segment, speech),
            is_new="kept" in request.query_params,
            campaigns=[format_id("campaign", campaign_id) for campaign_id in uses[:NAMED_MOST]],
            has_more_campaigns=len(uses) > NAMED_MOST,
            columns=[speech.say(column) for column in MEMBER_COLUMNS],
            rows=[member_cells(member, speech) for member in page.members],
            first_path=None if after is None else path,
            next_path=f"{path}?after={page.next_after}" if page.next_after else None,
            form=form or Filled({SEGMENT_NAME: page.segment.name}),
        )

    def _taking(self, act: _Act) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            form = await read_trusted_form(request)
            return await to_thread.run_sync(self._take, request, dict(form), act)

        return endpoint

    def _take(self, request: Request, form: dict[str, str], act: _Act) -> Response:
        segment_id = parse_id("segment", request.path_params["id"])
        who = self.door.sessions.find(request)
        if who is None:
            return RedirectResponse(sign_in_path(segment_path(segment_id)), SEE_OTHER)
        return act(request, who, segment_id, form)

    def _rename(self, request: Request, who: SignedIn, segment_id: int, form: dict[str, str]) -> Response:
        try:
            with writing(self.engine) as session:
                rename_segment(session, who.workspace_id, segment_id, form.get(SEGMENT_NAME, ""))
        except (Conflict, InvalidRequest) as problem:
            wrong = refused(SEGMENT_NAME, form, problem, speech_for(request, who))
            return self._show(request, who, segment_id, wrong, problem.status)
        return RedirectResponse(segment_path(segment_id), SEE_OTHER)

    def _delete(self, _: Request, who: SignedIn, segment_id: int, __: dict[str, str]) -> Response:
        # Somebody may have just begun to use it: the page tells.
        with suppress(Conflict):
            with writing(self.engine) as session:
                delete_segment(session, who.workspace_id, segment_id)
            return RedirectResponse(f"{HOME}?deleted", SEE_OTHER)
        return RedirectResponse(segment_path(segment_id), SEE_OTHER)


def _number(request: Request, name: str) -> int | None:
    """Where a list goes on. Raises HTTPException 404 for what is no number: such a page does not exist."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise HTTPException(404)
    return int(text)
