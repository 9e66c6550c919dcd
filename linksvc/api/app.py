"""The HTTP API: `create_api` assembles it from the table of operations. The command line and the tests call it."""

from itertools import groupby

from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from linksvc.api.callers import Callers
from linksvc.api.endpoint import Endpoint
from linksvc.api.front import Front
from linksvc.api.limits import Limits
from linksvc.api.openapi import make_document
from linksvc.api.operation import Installation, Operation
from linksvc.api.operations import OPERATIONS
from linksvc.clock import Clock, now
from linksvc.keys import Keyring
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks


def create_api(
    settings: Settings, engine: Engine, keyring: Keyring, clock: Clock = now, limits: Limits | None = None
) -> ASGIApp:
    """The API under /v1, its description at /openapi.json, and /healthz. `limits` are the process's, its own if there is
    nobody to share them with."""
    limits = limits or Limits(settings)
    installation = Installation(engine, settings, keyring, ShortLinks(keyring, settings), clock, limits)
    callers = Callers(installation)
    endpoints = {path: Endpoint(path, operations, installation, callers) for path, operations in _by_path()}
    routes = [_document_route(settings.public_url), *(endpoint.route for endpoint in endpoints.values())]
    # A redirect to the same path with a slash less would make clients repeat a POST at an address we guessed.
    router = Router(routes, redirect_slashes=False)
    return Front(router, {path: endpoint for path, endpoint in endpoints.items() if "{" not in path}, limits)


def _by_path() -> list[tuple[str, list[Operation]]]:
    """Paths are tried one after the other: what tills ask for, and others at most now and then, comes first."""
    by_path = groupby(sorted(OPERATIONS, key=lambda operation: operation.path), key=lambda operation: operation.path)
    paths = [(path, list(operations)) for path, operations in by_path]
    return sorted(paths, key=lambda one: not any(operation.tries_codes for operation in one[1]))


def _document_route(public_url: str) -> Route:
    document = make_document(OPERATIONS, public_url)

    async def read_document(_: Request) -> Response:
        return Response(document, media_type="application/json")

    return Route("/openapi.json", read_document)
