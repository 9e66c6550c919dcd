"""The HTTP API: `create_api` assembles it from the table of operations. The command line and the tests call it."""

from itertools import groupby

from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from linksvc.api.callers import Callers
from linksvc.api.endpoint import Endpoint
from linksvc.api.limits import Limits, RateLimits
from linksvc.api.openapi import make_document
from linksvc.api.operation import Installation, Operation
from linksvc.api.operations import OPERATIONS
from linksvc.api.problems import DATABASE_TROUBLE, answer_database_trouble, answer_http_exception, answer_problem
from linksvc.api.request_ids import RequestIds
from linksvc.clock import Clock, now
from linksvc.errors import Problem
from linksvc.keys import Keyring
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks


def create_api(
    settings: Settings, engine: Engine, keyring: Keyring, clock: Clock = now, limits: Limits | None = None
) -> Starlette:
    """The API under /v1, its description at /openapi.json, and /healthz. `limits` are the process's, its own if there is
    nobody to share them with."""
    limits = limits or Limits(settings)
    installation = Installation(engine, settings, keyring, ShortLinks(keyring, settings), clock, limits)
    callers = Callers(installation)
    routes = [Endpoint(path, operations, installation, callers).route for path, operations in _by_path()]
    api = Starlette(
        routes=[_document_route(settings.public_url), *routes],
        middleware=[Middleware(RequestIds), Middleware(RateLimits, limits=limits)],
        exception_handlers={
            Problem: answer_problem,
            HTTPException: answer_http_exception,
            **dict.fromkeys(DATABASE_TROUBLE, answer_database_trouble),
        },
    )
    # A redirect to the same path with a slash less would make clients repeat a POST at an address we guessed.
    api.router.redirect_slashes = False
    return api


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
