"""What a reader is told when a page cannot be shown."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboards.pages.till_door import HOME as TILL
from dashboards.rendering import render
from dashboards.security import HEADERS
from dashboards.sessions import HOME
from linksvc.errors import Problem

_TOLD = {403: 403, 404: 404, 422: 404, 500: 500}
"""Which words go with which status: an address that names no page, stage or row is told as one that does not exist."""


def on_problem(request: Request, error: Exception) -> Response:
    """A domain error: nothing by that name, or an address that makes no sense."""
    if not isinstance(error, Problem):
        return _page(request, 500)
    return _page(request, error.status, error.errors[0].field if error.errors and error.status == 422 else "")


def on_http_error(request: Request, error: Exception) -> Response:
    """What Starlette or a form raised: 404, 405, 403, 413, 400."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    response = _page(request, status)
    response.headers.update(getattr(error, "headers", None) or {})
    return response


def on_crash(request: Request, _: Exception) -> Response:
    """A bug or a lost database. This answer is made outside the middleware, so it brings its own headers."""
    response = _page(request, 500)
    response.headers.update(HEADERS)
    return response


def _page(request: Request, status: int, part: str = "") -> Response:
    """`part`: what of the address is wrong, where that is known."""
    told = _TOLD.get(status, 400)
    home, back = (TILL, "error.back.till") if request.url.path.startswith(TILL) else (HOME, "error.back.campaigns")
    status = 404 if status == 422 else status
    return render(request, "error.html", status=status, key=f"error.{told}", home=home, back=back, part=part)
