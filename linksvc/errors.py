"""Every error a person or a program may be told of, each with a stable code and an HTTP status.

    RicochetError
    ├── ConfigurationError      the operator's settings; the process does not start
    └── Problem                 told to whoever asked, as RFC 9457 problem details over HTTP
        ├── InvalidRequest      422  what was sent is not what is asked for
        ├── Unauthenticated     401  no key, an unknown key, a revoked key
        ├── Forbidden           403  the key lacks the scope
        ├── NotFound            404  nothing by that name in this workspace
        ├── Conflict            409  the state of things forbids it
        ├── TooLarge            413  more than is taken in one piece
        ├── TooManyRequests     429  more than may be asked for in so short a time
        └── OtherSystemFailed   502  a system that had to be asked did not do its part

A domain function raises one of these; `linksvc.api` turns it into an answer, the command line into a line on stderr.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One wrong field: `field` is its path in what was sent, `message` says what is wrong and what would be right."""

    field: str
    message: str


class RicochetError(Exception):
    """The root: a message for a person."""


class ConfigurationError(RicochetError):
    """The settings cannot work; the message says what to set."""


class Problem(RicochetError):
    """An answerable error.

    `code` is stable and lower_snake_case; `detail` is for a person: what happened, why, and what to do;
    `retryable` says whether the same request may succeed later.
    """

    status = 400
    title = "The request cannot be carried out"
    code = "bad_request"

    def __init__(
        self, detail: str, *, code: str | None = None, errors: tuple[FieldError, ...] = (), retryable: bool = False
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = errors
        self.retryable = retryable


class InvalidRequest(Problem):
    status = 422
    title = "The request is not valid"
    code = "invalid_request"


class Unauthenticated(Problem):
    status = 401
    title = "Authentication is required"
    code = "unauthenticated"


class Forbidden(Problem):
    status = 403
    title = "Not allowed"
    code = "forbidden"


class NotFound(Problem):
    status = 404
    title = "Not found"
    code = "not_found"


class Conflict(Problem):
    status = 409
    title = "Conflict with the present state"
    code = "conflict"


class TooLarge(Problem):
    status = 413
    title = "Too large"
    code = "too_large"


class TooManyRequests(Problem):
    """`retry_after_s` says when it is worth asking again, in seconds."""

    status = 429
    title = "Too many requests"
    code = "too_many_requests"

    def __init__(self, detail: str, *, code: str | None = None, retry_after_s: int) -> None:
        super().__init__(detail, code=code, retryable=True)
        self.retry_after_s = retry_after_s


class OtherSystemFailed(Problem):
    status = 502
    title = "Another system failed"
    code = "other_system_failed"
