"""The OpenAPI 3.1 document, made from the table of operations: what is documented is what is served."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from openapi_pydantic import (
    Components,
    Example,
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

from linksvc.api.failures import example_of, failures_of
from linksvc.api.operation import NDJSON, Failure, Operation
from linksvc.api.parsing import FILE_PART
from linksvc.api.problems import MEDIA_TYPE as PROBLEM
from linksvc.api.problems import ProblemDetails
from linksvc.public_ids import DIGITS, DRAWN_DIGITS, DRAWN_EXAMPLE, DRAWN_PREFIXES, PREFIXES, DrawnKind, Kind

_DESCRIPTION = """Personal links and promo codes for SMS campaigns.

Send a key in the header `Authorization: Bearer rk_live_...`. Times are RFC 3339 in UTC; amounts are integers in minor
units beside their ISO 4217 currency. Errors are problem details (RFC 9457): depend on `code`, show `detail`. Every answer
has a `Request-Id`; one that you send (letters, digits, `._-`) is taken over.

`RateLimit-Policy` tells how often a key and an address may ask, `RateLimit` what is left of it (`r`) and in how many seconds
all of it is there again (`t`). Beyond that the answer is 429; `Retry-After` says when to ask again."""


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
    found += [_header_parameter(name) for name in operation.headers]
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


def _header_parameter(name: str) -> Parameter:
    shown = "-".join(part.capitalize() for part in name.split("-"))
    return Parameter.model_validate({"name": shown, "in": "header", "required": False, "schema": {"type": "string"}})


def _path_parameter(name: str, kind: Kind) -> Parameter:
    prefix = PREFIXES[kind]
    schema = {"type": "string", "pattern": f"^{prefix}_[1-9][0-9]*$", "examples": [f"{prefix}_12"]}
    return Parameter.model_validate({"name": name, "in": "path", "required": True, "schema": schema})


def _drawn_path_parameter(name: str, kind: DrawnKind) -> Parameter:
    prefix = DRAWN_PREFIXES[kind]
    example = f"{prefix}_{DRAWN_EXAMPLE * (DIGITS[kind] // DRAWN_DIGITS)}"
    schema = {"type": "string", "pattern": f"^{prefix}_[0-9a-f]{{{DIGITS[kind]}}}$", "examples": [example]}
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
    if operation.body_raw:
        return RequestBody(
            required=True, content={"application/json": MediaType(schema=Schema.model_validate({"type": "object"}))}
        )
    if operation.body is None:
        return None
    if operation.multipart:
        return RequestBody(required=True, content={"multipart/form-data": MediaType(schema=_form(operation.body))})
    if operation.body_lines:
        return RequestBody(required=True, content={NDJSON: _lines_of(operation.body)})
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
    return MediaType(schema=_schema(model))


def _lines_of(model: type[BaseModel]) -> MediaType:
    """A text whose every line is one."""
    lines = {"type": "string", "contentMediaType": NDJSON, "contentSchema": _schema(model)}
    return MediaType(schema=Schema.model_validate(lines))


def _schema(model: type[BaseModel]) -> Schema:
    return PydanticSchema.model_validate({"schema_class": model})


def _responses(operation: Operation) -> Responses:
    by_status: dict[int, list[Failure]] = defaultdict(list)
    for failure in failures_of(operation):
        by_status[failure.status].append(failure)
    answers: dict[str, Response | Reference] = {str(operation.status): _success(operation)}
    answers |= {str(status): _failed(failures) for status, failures in sorted(by_status.items())}
    return answers


def _success(operation: Operation) -> Response:
    if operation.answer is None:
        shape = _file(operation.media_type)
    else:
        shape = _lines_of(operation.answer) if operation.media_type == NDJSON else _shape(operation.answer)
    headers = _headers(*_EVERYWHERE, *(["Idempotent-Replayed"] if operation.idempotency_key != "none" else []))
    return Response(description=HTTPStatus(operation.status).phrase, headers=headers, content={operation.media_type: shape})


def _file(media_type: str) -> MediaType:
    """A file as an answer. Of one that is no text there is nothing to say but its media type (OpenAPI 3.1, 4.8.14.3)."""
    is_text = media_type.startswith("text/") or media_type.endswith("+xml")
    return MediaType(schema=Schema.model_validate({"type": "string"})) if is_text else MediaType()


def _failed(failures: Sequence[Failure]) -> Response:
    lines = [f"- `{failure.code}`: {failure.meaning}" for failure in failures]
    examples: dict[str, Example | Reference] = {
        failure.code: Example(summary=failure.meaning, value=example_of(failure).model_dump(mode="json"))
        for failure in failures
    }
    headers = _headers(*_EVERYWHERE, *(["Retry-After"] if failures[0].status in _WORTH_WAITING else []))
    content = {PROBLEM: MediaType(schema=_schema(ProblemDetails), examples=examples)}
    return Response(description="\n".join(lines), headers=headers, content=content)


_WORTH_WAITING = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_EVERYWHERE = ("Request-Id", "RateLimit-Policy", "RateLimit")


def _headers(*names: str) -> dict[str, Header | Reference]:
    return {name: Header.model_validate({"schema": {"type": "string"}}) for name in names}
