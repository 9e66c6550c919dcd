"""The OpenAPI 3.1 document, made from the table of operations: what is documented is what is served."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from openapi_pydantic import (
    Components,
    Header,
    Info,
    MediaType,
    OpenAPI,
    Parameter,
    PathItem,
    Reference,
    RequestBody,
    Response,
    Responses,
    Schema,
    SecurityScheme,
    Server,
)
from openapi_pydantic import Operation as Documented
from openapi_pydantic.util import PydanticSchema, construct_open_api_with_schema_class
from pydantic import BaseModel

from linksvc.api.operation import Failure, Operation
from linksvc.api.parsing import FILE_PART
from linksvc.api.problems import MEDIA_TYPE as PROBLEM
from linksvc.api.problems import ProblemDetails
from linksvc.public_ids import DRAWN_EXAMPLE, DRAWN_PREFIXES, PREFIXES, DrawnKind, Kind

_DESCRIPTION = """Personal links and promo codes for SMS campaigns.

Send a key in the header `Authorization: Bearer rk_live_...`. Times are RFC 3339 in UTC; amounts are integers in minor
units beside their ISO 4217 currency. Errors are problem details (RFC 9457): depend on `code`, show `detail`. Every answer
has a `Request-Id`; one that you send (letters, digits, `._-`) is taken over.

