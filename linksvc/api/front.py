"""Around every request: its id, the quota of its network, the way to its operation, problems as answers, its line in the
log, and the last net under an error nobody expected. `linksvc.api.app` puts it before the router.

One function for all of it: as layers that wrap each other it cost a request as much as what it asks for.
"""

import time
from collections.abc import Mapping

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from linksvc.api.endpoint import Endpoint
from linksvc.api.limits import NETWORK, Limits
from linksvc.api.passage import Passage
from linksvc.api.problems import InternalError, response_of, response_to

_CLIENT_CLOSED = 499
"""What the log says when nobody waits for the answer any more."""


class Front:
    """ASGI. `request.state.passage` is the request's `Passage`; the log's context holds its id too. `endpoints` are those
    that are found by their path alone, without the router."""

    def __init__(self, router: ASGIApp, endpoints: Mapping[str, Endpoint], limits: Limits) -> None:
        self._router = router
        self._endpoints = endpoints
        self._limits = limits
        # Bound once: a logger that is not costs as much as a line, also where the level asks for none.
        self._log = structlog.get_logger().bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return
        started = time.perf_counter()
        passage = Passage(scope, send, self._limits)
        # The router raises what it cannot find only if there is somebody to catch it.
        scope["app"] = self
        scope.setdefault("state", {})["passage"] = passage
        bound = bind_contextvars(request_id=passage.request_id)
        try:
            await self._answer(scope, receive, passage)
            self._tell(scope["method"], passage, started)
        finally:
            reset_contextvars(**bound)
            # The server's `send` holds the request, and with it this: a circle, which the collector would have to find.
            del scope["state"]["passage"]

    async def _answer(self, scope: Scope, receive: Receive, passage: Passage) -> None:
        try:
            passage.admit(NETWORK, passage.network)
            await self._find(scope)(scope, receive, passage.send)
        except ClientDisconnect:
            passage.status = _CLIENT_CLOSED
        except Exception as error:
            # Once the answer has begun the server must cut it off, or it would pass for a whole one.
            response = None if passage.status else response_of(error, passage.request_id)
            if response is None:
                self._log.exception("request failed", action="api.fail", operation=passage.operation)
                if passage.status:
                    raise
                problem = InternalError("Something broke on our side. Tell us the request_id.", retryable=True)
                response = response_to(problem, passage.request_id)
            await response(scope, receive, passage.send)

    def _find(self, scope: Scope) -> ASGIApp:
        endpoint = self._endpoints.get(scope["path"])
        return endpoint if endpoint is not None and scope["method"] in endpoint.methods else self._router

    def _tell(self, method: str, passage: Passage, started: float) -> None:
        self._log.info(
            "request answered",
            action="api.answer",
            operation=passage.operation,
            method=method,
            status=passage.status,
            took_ms=round((time.perf_counter() - started) * 1_000, 1),
        )
