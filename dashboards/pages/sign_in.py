"""The ways in and out: a password, a one-time link, the door; and the choice of language."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards import sessions
from dashboards.forms import is_trusted, read_form, read_trusted_form
from dashboards.rendering import render
from dashboards.sessions import HOME, Sessions, safe_path
from dashboards.streams import Streams
from linksvc.accounts import SignedIn, check_password, use_sign_in_link
from linksvc.clock import Clock
from linksvc.database import reading, writing

SEE_OTHER = 303

PASSWORDS_AT_ONCE = 2
"""Each check of a password takes a core and 64 MB on purpose; a flood of them must leave room for everybody else."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The handlers. `checking` keeps few passwords under check at a time; `streams` end with the session."""

    engine: Engine
    clock: Clock
    sessions: Sessions
    checking: CapacityLimiter
    streams: Streams

    def routes(self) -> list[Route]:
        return [
            Route("/sign-in", self.show, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-in/link/{token}", self.show_link, methods=["GET"]),
            Route("/sign-in/link/{token}", self.use_link, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/language", self.switch_language, methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        """GET /sign-in?next=: the form, or straight on for whoever is signed in."""
        target = safe_path(request.query_params.get("next", HOME))
        if self.sessions.find(request):
            return RedirectResponse(target, SEE_OTHER)
        return _form(request, {"next": target})

    async def sign_in(self, request: Request) -> Response:
        """POST /sign-in: checks e-mail and password, and says nothing about which of the two was wrong."""
        form = await read_form(request)
        if not is_trusted(request, form):
            return _form(request, form, error="sign_in.stale", status=403)
        email, password = form.get("email", "").strip(), form.get("password", "")
        if not email or not password:
            return _form(request, form, status=422, no_email=not email, no_password=not password)
        who = await to_thread.run_sync(self._check, email, password, limiter=self.checking)
        if who is None:
            return _form(request, form, error="sign_in.wrong", status=401)
        self.sessions.begin(request, who)
        return RedirectResponse(safe_path(form.get("next", HOME)), SEE_OTHER)

    def _check(self, email: str, password: str) -> SignedIn | None:
        with reading(self.engine) as session:
            return check_password(session, email, password)

    def show_link(self, request: Request) -> Response:
        """GET /sign-in/link/{token}: a button, so that a machine that previews the link does not use it up."""
        return render(request, "sign_in_link.html", action=request.url.path)

    async def use_link(self, request: Request) -> Response:
        """POST /sign-in/link/{token}: signs in, once."""
        await read_trusted_form(request)
        who = await to_thread.run_sync(self._use, request.path_params["token"])
        if who is None:
            return _form(request, {}, error="link.spent", status=401)
        self.sessions.begin(request, who)
        return RedirectResponse(HOME, SEE_OTHER)

    def _use(self, token: str) -> SignedIn | None:
        with writing(self.engine) as session:
            return use_sign_in_link(session, token, self.clock())

    async def sign_out(self, request: Request) -> Response:
        """POST /sign-out."""
        await read_trusted_form(request)
        if user_id := sessions.end(request):
            self.streams.end(user_id)
        return RedirectResponse("/sign-in", SEE_OTHER)

    async def switch_language(self, request: Request) -> Response:
        """POST /language: keeps the language and goes back to the page it was asked from."""
        form = await read_trusted_form(request)
        sessions.keep_language(request, form.get("language", ""))
        return RedirectResponse(safe_path(form.get("next", HOME)), SEE_OTHER)


def sign_in_path(wanted: str) -> str:
    """The sign-in page that leads on to `wanted`."""
    return f"/sign-in?{urlencode({'next': wanted})}"


def _form(
    request: Request,
    typed: Mapping[str, str],
    *,
    error: str = "",
    status: int = 200,
    no_email: bool = False,
    no_password: bool = False,
) -> Response:
    return render(
        request,
        "sign_in.html",
        status=status,
        email=typed.get("email", ""),
        next=safe_path(typed.get("next", HOME)),
        error=error,
        no_email=no_email,
        no_password=no_password,
    )
