"""The way of every request: who asks, may they, what do they ask; then the handler in the thread pool, or with what others
ask at the same moment; then its answer."""

import re
from collections.abc import Mapping, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from linksvc.api.callers import Callers
from linksvc.api.limits import KEY
from linksvc.api.operation import NOBODY, Call, Download, Given, Installation, Operation, Prepared, Streamed, Upload
from linksvc.api.parsing import read_form, read_json, read_lines, read_pairs, read_raw
from linksvc.api.passage import Passage
from linksvc.api.payloads import Parameters
from linksvc.api.problems import MalformedRequest
from linksvc.api_keys import Caller
from linksvc.errors import Unauthenticated
from linksvc.gathering import Gathering
from linksvc.public_ids import check_drawn_id, parse_id

GROUP_MOST = 64
"""Calls that are done together: many enough for what a commit costs, and few enough for whoever waits for it."""

GROUPS_AT_A_TIME = 2
"""On PostgreSQL: one is judged while another one's rows are on their way to disk. On SQLite who writes is alone."""

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class NoParameters(Parameters):
    """The query of an operation that takes none: whatever stands there is a mistake worth telling."""


_NO_PARAMETERS = NoParameters()
_NO_UPLOAD = Upload("", b"")


class Endpoint:
    """All operations of one path."""

    def __init__(self, path: str, operations: Sequence[Operation], installation: Installation, callers: Callers) -> None:
        self._operations: Mapping[str, Operation] = {operation.method: operation for operation in operations}
        self._installation = installation
        self._callers = callers
        rounds = 1 if installation.engine.dialect.name == "sqlite" else GROUPS_AT_A_TIME
        self._gatherings = {
            operation.method: Gathering(
                operation.name, operation.group, GROUP_MOST, rounds, operation.group_names, operation.group_own_name
            )
            for operation in operations
            if operation.group
        }
        self.route = Route(path, self, methods=list(self._operations))
        self.methods = frozenset(self.route.methods or ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI: what starlette puts around a function costs as much as the way through here."""
        passage: Passage = scope["state"]["passage"]
        operation = self._operations["GET" if scope["method"] == "HEAD" else scope["method"]]
        passage.operation = operation.name
        caller = await self._caller(operation, passage)
        call = await self._call(operation, caller, Request(scope, receive), passage)
        await _send(await self._do(operation, call, passage), operation, scope, receive, send)

    async def _do(self, operation: Operation, call: Call[object, object], passage: Passage) -> Given:
        if gathering := self._gatherings.get(operation.method):
            if done := await gathering.ask(call):
                return done
            # The group asks whether a key still opens of those alone that it does.
            await self._callers.find(_bearer(passage))
        return await run_in_threadpool(operation.handler, call)

    async def _caller(self, operation: Operation, passage: Passage) -> Caller:
        if operation.scope is None:
            return NOBODY
        presented = _bearer(passage)
        known = self._callers.recall(presented) if operation.group else None
        caller = known or await self._callers.find(presented)
        passage.admit(KEY, str(caller.key_id))
        caller.require(operation.scope)
        return caller

    async def _call(self, operation: Operation, caller: Caller, request: Request, passage: Passage) -> Call[object, object]:
        ids, drawn = self._ids(operation, request)
        query: object = _NO_PARAMETERS
        if operation.query or request.scope["query_string"]:
            query = read_pairs(request.query_params.multi_items(), operation.query or NoParameters)
        idempotency_key = _idempotency_key(operation, passage)
        body, upload = await self._body(operation, request, passage)
        return Call(
            installation=self._installation,
            caller=caller,
            body=body,
            query=query,
            ids=ids,
            drawn_ids=drawn,
            upload=upload,
            headers={name: passage.headers[name] for name in operation.headers if name in passage.headers},
            idempotency_key=idempotency_key,
            request_id=passage.request_id,
            network=passage.network,
            method=operation.method,
            path=request.scope["path"],
            status=operation.status,
        )

    @staticmethod
    def _ids(operation: Operation, request: Request) -> tuple[dict[str, int], dict[str, str]]:
        found = request.scope.get("path_params")
        if not found:
            return {}, {}
        ids = {name: parse_id(kind, found[name]) for name, kind in operation.path_ids.items()}
        return ids, {name: check_drawn_id(kind, found[name]) for name, kind in operation.path_drawn_ids.items()}

    async def _body(self, operation: Operation, request: Request, passage: Passage) -> tuple[object, Upload]:
        most_bytes, headers = operation.body_most_bytes, passage.headers
        if operation.body_raw:
            return None, Upload("", await read_raw(headers, request.receive, most_bytes))
        if operation.body is None:
            return None, _NO_UPLOAD
        if operation.multipart:
            file_most_bytes = operation.file_most_bytes or self._installation.settings.import_max_bytes
            return await read_form(request, headers, operation.body, file_most_bytes)
        if operation.body_optional and _is_bodiless(headers):
            return operation.body(), _NO_UPLOAD
        if operation.body_lines:
            return await read_lines(headers, request.receive, most_bytes), _NO_UPLOAD
        return await read_json(headers, request.receive, operation.body, most_bytes), _NO_UPLOAD


def _is_bodiless(headers: Mapping[str, str]) -> bool:
    return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers


def _bearer(passage: Passage) -> str:
    scheme, _, presented = passage.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not presented.strip():
        raise Unauthenticated("Send your key in a header: Authorization: Bearer rk_live_...", code="api_key_missing")
    return presented.strip()


def _idempotency_key(operation: Operation, passage: Passage) -> str:
    key = None if operation.idempotency_key == "none" else passage.headers.get("idempotency-key")
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


async def _send(given: Given, operation: Operation, scope: Scope, receive: Receive, send: Send) -> None:
    if isinstance(given, Prepared):
        await _send_whole(given, send)
    elif isinstance(given, Download):
        headers = {"Content-Disposition": f'attachment; filename="{given.file_name}"'}
        await StreamingResponse(given.chunks, operation.status, headers, given.media_type)(scope, receive, send)
    elif isinstance(given, Streamed):
        await StreamingResponse(given.lines, operation.status, media_type=operation.media_type)(scope, receive, send)
    else:
        await _send_whole(Prepared(operation.status, given.model_dump_json().encode(), "application/json", {}), send)


async def _send_whole(given: Prepared, send: Send) -> None:
    """What starlette's own response sends, which takes as long for its headers as pydantic for the body."""
    charset = "; charset=utf-8" if given.media_type.startswith("text/") else ""
    headers = [
        *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in given.headers.items()),
        (b"content-length", str(len(given.body)).encode()),
        (b"content-type", f"{given.media_type}{charset}".encode("latin-1")),
    ]
    await send({"type": "http.response.start", "status": given.status, "headers": headers})
    await send({"type": "http.response.body", "body": given.body})
