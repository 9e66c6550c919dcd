"""Draws the editor: what was typed, and beside it what the database knows: who uses the page, which pictures there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from zoneinfo import available_timezones

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from dashboards.editor.differences import SHOWN_MOST, Difference, differences
from dashboards.editor.form import EditorForm
from dashboards.editor.pictures import MOST_MB, chosen_pictures, read_offered
from dashboards.editor.trees import Tree, list_at, pack, text_at
from dashboards.page_rows import other_uses, page_path, state_of, used_by
from dashboards.page_uses import Uses, read_uses
from dashboards.rendering import render
from dashboards.security import CONTENT_SECURITY_POLICY
from dashboards.sessions import speech_for
from dashboards.speech import Speech
from linksvc.accounts import SignedIn
from linksvc.landing.pages import Page

POLICY = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
"""The editor shows one frame: the preview, which comes from here too."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a button did: `level` good, info, warning or error. `removed`: what can be put back."""

    level: str
    text: str
    removed: str = ""


@dataclass(frozen=True, slots=True)
class Clash:
    """What somebody else changed; `more` tells of what is not shown."""

    differences: tuple[Difference, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Screen:
    """One page as it is edited. `version` is the draft's that a save replaces, `base` what it holds."""

    page: Page
    tree: Tree
    version: int
    base: Tree
    faults: Mapping[str, str] = field(default_factory=dict)
    focus: str = ""
    notice: Notice | None = None
    clash: Clash | None = None
    is_clean: bool = False
    """Nothing was typed since it was stored."""


def read_clash(base: Tree, theirs: Tree, yours: Tree, speech: Speech) -> Clash:
    found = differences(base, theirs, yours, speech)
    hidden = len(found) - SHOWN_MOST
    return Clash(found[:SHOWN_MOST], speech.say("editor.clash.more", count=hidden) if hidden > 0 else "")


def show_editor(session: Session, request: Request, who: SignedIn, screen: Screen, status: int) -> Response:
    speech, page = speech_for(request, who), screen.page
    uses = read_uses(session, who.workspace_id, [page.id]).get(page.id, Uses())
    response = render(
        request,
        "page_editor.html",
        who,
        status,
        form=EditorForm(screen.tree, speech, screen.faults, screen.focus),
        screen=screen,
        base=pack(screen.base),
        path=page_path(page.id),
        state=state_of(page),
        state_words=_state_words(page, speech),
        uses=uses,
        campaigns=used_by(uses),
        other_uses=other_uses(uses, speech),
        pictures=read_offered(session, who.workspace_id, chosen_pictures(screen.tree), speech),
        picture_most_mb=MOST_MB,
        zones=_zones() if _has_countdown(screen.tree) else (),
        preview_language=text_at(screen.tree, "preview_language"),
    )
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _state_words(page: Page, speech: Speech) -> str:
    if page.published_at is None:
        return speech.say("editor.state.draft")
    return speech.say(f"editor.state.{state_of(page)}", time=speech.day_and_time(page.published_at))


def _has_countdown(tree: Tree) -> bool:
    return any(text_at(block, "type") == "countdown" for block in list_at(tree, "blocks"))


@cache
def _zones() -> tuple[str, ...]:
    """Those that are called by a place."""
    return tuple(
        sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix", "US/")))
    )
