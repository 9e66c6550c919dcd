"""The errors that an operation documents: those of its sort and its own, each with an example. The OpenAPI document and the
tests ask."""

from collections.abc import Iterator

from linksvc.api.operation import Failure, Operation
from linksvc.api.problems import ProblemDetails, details_of
from linksvc.errors import FieldError, Problem
from linksvc.public_ids import DRAWN_EXAMPLE

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
_KEY_MISSING = Failure(400, "idempotency_key_missing", "The header Idempotency-Key is missing.")
_REPEATABLE = (
    Failure(
        400, "idempotency_key_malformed", "The header Idempotency-Key has other than 1 to 255 visible ASCII characters."
    ),
    Failure(409, "request_in_flight", "A request with this key is being answered; repeat it in a moment.", retryable=True),
    Failure(422, "idempotency_key_reused", "This key was used for another request."),
)
_GUESSED = (
    Failure(
        429,
        "too_many_wrong_codes",
        "Most codes that the key, its shop or the address tried do not exist.",
        retryable=True,
    ),
)
_ALWAYS = (
    Failure(
        429,
        "too_many_requests",
        "The key or the address has used up its quota; `Retry-After` says for how long.",
        retryable=True,
    ),
    Failure(500, "internal_error", "Something broke on our side.", retryable=True),
    Failure(503, "unavailable", "The database does not answer; repeat the request.", retryable=True),
)


def failures_of(operation: Operation) -> tuple[Failure, ...]:
    """Every error the operation may answer."""
    found: list[Failure] = [*_INVALID]
    if operation.scope is not None:
        found += _KEYED
    if operation.path_ids or operation.path_drawn_ids:
        found += _IDS
    if operation.body is not None or operation.body_raw:
        found += _BODY if operation.body_raw or operation.multipart or operation.body_lines else _BODY + _JSON
    if operation.idempotency_key == "required":
        found.append(_KEY_MISSING)
    if operation.idempotency_key != "none":
        found += _REPEATABLE
    if operation.tries_codes:
        found += _GUESSED
    return (*found, *operation.failures, *_ALWAYS)


def example_of(failure: Failure) -> ProblemDetails:
    """The answer as it may look. Of a request that is not valid it names a field."""
    errors = (FieldError("order.amount", "A whole number is asked for."),) if failure.code == "invalid_request" else ()
    problem = Problem(failure.meaning, code=failure.code, errors=errors, retryable=failure.retryable)
    problem.status, problem.title = failure.status, _TITLES[failure.status]
    return details_of(problem, f"req_{DRAWN_EXAMPLE}")


def _kinds(of: type[Problem]) -> Iterator[type[Problem]]:
    yield of
    for kind in of.__subclasses__():
        yield from _kinds(kind)


_TITLES = {kind.status: kind.title for kind in _kinds(Problem)}
