"""Lets whoever is signed in to a page, and shows anybody else the way in. For the pages of landing pages."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards.pages.sign_in import SEE_OTHER, sign_in_path
from dashboards.sessions import Sessions
from linksvc.accounts import SignedIn


@dataclass(frozen=True, slots=True)
class Door:
    sessions: Sessions

    def opened(self, handler: Callable[[Request, SignedIn], Response]) -> Callable[[Request], Response]:
        """A GET for whoever is signed in; it is synchronous, so Starlette runs it in its thread pool."""

        def endpoint(request: Request) -> Response:
            who = self.sessions.find(request)
            if who is None:
                query = f"?{request.url.query}" if request.url.query else ""
                return RedirectResponse(sign_in_path(request.url.path + query), SEE_OTHER)
            return handler(request, who)

        return endpoint
