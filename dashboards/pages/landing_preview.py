"""The preview of a landing page and what it is made of: the page itself, its script and stylesheet, its pictures.

Only the preview may stand in a frame, and only in one of ours. It may ask nobody for anything, so nothing it does leaves it.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from anyio import to_thread
from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dashboards.editor.pictures import chosen_pictures, read_offered
from dashboards.editor.previews import Viewer, preview_html, readable_document
from dashboards.editor.sending import read_sent
from dashboards.editor.trees import Tree, read_tree, text_at
from dashboards.pages.door import Door
from dashboards.rendering import render
from dashboards.sessions import speech_for
from linksvc.accounts import SignedIn
from linksvc.clock import Clock
from linksvc.database import reading
from linksvc.landing.documents import Document
from linksvc.landing.pages import find_page
from linksvc.landing.pictures import find_content
from linksvc.public_ids import parse_id
from tracker.landing.files import PREFIX, answer_file

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'none'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
)

_HEADERS = {"Content-Security-Policy": POLICY, "X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "no-referrer"}
_IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}


@dataclass(frozen=True, slots=True)
class LandingPreview:
    """The handlers below /pages/{id}/preview, /pages/pictures and the tracker's PREFIX."""

    engine: Engine
    clock: Clock
    door: Door

    def routes(self) -> list[Route]:
        return [
            Route("/pages/{id}/preview", self.door.opened(self.stored), methods=["GET"]),
            Route("/pages/{id}/preview", self.typed, methods=["POST"]),
            Route("/pages/pictures/{digest}.webp", self.picture, methods=["GET"]),
            Route(f"{PREFIX}{{version}}/{{name}}", _file, methods=["GET"]),
        ]

    def stored(self, request: Request, who: SignedIn) -> Response:
        """GET /pages/{id}/preview?language=: the draft as it is stored."""
        page_id = parse_id("page", request.path_params["id"])
        with reading(self.engine) as session:
            document = find_page(session, who.workspace_id, page_id).document
        return self._show(request, who, document, request.query_params.get("language", ""), document.pictures())

    async def typed(self, request: Request) -> Response:
        """POST /pages/{id}/preview: what stands in the form. Nothing is stored."""
        who = await to_thread.run_sync(self.door.sessions.find, request)
        if who is None:
            raise HTTPException(403)
        sent = await read_sent(request)
        if not sent.is_trusted:
            raise HTTPException(403)
        return await to_thread.run_sync(self._typed, request, who, read_tree(sent.pairs))

    def _typed(self, request: Request, who: SignedIn, tree: Tree) -> Response:
        page_id = parse_id("page", request.path_params["id"])
        with reading(self.engine) as session:
            find_page(session, who.workspace_id, page_id)
        document = readable_document(tree)
        return self._show(request, who, document, text_at(tree, "preview_language"), chosen_pictures(tree))

    def _show(
        self, request: Request, who: SignedIn, document: Document | None, language: str, chosen: frozenset[str]
    ) -> Response:
        if document is None:
            response = render(request, "editor/unseen.html", who)
        else:
            with reading(self.engine) as session:
                pictures = read_offered(session, who.workspace_id, chosen, speech_for(request, who))
            viewer = Viewer(who.workspace_id, who.workspace_name, ZoneInfo(who.timezone))
            response = HTMLResponse(preview_html(document, language, pictures, viewer, self.clock()))
        response.headers.update(_HEADERS)
        return response

    def picture(self, request: Request) -> Response:
        """GET /pages/pictures/{digest}.webp: a picture of the reader's workspace; what a digest names never changes."""
        who = self.door.sessions.find(request)
        if who is None:
            raise HTTPException(403)
        digest = request.path_params["digest"]
        with reading(self.engine) as session:
            content = None if "\0" in digest else find_content(session, who.workspace_id, digest)
        if content is None:
            raise HTTPException(404)
        return Response(content, headers=_IMMUTABLE, media_type="image/webp")


def _file(request: Request) -> Response:
    """GET /s/{version}/{name}: the script and the stylesheets of pages, as trackers serve them."""
    accepted = {b"accept-encoding": request.headers.get("accept-encoding", "").encode("latin-1")}
    found = answer_file(request.url.path, accepted)
    if found is None:
        raise HTTPException(404)
    headers = {name.decode(): value.decode() for name, value in found.start["headers"]}
    return Response(found.body["body"], found.status, headers)