`RateLimit-Policy` tells how often a key and an address may ask, `RateLimit` what is left of it (`r`) and in how many seconds
all of it is there again (`t`). Beyond that the answer is 429; `Retry-After` says when to ask again."""

_KEYED = (
    Failure(401, "api_key_missing", "No key was sent."),
    Failure(401, "api_key_unknown", "There is no such key."),
    Failure(401, "api_key_revoked", "The key was revoked."),
    Failure(403, "scope_missing", "The key lacks the scope."),
)
_BODY = (
    Failure(400, "malformed_request", "The body cannot be read."),
    Failure(413, "too_large", "The body is too large."),
    Failure(415, "unsupported_media_type", "The Content-Type is another, or the body is compressed."),
)
_JSON = (Failure(400, "json_malformed", "The body is no JSON in UTF-8."),)
_IDS = (Failure(404, "not_found", "There is nothing of that id in this workspace."),)
_INVALID = (Failure(422, "invalid_request", "A field or a parameter is wrong; see `errors`."),)
_IDEMPOTENT = (
    Failure(400, "idempotency_key_missing", "The header Idempotency-Key is missing."),
    Failure(
        400, "idempotency_key_malformed", "The header Idempotency-Key has other than 1 to 255 visible ASCII characters."
    ),
    Failure(409, "request_in_flight", "A request with this key is being answered; repeat it in a moment."),
    Failure(422, "idempotency_key_reused", "This key was used for another request."),
)
_GUESSED = (Failure(429, "too_many_wrong_codes", "Most codes that the key, its shop or the address tried do not exist."),)
_ALWAYS = (
    Failure(429, "too_many_requests", "The key or the address has used up its quota; `Retry-After` says for how long."),
    Failure(500, "internal_error", "Something broke on our side."),
    Failure(503, "unavailable", "The database does not answer; repeat the request."),
)


def make_document(operations: Iterable[Operation], public_url: str) -> bytes:
    """The document as JSON."""
    paths: dict[str, dict[str, Documented]] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method.lower()] = _documented(operation)
    document = OpenAPI(
        info=Info(title="Ricochet", version=version("ricochet-sms"), description=_DESCRIPTION),
        servers=[Server(url=public_url)],
        paths={path: PathItem.model_validate(methods) for path, methods in paths.items()},
        components=Components(
            securitySchemes={"key": SecurityScheme(type="http", scheme="bearer", description="An API key: rk_live_...")},
        ),
    )
    whole = construct_open_api_with_schema_class(document)
    return whole.model_dump_json(by_alias=True, exclude_none=True).encode()


def failures_of(operation: Operation) -> tuple[Failure, ...]:
    """Every error the operation may answer: those of its sort and its own."""
    found: list[Failure] = [*_INVALID]
    if operation.scope is not None:
        found += _KEYED
    if operation.path_ids or operation.path_drawn_ids:
        found += _IDS
    if operation.body is not None:
        found += _BODY if operation.multipart else _BODY + _JSON
    if operation.idempotency_key != "none":
        found += _IDEMPOTENT if operation.idempotency_key == "required" else _IDEMPOTENT[1:]
    if operation.tries_codes:
        found += _GUESSED
    return (*found, *operation.failures, *_ALWAYS)


def _documented(operation: Operation) -> Documented:
    return Documented(
        operationId=operation.name,
        summary=operation.summary,
        description=_described(operation) or None,
        tags=[operation.tag],
        security=[] if operation.scope is None else [{"key": []}],
        parameters=_parameters(operation) or None,
        requestBody=_request_body(operation),
        responses=_responses(operation),
    )


def _described(operation: Operation) -> str:
    scope = f"Needs the scope `{operation.scope}`." if operation.scope else ""
    return "\n\n".join(part for part in (operation.description, scope) if part)


def _parameters(operation: Operation) -> list[Parameter | Reference]:
    found: list[Parameter | Reference] = [_path_parameter(name, kind) for name, kind in operation.path_ids.items()]
    found += [_drawn_path_parameter(name, kind) for name, kind in operation.path_drawn_ids.items()]
    if operation.query:
        found += _query_parameters(operation.query)
    if operation.idempotency_key != "none":
        found.append(_idempotency_parameter(required=operation.idempotency_key == "required"))
    return found


def _idempotency_parameter(*, required: bool) -> Parameter:
    return Parameter.model_validate(
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": required,
            "description": "New for each request, the same for its repetitions: they get the first answer again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        }
    )


def _path_parameter(name: str, kind: Kind) -> Parameter:
    prefix = PREFIXES[kind]
    schema = {"type": "string", "pattern": f"^{prefix}_[1-9][0-9]*$", "examples": [f"{prefix}_12"]}
    return Parameter.model_validate({"name": name, "in": "path", "required": True, "schema": schema})


def _drawn_path_parameter(name: str, kind: DrawnKind) -> Parameter:
    prefix = DRAWN_PREFIXES[kind]
    schema = {"type": "string", "pattern": f"^{prefix}_[0-9a-f]{{32}}$", "examples": [f"{prefix}_{DRAWN_EXAMPLE}"]}
    return Parameter.model_validate({"name": name, "in": "path", "required": True, "schema": schema})


def _query_parameters(model: type[BaseModel]) -> list[Parameter]:
    schema = model.model_json_schema()
    return [
        Parameter.model_validate(
            {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "description": field.pop("description", None),
                "schema": field,
            }
        )
        for name, field in schema["properties"].items()
    ]


def _request_body(operation: Operation) -> RequestBody | None:
    if operation.body is None:
        return None
    if operation.multipart:
        return RequestBody(required=True, content={"multipart/form-data": MediaType(schema=_form(operation.body))})
    return RequestBody(required=not operation.body_optional, content={"application/json": _shape(operation.body)})


def _form(fields: type[BaseModel]) -> Schema:
    schema: dict[str, Any] = fields.model_json_schema()
    schema["properties"] = {
        FILE_PART: {"type": "string", "contentMediaType": "application/octet-stream"},
        **schema.get("properties", {}),
    }
    schema["required"] = [FILE_PART, *schema.get("required", ())]
    return Schema.model_validate(schema)


def _shape(model: type[BaseModel]) -> MediaType:
    return MediaType(schema=PydanticSchema.model_validate({"schema_class": model}))


def _responses(operation: Operation) -> Responses:
    by_status: dict[int, list[Failure]] = defaultdict(list)
    for failure in failures_of(operation):
        by_status[failure.status].append(failure)
    answers: dict[str, Response | Reference] = {str(operation.status): _success(operation)}
    answers |= {str(status): _failed(failures) for status, failures in sorted(by_status.items())}
    return answers


def _success(operation: Operation) -> Response:
    shape = _shape(operation.answer) if operation.answer else _file(operation.media_type)
    headers = _headers(*_EVERYWHERE, *(["Idempotent-Replayed"] if operation.idempotency_key != "none" else []))
    return Response(description=HTTPStatus(operation.status).phrase, headers=headers, content={operation.media_type: shape})


def _file(media_type: str) -> MediaType:
    """A file as an answer. Of one that is no text there is nothing to say but its media type (OpenAPI 3.1, 4.8.14.3)."""
    is_text = media_type.startswith("text/") or media_type.endswith("+xml")
    return MediaType(schema=Schema.model_validate({"type": "string"})) if is_text else MediaType()


def _failed(failures: Sequence[Failure]) -> Response:
    lines = [f"- `{failure.code}`: {failure.meaning}" for failure in failures]
    return Response(description="\n".join(lines), headers=_headers(*_EVERYWHERE), content={PROBLEM: _shape(ProblemDetails)})


_EVERYWHERE = ("Request-Id", "RateLimit-Policy", "RateLimit")


def _headers(*names: str) -> dict[str, Header | Reference]:
    return {name: Header.model_validate({"schema": {"type": "string"}}) for name in names}
