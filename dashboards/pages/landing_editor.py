"""The page editor: one form, of which every button is a submit button, so everything works without a script. With one, the
same answers are put into the page as it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from anyio import to_thread
from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.editor.changes import Changed, change, put_back
from dashboards.editor.checking import check, missing
from dashboards.editor.conversion import tree_of
from dashboards.editor.languages import change_languages
from dashboards.editor.pictures import store_sent
from dashboards.editor.screen import Notice, Screen, read_clash, show_editor
from dashboards.editor.sending import MOST_BYTES, STRANGER_MOST_BYTES, Sent, read_sent
from dashboards.editor.shapes import is_ours
from dashboards.editor.trees import Tree, read_tree, text_at, unpack
from dashboards.page_rows import page_path
from dashboards.pages.door import Door
from dashboards.pages.landing_list import HOME
from dashboards.pages.sign_in import SEE_OTHER
from dashboards.rendering import render
from dashboards.sessions import speech_for
from dashboards.speech import Speech
from linksvc.accounts import SignedIn
from linksvc.clock import Clock
from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest
from linksvc.landing.documents import Document
from linksvc.landing.pages import Page, delete_page, edit_page, find_page, publish_page
from linksvc.landing.pictures import find_pictures
from linksvc.names import LONGEST
from linksvc.public_ids import parse_id

_DONE = ("made", "saved", "published")
"""What an address says was just done."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """One press of a button: who pressed it, on which page, with what typed. `base` is what the form was opened with."""

    request: Request
    who: SignedIn
    speech: Speech
    page: Page
    tree: Tree
    version: int
    base: Tree
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return text_at(self.tree, "name").strip()


@dataclass(frozen=True, slots=True)
class LandingEditor:
    """The handlers of /pages/{id}."""

    engine: Engine
    clock: Clock
    door: Door

    def routes(self) -> list[Route]:
        return [
            Route("/pages/{id}", self.door.opened(self.open), methods=["GET"]),
            Route("/pages/{id}", self.send, methods=["POST"]),
        ]

    def open(self, request: Request, who: SignedIn) -> Response:
        """GET /pages/{id}: the draft as it is stored."""
        page = self._find(request, who)
        tree = _tree(page)
        done = next((one for one in _DONE if one in request.query_params), "")
        notice = Notice("good", speech_for(request, who).say(f"editor.{done}")) if done else None
        return self._show(request, who, Screen(page, tree, page.version, tree, notice=notice, is_clean=True))

    async def send(self, request: Request) -> Response:
        """POST /pages/{id}: does what the pressed button says to what was typed."""
        who = await to_thread.run_sync(self.door.sessions.find, request)
        sent = await read_sent(request, MOST_BYTES if who else STRANGER_MOST_BYTES)
        return await to_thread.run_sync(self._receive, request, who, sent)

    def _receive(self, request: Request, who: SignedIn | None, sent: Sent) -> Response:
        if who is None:
            # Nothing typed is lost: it waits in the page that says how to come back in.
            return render(request, "editor/signed_out.html", status=401, action=request.url.path, pairs=sent.kept())
        page, speech = self._find(request, who), speech_for(request, who)
        tree, base = read_tree(sent.pairs), unpack(sent.get("base"))
        if not is_ours(tree):
            raise HTTPException(400)
        version = int(sent.get("version")) if sent.get("version").isascii() and sent.get("version").isdigit() else 0
        edit = _Edit(
            request, who, speech, page, tree, version, base if isinstance(base, dict) and is_ours(base) else _tree(page)
        )
        if not sent.is_trusted:
            return self._again(edit, Notice("warning", speech.say("editor.stale")), status=403)
        if sent.files:
            faults = store_sent(self.engine, who.workspace_id, sent.files, tree, speech, self.clock())
            edit = replace(edit, faults=faults)
        wish, _, path = sent.get("do").partition(":")
        return self._do(edit, wish, path, sent)

    def _do(self, edit: _Edit, wish: str, path: str, sent: Sent) -> Response:
        match wish:
            case "" | "save":
                return self._save(edit)
            case "publish":
                return self._save(edit, publish=True)
            case "delete":
                return self._delete(edit)
            case "upload":
                if not edit.faults and not any(file.field == f"{path}.file" for file in sent.files):
                    edit = replace(edit, faults={f"{path}.file": edit.speech.say("picture.wrong.none")})
                return self._again(edit, focus="" if edit.faults else path)
            case "redraw":
                return self._again(edit, focus=f"{path}.kind")
            case "back":
                return self._changed(edit, put_back(edit.tree, sent.get("removed")))
            case "language":
                return self._changed(edit, change_languages(edit.tree, *path.partition(".")[::2]))
        return self._changed(edit, change(edit.tree, wish, path))

    def _changed(self, edit: _Edit, changed: Changed | None) -> Response:
        """The form with what a button of its lists has changed."""
        say = edit.speech.say
        if changed is None:
            return self._again(edit, Notice("warning", say("editor.nothing_changed")))
        if changed.is_full:
            return self._again(edit, Notice("warning", say("editor.full")))
        if changed.removed:
            notice = Notice("info", say("editor.removed", what=_named(edit, changed)), changed.removed)
            return self._again(edit, notice, changed.focus)
        return self._again(edit, focus=changed.focus)

    def _save(self, edit: _Edit, *, publish: bool = False) -> Response:
        checked = check(edit.tree, edit.speech)
        faults = {**_name_fault(edit), **edit.faults, **checked.faults}
        if faults or checked.document is None:
            notice = Notice("error", edit.speech.say("editor.wrong", count=len(faults)))
            return self._again(replace(edit, faults=faults), notice, status=422)
        try:
            with writing(self.engine) as session:
                page = edit_page(
                    session, edit.who.workspace_id, edit.page.id, edit.version, edit.name, checked.document, self.clock()
                )
        except Conflict:
            return self._clash(edit)
        if publish:
            return self._publish(replace(edit, page=page, version=page.version, base=_tree(page)), checked.document)
        return RedirectResponse(f"{page_path(page.id)}?saved", SEE_OTHER)

    def _publish(self, edit: _Edit, document: Document) -> Response:
        """Publishes the draft that was just saved."""
        workspace_id = edit.who.workspace_id
        try:
            with writing(self.engine) as session:
                publish_page(session, workspace_id, edit.page.id, edit.page.version, self.clock())
        except InvalidRequest:
            with reading(self.engine) as session:
                there = find_pictures(session, workspace_id, document.pictures())
            faults = missing(document, there, edit.tree, edit.speech)
            notice = Notice("error", edit.speech.say("editor.missing", count=len(faults)))
            return self._again(replace(edit, faults=faults), notice, status=422)
        except Conflict as error:
            if error.code == "page_needs_offer":
                return self._again(edit, Notice("error", edit.speech.say("editor.needs_offer")), status=409)
            return self._clash(edit)
        return RedirectResponse(f"{page_path(edit.page.id)}?published", SEE_OTHER)

    def _clash(self, edit: _Edit) -> Response:
        """Somebody else was faster: what is typed stays, and what they changed stands beside it."""
        page = self._find(edit.request, edit.who)
        theirs = _tree(page)
        clash = read_clash(edit.base, theirs, edit.tree, edit.speech)
        screen = Screen(page, edit.tree, page.version, theirs, clash=clash)
        return self._show(edit.request, edit.who, screen, 409)

    def _delete(self, edit: _Edit) -> Response:
        try:
            with writing(self.engine) as session:
                delete_page(session, edit.who.workspace_id, edit.page.id)
        except Conflict:
            # A campaign took the page meanwhile: the form says so where the button was.
            return self._again(edit, status=409)
        return RedirectResponse(f"{HOME}?deleted", SEE_OTHER)

    def _again(self, edit: _Edit, notice: Notice | None = None, focus: str = "", status: int = 200) -> Response:
        """The form as it was typed."""
        faults = edit.faults
        screen = Screen(edit.page, edit.tree, edit.version, edit.base, faults, focus, notice)
        return self._show(edit.request, edit.who, screen, 422 if faults and status == 200 else status)

    def _show(self, request: Request, who: SignedIn, screen: Screen, status: int = 200) -> Response:
        with reading(self.engine) as session:
            return show_editor(session, request, who, screen, status)

    def _find(self, request: Request, who: SignedIn) -> Page:
        page_id = parse_id("page", request.path_params["id"])
        with reading(self.engine) as session:
            return find_page(session, who.workspace_id, page_id)


def _tree(page: Page) -> Tree:
    return {"name": page.name, **tree_of(page.document.model_dump(mode="json", exclude_none=True))}


def _named(edit: _Edit, changed: Changed) -> str:
    """What was removed, as its button called it."""
    told = unpack(changed.removed)
    number, place = told["index"] + 1, told["place"].rpartition(".")[2]
    item = told["item"]
    key = f"block.{text_at(item, 'type')}" if place == "blocks" else f"editor.{place.removesuffix('s')}"
    return edit.speech.say("editor.numbered", number=number, what=edit.speech.say(key))


def _name_fault(edit: _Edit) -> dict[str, str]:
    if edit.name and len(edit.name) <= LONGEST and edit.name.isprintable():
        return {}
    return {"name": edit.speech.say("editor.wrong.name", most=LONGEST)}
