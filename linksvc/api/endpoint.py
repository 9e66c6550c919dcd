"""The way of every request: who asks, may they, what do they ask; then the handler in the thread pool, or with what others
ask at the same moment; then its answer."""

import re
from collections.abc import Mapping, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from linksvc.api.callers import Callers
from linksvc.api.limits import KEY
from linksvc.api.operation import NOBODY, Call, Download, Given, Installation, Operation, Prepared, Streamed, Upload
from linksvc.api.parsing import read_form, read_json, read_lines, read_pairs, read_raw
from linksvc.api.payloads import Parameters
from linksvc.api.problems import MalformedRequest
from linksvc.api_keys import Caller
from linksvc.errors import Unauthenticated
from linksvc.gathering import Gathering
from linksvc.public_ids import check_drawn_id, parse_id

GROUP_MOST = 64
"""Calls that are done together: many enough for what a commit costs, and few enough for whoever waits for it."""

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class NoParameters(Parameters):
    """The query of an operation that takes none: whatever stands there is a mistake worth telling."""


_NO_PARAMETERS = NoParameters()


class Endpoint:
    """All operations of one path."""

    def __init__(self, path: str, operations: Sequence[Operation], installation: Installation, callers: Callers) -> None:
        self._operations: Mapping[str, Operation] = {operation.method: operation for operation in operations}
        self._installation = installation
        self._callers = callers
        self._gatherings = {
            operation.method: Gathering(operation.name, operation.group, GROUP_MOST)
            for operation in operations
            if operation.group
        }
        self.route = Route(path, self, methods=list(self._operations))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI: what starlette puts around a function costs as much as the way through here."""
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = self._operations["GET" if request.method == "HEAD" else request.method]
        request.state.operation = operation.name
        caller = await self._caller(operation, request)
        call = await self._call(operation, caller, request)
        return _response(operation, await self._do(operation, call, request))

    async def _do(self, operation: Operation, call: Call[object, object], request: Request) -> Given:
        if gathering := self._gatherings.get(operation.method):
            if done := await gathering.ask(call):
                return done
            await self._callers.find(
                _bearer(request)
            )  # The group asks whether a key still opens of those alone that it does.
        return await run_in_threadpool(operation.handler, call)

    async def _caller(self, operation: Operation, request: Request) -> Caller:
        if operation.scope is None:
            return NOBODY
        find = self._callers.recall if operation.group else self._callers.find
        caller = await find(_bearer(request))
        request.state.passage.admit(KEY, str(caller.key_id))
        caller.require(operation.scope)
        return caller

    async def _call(self, operation: Operation, caller: Caller, request: Request) -> Call[object, object]:
        ids, drawn = self._ids(operation, request)
        query: object = _NO_PARAMETERS
        if operation.query or request.scope["query_string"]:
            query = read_pairs(request.query_params.multi_items(), operation.query or NoParameters)
        idempotency_key = _idempotency_key(operation, request)
        body, upload = await self._body(operation, request)
        return Call(
            installation=self._installation,
            caller=caller,
            body=body,
            query=query,
            ids=ids,
            drawn_ids=drawn,
            upload=upload,
            headers={name: request.headers[name] for name in operation.headers if name in request.headers},
            idempotency_key=idempotency_key,
            request_id=request.state.request_id,
            network=request.state.passage.network,
            method=operation.method,
            path=request.scope["path"],
            status=operation.status,
        )

    @staticmethod
    def _ids(operation: Operation, request: Request) -> tuple[dict[str, int], dict[str, str]]:
        found = request.path_params
        if not found:
            return {}, {}
        ids = {name: parse_id(kind, found[name]) for name, kind in operation.path_ids.items()}
        return ids, {name: check_drawn_id(kind, found[name]) for name, kind in operation.path_drawn_ids.items()}

    async def _body(self, operation: Operation, request: Request) -> tuple[object, Upload]:
        none = Upload("", b"")
        if operation.body_raw:
            return None, Upload("", await read_raw(request, operation.body_most_bytes))
        if operation.body is None:
            return None, none
        if operation.multipart:
            most_bytes = operation.file_most_bytes or self._installation.settings.import_max_bytes
            return await read_form(request, operation.body, most_bytes)
        if operation.body_optional and _is_bodiless(request):
            return operation.body(), none
        if operation.body_lines:
            return await read_lines(request, operation.body_most_bytes), none
        return await read_json(request, operation.body, operation.body_most_bytes), none


def _is_bodiless(request: Request) -> bool:
    return request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers


def _bearer(request: Request) -> str:
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not presented.strip():
        raise Unauthenticated("Send your key in a header: Authorization: Bearer rk_live_...", code="api_key_missing")
    return presented.strip()


def _idempotency_key(operation: Operation, request: Request) -> str:
    key = None if operation.idempotency_key == "none" else request.headers.get("idempotency-key")
    if key is None:
        if operation.idempotency_key != "required":
            return ""
        raise MalformedRequest(
            "Send a header Idempotency-Key, new for each order and the same for its repetitions.",
            code="idempotency_key_missing",
        )
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise MalformedRequest(
            "An Idempotency-Key has 1 to 255 visible ASCII characters, such as a UUID.", code="idempotency_key_malformed"
        )
    return key


def _response(operation: Operation, given: Given) -> Response:
    if isinstance(given, Prepared):
        return Response(given.body, given.status, given.headers, given.media_type)
    if isinstance(given, Download):
        headers = {"Content-Disposition": f'attachment; filename="{given.file_name}"'}
        return StreamingResponse(given.chunks, operation.status, headers, given.media_type)
    if isinstance(given, Streamed):
        return StreamingResponse(given.lines, operation.status, media_type=operation.media_type)
    return Response(given.model_dump_json(), operation.status, media_type="application/json")
