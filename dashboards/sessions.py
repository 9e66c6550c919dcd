"""Who is signed in, in which language, and the token that proves a form came from our own page.

The session is a signed cookie (Starlette's SessionMiddleware); what it says is asked of the database again at each
request, so a user who was removed is out at once.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import Engine
from starlette.requests import Request

from dashboards.speech import LANGUAGES, Language, Speech, choose_language
from linksvc.accounts import SignedIn, find_signed_in
from linksvc.clock import Clock
from linksvc.database import reading

HOME = "/campaigns"

_USER, _SINCE, _CSRF, _LANGUAGE = "user_id", "signed_in_at", "csrf", "language"


@dataclass(frozen=True, slots=True)
class Sessions:
    """Reads and writes the session of a request. `lasts` counts from signing in, however busy the browser is."""

    engine: Engine
    clock: Clock
    lasts: timedelta

    def find(self, request: Request) -> SignedIn | None:
        """Who is signed in, if anybody is."""
        user_id, since = request.session.get(_USER), request.session.get(_SINCE)
        if not isinstance(user_id, int) or not isinstance(since, int | float):
            return None
        if self.clock().timestamp() - since >= self.lasts.total_seconds():
            return None
        with reading(self.engine) as session:
            return find_signed_in(session, user_id)

    def begin(self, request: Request, who: SignedIn) -> None:
        """Signs in. Nothing of the session before survives but the language, so nobody can plant one beforehand."""
        language = request.session.get(_LANGUAGE)
        request.session.clear()
        request.session.update({_USER: who.user_id, _SINCE: self.clock().timestamp(), _CSRF: secrets.token_urlsafe(32)})
        if language:
            request.session[_LANGUAGE] = language


def end(request: Request) -> int | None:
    """Signs out; returns which user it was, if anybody. The language stays: it says nothing about who was here."""
    language, user_id = request.session.get(_LANGUAGE), request.session.get(_USER)
    request.session.clear()
    if language:
        request.session[_LANGUAGE] = language
    return user_id if isinstance(user_id, int) else None


def csrf_token(request: Request) -> str:
    """The token that this browser's forms carry; made when first asked for."""
    return str(request.session.setdefault(_CSRF, secrets.token_urlsafe(32)))


def new_csrf_token(request: Request) -> None:
    """Forgets the token: what was drawn before somebody came in is not believed afterwards."""
    request.session.pop(_CSRF, None)


def is_our_form(request: Request, presented: str) -> bool:
    """Whether a form carries the token of this browser's session."""
    expected = request.session.get(_CSRF)
    return isinstance(expected, str) and secrets.compare_digest(expected.encode(), presented.encode())


def language_of(request: Request) -> Language:
    """The language that was switched to, or else the first that the browser asks for."""
    kept = request.session.get(_LANGUAGE) if "session" in request.scope else None
    for language in LANGUAGES:
        if kept == language:
            return language
    return choose_language(request.headers.get("accept-language", ""))


def keep_language(request: Request, wanted: str) -> None:
    """Keeps the language for this browser; one that the pages do not speak changes nothing."""
    if wanted in LANGUAGES:
        request.session[_LANGUAGE] = wanted


def speech_for(request: Request, who: SignedIn | None = None) -> Speech:
    return Speech(language_of(request), who.timezone if who else "UTC")


def safe_path(wanted: str) -> str:
    """`wanted` if it is a path of this site, else the campaigns: no form of ours sends anybody elsewhere.

    Browsers read a backslash as a slash and drop control characters, so an address with either is refused.
    """
    if not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted or not wanted.isprintable():
        return HOME
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc else wanted
