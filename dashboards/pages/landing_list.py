"""The list of landing pages, and making one."""

from dataclasses import dataclass
from datetime import timedelta

from anyio import to_thread
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.editor.starters import STARTERS, starter_document
from dashboards.forms import Filled, read_trusted_form
from dashboards.page_rows import page_path, page_rows
from dashboards.page_uses import read_uses
from dashboards.pages.door import Door
from dashboards.pages.sign_in import SEE_OTHER, sign_in_path
from dashboards.rendering import render
from dashboards.sessions import language_of, speech_for
from linksvc.accounts import SignedIn
from linksvc.clock import Clock
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from linksvc.landing.documents import Document
from linksvc.landing.pages import Page, create_page, find_page, list_pages
from linksvc.names import LONGEST
from linksvc.public_ids import parse_id

HOME = "/pages"
ROWS = 50

TWICE_WITHIN = timedelta(minutes=1)
"""Of the same page made again right away, the second press of a button is meant."""


@dataclass(frozen=True, slots=True)
class LandingList:
    """The handlers of /pages."""

    engine: Engine
    clock: Clock
    door: Door

    def routes(self) -> list[Route]:
        return [
            Route(HOME, self.door.opened(self.index), methods=["GET"]),
            Route(HOME, self.create, methods=["POST"]),
        ]

    def index(self, request: Request, who: SignedIn) -> Response:
        """GET /pages?after=: newest first."""
        return self._show(request, who, Filled({"starter": next(iter(STARTERS))}))

    def _show(self, request: Request, who: SignedIn, form: Filled, status: int = 200) -> Response:
        after = _after(request)
        with reading(self.engine) as session:
            found = list_pages(session, who.workspace_id, after, ROWS)
            uses = read_uses(session, who.workspace_id, [page.id for page in found.pages])
        return render(
            request,
            "pages.html",
            who,
            status,
            rows=page_rows(found.pages, uses, speech_for(request, who)),
            older=f"{HOME}?after={found.next_after}" if found.next_after else None,
            is_first=after is None,
            is_deleted="deleted" in request.query_params,
            starters=tuple(STARTERS),
            form=form,
        )

    async def create(self, request: Request) -> Response:
        """POST /pages: makes a page of a starter, and on to its editor."""
        form = await read_trusted_form(request)
        return await to_thread.run_sync(self._create, request, dict(form))

    def _create(self, request: Request, form: dict[str, str]) -> Response:
        who = self.door.sessions.find(request)
        if who is None:
            return RedirectResponse(sign_in_path(HOME), SEE_OTHER)
        starter = form.get("starter", "")
        if starter not in STARTERS:
            raise HTTPException(400)
        document = starter_document(starter, language_of(request))
        try:
            with writing(self.engine) as session:
                page = self._just_made(session, who, form.get("name", ""), document)
                page = page or create_page(session, who.workspace_id, form.get("name", ""), document, self.clock())
        except InvalidRequest:
            message = speech_for(request, who).say("editor.wrong.name", most=LONGEST)
            return self._show(request, who, Filled(form, {"name": message}), 422)
        return RedirectResponse(f"{page_path(page.id)}?made", SEE_OTHER)

    def _just_made(self, session: Session, who: SignedIn, name: str, document: Document) -> Page | None:
        """The same page, made a moment ago and not changed since: the form was sent twice."""
        for latest in list_pages(session, who.workspace_id, None, 1).pages:
            is_new = latest.version == 1 and self.clock() - latest.created_at < TWICE_WITHIN
            if is_new and latest.name == name.strip():
                page = find_page(session, who.workspace_id, latest.id)
                return page if page.document == document else None
        return None


def _after(request: Request) -> int | None:
    """Where the list goes on. Raises NotFound for what is no page."""
    text = request.query_params.get("after", "")
    if not text:
        return None
    return parse_id("page", f"pag_{text}")
