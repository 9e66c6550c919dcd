"""Errors as answers: RFC 9457 problem details with a stable code. `linksvc.api.front` asks for them."""

from http import HTTPStatus

import structlog
from pydantic import Field
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from linksvc.api.payloads import Answer
from linksvc.errors import NotFound, Problem, TooManyRequests

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

DATABASE_TROUBLE = (OperationalError, InterfaceError, PoolTimeout)
"""A database that is away, too busy, or that chose this transaction to end a deadlock."""

RETRY_AFTER_S = 1
"""What a caller is told to wait when the database is busy or away."""


class WrongField(Answer):
    field: str = Field(description="Where it stands in what was sent: order.amount.")
    message: str


class ProblemDetails(Answer):
    """An error (RFC 9457)."""

    type: str = Field(description="The code as a URN.")
    title: str
    status: int
    detail: str = Field(description="For a person: what happened, why, and what to do.")
    code: str = Field(description="Stable: programs may depend on it.")
    request_id: str = Field(description="The same as in the header Request-Id, and in our logs.")
    retryable: bool = Field(description="Whether the same request may succeed later.")
    errors: tuple[WrongField, ...] = Field(description="What is wrong, field by field.")


class MalformedRequest(Problem):
    status = 400
    title = "The request cannot be read"
    code = "malformed_request"


class MethodNotAllowed(Problem):
    status = 405
    title = "Method not allowed"
    code = "method_not_allowed"


class UnsupportedMediaType(Problem):
    status = 415
    title = "Unsupported media type"
    code = "unsupported_media_type"


class InternalError(Problem):
    status = 500
    title = "Internal error"
    code = "internal_error"


class Unavailable(Problem):
    status = 503
    title = "Unavailable for the moment"
    code = "unavailable"


def details_of(problem: Problem, request_id: str) -> ProblemDetails:
    return ProblemDetails(
        type=f"urn:ricochet:problem:{problem.code}",
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        request_id=request_id,
        retryable=problem.retryable,
        errors=tuple(WrongField(field=error.field, message=error.message) for error in problem.errors),
    )


def response_to(problem: Problem, request_id: str, headers: dict[str, str] | None = None) -> Response:
    headers = dict(headers or {})
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="ricochet"'
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(problem, TooManyRequests):
        headers["Retry-After"] = str(problem.retry_after_s)
    body = details_of(problem, request_id).model_dump_json()
    return Response(body, problem.status, headers, media_type=MEDIA_TYPE)


def response_of(error: Exception, request_id: str) -> Response | None:
    """The answer to an error of the tree, to what the router and the form parser raise, and to a database in trouble; None
    for one that nobody expected."""
    if isinstance(error, Problem):
        return response_to(error, request_id)
    if isinstance(error, HTTPException):
        return response_to(_as_problem(error), request_id, dict(error.headers or {}))
    if isinstance(error, DATABASE_TROUBLE):
        return response_to(database_trouble(error), request_id)
    return None


def database_trouble(error: Exception) -> Unavailable:
    log.error("database unavailable", action="api.unavailable", error=type(error).__name__)
    return Unavailable("The database does not answer. Try again.", retryable=True)


def _as_problem(error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound("There is nothing at this address. /openapi.json lists what there is.", code="route_not_found")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed("This address does not take this method; the header Allow lists those it takes.")
    return MalformedRequest(str(error.detail))
