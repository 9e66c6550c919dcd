"""The way of every request: who asks, may they, what do they ask; then the handler in the thread pool; then its answer."""

import re
from collections.abc import Mapping, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from linksvc.api.limits import KEY
from linksvc.api.operation import NOBODY, Call, Download, Given, Installation, Operation, Prepared, Streamed, Upload
from linksvc.api.parsing import read_form, read_json, read_lines, read_pairs
from linksvc.api.payloads import Parameters
from linksvc.api.problems import MalformedRequest
from linksvc.api_keys import Caller, authenticate, is_use_news, note_use
from linksvc.database import reading, writing
from linksvc.errors import Unauthenticated
from linksvc.public_ids import check_drawn_id, parse_id

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class NoParameters(Parameters):
    """The query of an operation that takes none: whatever stands there is a mistake worth telling."""


class Endpoint:
    """All operations of one path."""

    def __init__(self, path: str, operations: Sequence[Operation], installation: Installation) -> None:
        self._operations: Mapping[str, Operation] = {operation.method: operation for operation in operations}
        self._installation = installation
        self.route = Route(path, self.answer, methods=list(self._operations))

    async def answer(self, request: Request) -> Response:
        operation = self._operations["GET" if request.method == "HEAD" else request.method]
        request.state.operation = operation.name
        caller = await self._caller(operation, request)
        call = await self._call(operation, caller, request)
        return _response(operation, await run_in_threadpool(operation.handler, call))

    async def _caller(self, operation: Operation, request: Request) -> Caller:
        if operation.scope is None:
            return NOBODY
        caller = await run_in_threadpool(self._authenticate, _bearer(request))
        request.state.passage.admit(KEY, str(caller.key_id))
        caller.require(operation.scope)
        return caller

    def _authenticate(self, presented: str) -> Caller:
        now = self._installation.clock()
        with reading(self._installation.engine) as session:
            caller = authenticate(session, presented, now)
        if is_use_news(caller, now):
            with writing(self._installation.engine) as session:
                note_use(session, caller, now)
        return caller

    async def _call(self, operation: Operation, caller: Caller, request: Request) -> Call[object, object]:
        ids = {name: parse_id(kind, request.path_params[name]) for name, kind in operation.path_ids.items()}
        drawn = {name: check_drawn_id(kind, request.path_params[name]) for name, kind in operation.path_drawn_ids.items()}
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
            idempotency_key=idempotency_key,
            request_id=request.state.request_id,
            network=request.state.passage.network,
            method=operation.method,
            path=request.url.path,
            status=operation.status,
        )

    async def _body(self, operation: Operation, request: Request) -> tuple[object, Upload]:
        none = Upload("", b"")
        if operation.body is None:
            return None, none
        if operation.multipart:
            return await read_form(request, operation.body, self._installation.settings.import_max_bytes)
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
