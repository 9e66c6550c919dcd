"""Errors of the short domain as problem details (RFC 9457), for what scripts send: whoever pressed a link gets pages."""

from http import HTTPStatus

import orjson

from linksvc.errors import Problem, TooManyRequests
from tracker.responses import PRIVATE, Header, Response


class MethodNotAllowed(Problem):
    status = 405
    title = "Method not allowed"
    code = "method_not_allowed"


class Unavailable(Problem):
    status = 503
    title = "Unavailable for the moment"
    code = "unavailable"


RETRY_AFTER_S = 5


def problem_response(problem: Problem, *more: Header) -> Response:
    """The answer that says what is wrong."""
    told = {
        "type": f"urn:ricochet:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "retryable": problem.retryable,
        "errors": [{"field": error.field, "message": error.message} for error in problem.errors],
    }
    wait_s = problem.retry_after_s if isinstance(problem, TooManyRequests) else 0
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        wait_s = RETRY_AFTER_S
    retry = ((b"retry-after", b"%d" % wait_s),) if wait_s else ()
    headers = ((b"content-type", b"application/problem+json"), (b"x-content-type-options", b"nosniff"))
    return Response(problem.status, (*PRIVATE, *headers, *retry, *more), orjson.dumps(told))
