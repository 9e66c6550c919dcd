"""Around every request: its id, its line in the log, and the last net under an error nobody expected."""

import re
import time

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linksvc.api.problems import InternalError, response_to
from linksvc.random_digits import draw_digits

log = structlog.get_logger()

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
"""What is taken as a caller's own id; anything else is replaced, so that no one writes into our logs."""

_CLIENT_CLOSED = 499
"""What the log says when nobody waits for the answer any more."""


class RequestIds:
    """ASGI middleware. `request.state.request_id` is the id, the log's context and the header Request-Id hold it too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("request-id", "")
        request_id = given if _SANE.fullmatch(given) else f"req_{draw_digits()}"
        scope.setdefault("state", {}).update(request_id=request_id, operation="none")
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._answer(scope, receive, send, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        status, started = 0, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = _CLIENT_CLOSED
        except Exception:
            log.exception("request failed", action="api.fail", operation=scope["state"]["operation"])
            if status:  # The answer has begun; the server must cut it off, or it would pass for a whole one.
                raise
            problem = InternalError("Something broke on our side. Tell us the request_id.", retryable=True)
            await response_to(problem, request_id)(scope, receive, send_with_id)
        took_ms = round((time.perf_counter() - started) * 1_000, 1)
        log.info(
            "request answered",
            action="api.answer",
            operation=scope["state"]["operation"],
            method=scope["method"],
            status=status,
            took_ms=took_ms,
        )
