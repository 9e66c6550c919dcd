"""From bytes to checked shapes: bodies, forms, queries. Whatever is wrong becomes a problem that names the field."""

import codecs
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from linksvc.api.operation import LINES_MOST, NDJSON, Upload
from linksvc.api.problems import MalformedRequest, UnsupportedMediaType
from linksvc.api.wrong_values import words_of
from linksvc.errors import FieldError, InvalidRequest, TooLarge

FORM_MOST_BYTES = 262_144
"""What the fields of a form and its borders may take beside the file."""

FILE_PART = "file"

_ERRORS_MOST = 50
_FORM_FIELDS_MOST = 50
_FILE_NAME_MOST = 255

_WAYS_TO_WRITE = ("function-before[check(), date]", "function-before[check(), function-after[_tellable(), datetime]]")
"""What pydantic calls `Day` and `Moment` of `linksvc.api.payloads`. No field has such a name."""

Headers = Mapping[str, str]
"""By their names in lower case."""

Model = TypeVar("Model", bound=BaseModel)


async def read_json(headers: Headers, receive: Receive, model: type[Model], most_bytes: int) -> Model:
    """The JSON body. Raises UnsupportedMediaType, TooLarge, MalformedRequest (`json_malformed`), InvalidRequest."""
    return parse_json(await read_raw(headers, receive, most_bytes), model)


async def read_raw(headers: Headers, receive: Receive, most_bytes: int) -> bytes:
    """The bytes of a JSON body. Raises UnsupportedMediaType, TooLarge."""
    _require_media_type(headers, "application/json")
    return await _read_body(headers, receive, most_bytes)


def parse_json(body: bytes, model: type[Model]) -> Model:
    """Raises MalformedRequest (`json_malformed`), InvalidRequest."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _json_problem(error) from None


async def read_lines(headers: Headers, receive: Receive, most_bytes: int) -> tuple[bytes, ...]:
    """The lines of an NDJSON body, not read yet; blank ones count too, a mark before the first does not. Raises
    UnsupportedMediaType, TooLarge."""
    _require_media_type(headers, NDJSON)
    body = (await _read_body(headers, receive, most_bytes)).removeprefix(codecs.BOM_UTF8)
    if body.count(b"\n") > LINES_MOST:
        raise TooLarge(f"At most {LINES_MOST} lines are taken in one request.")
    return tuple(body.split(b"\n"))


async def read_form(request: Request, headers: Headers, model: type[Model], file_most_bytes: int) -> tuple[Model, Upload]:
    """The fields and the file of a multipart form. Raises as `read_json` does."""
    _require_media_type(headers, "multipart/form-data")
    receive = _counting(headers, request.receive, file_most_bytes + FORM_MOST_BYTES)
    async with Request(request.scope, receive).form(
        max_files=1, max_fields=_FORM_FIELDS_MOST, max_part_size=FORM_MOST_BYTES
    ) as form:
        items = list(form.multi_items())
        file = next((value for name, value in items if name == FILE_PART), None)
        fields = [(name, value) for name, value in items if name != FILE_PART]
        if not isinstance(file, UploadFile):
            message = "A file is asked for in the part `file`."
            raise InvalidRequest(message, errors=(FieldError(FILE_PART, message),))
        if strays := [name for name, value in fields if isinstance(value, UploadFile)]:
            raise InvalidRequest(
                "Only the part `file` may be a file.", errors=(FieldError(strays[0], "A text is asked for."),)
            )
        if (file.size or 0) > file_most_bytes:
            raise _too_large(file_most_bytes)
        upload = Upload(_printable(file.filename or ""), await file.read())
    return read_pairs([(name, str(value)) for name, value in fields], model), upload


def read_pairs(pairs: Iterable[tuple[str, str]], model: type[Model]) -> Model:
    """The names and values of a query or a form. Raises InvalidRequest, also for a name that stands twice."""
    pairs = list(pairs)
    repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if repeated:
        errors = tuple(FieldError(_printable(name), "It is given more than once.") for name in repeated[:_ERRORS_MOST])
        raise InvalidRequest("A name is given more than once.", errors=errors)
    try:
        return model.model_validate(dict(pairs))
    except ValidationError as error:
        raise _invalid(error) from None


def _json_problem(error: ValidationError) -> InvalidRequest | MalformedRequest:
    for wrong in error.errors(include_url=False, include_input=False):
        if wrong["type"] == "json_invalid":
            return MalformedRequest(f"The body is no JSON in UTF-8. {wrong['msg']}.", code="json_malformed")
    return _invalid(error)


def _invalid(error: ValidationError) -> InvalidRequest:
    found = error.errors(include_url=False, include_input=False)
    # Of a list whose items are wrong pydantic says besides that too few are left.
    within = {wrong["loc"][:depth] for wrong in found for depth in range(len(wrong["loc"]))}
    messages: dict[str, list[str]] = {}
    for wrong in found:
        if wrong["type"] == "too_short" and wrong["loc"] in within:
            continue
        told = words_of(wrong["type"], wrong.get("ctx", {}), wrong["msg"])
        messages.setdefault(_path(wrong["loc"]), []).append(told)
    errors = tuple(FieldError(field, " Or: ".join(dict.fromkeys(told))) for field, told in messages.items())
    return InvalidRequest("What was sent is not what is asked for; see errors.", errors=errors[:_ERRORS_MOST])


def _path(location: tuple[Any, ...]) -> str:
    """Where it stands in what was sent. Of what may be written in two ways pydantic names each way behind the field."""
    if len(location) > 1 and location[-1] in _WAYS_TO_WRITE:
        location = location[:-1]
    return _printable(".".join(str(part) for part in location))


def _printable(text: str) -> str:
    """A name from outside that may be shown and stored: one short line."""
    return "".join(c if c.isprintable() else "�" for c in text)[:_FILE_NAME_MOST]


def _require_media_type(headers: Headers, wanted: str) -> None:
    sent = headers.get("content-type", "")
    if sent != wanted:
        _check_media_type(sent, wanted)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("A compressed body is not taken.")


def _check_media_type(sent: str, wanted: str) -> None:
    media_type, _, parameters = sent.partition(";")
    if media_type.strip().lower() != wanted:
        raise UnsupportedMediaType(f"The header Content-Type must be {wanted}.")
    charset = [part.partition("=")[2].strip(' "').lower() for part in parameters.split(";") if "charset" in part.lower()]
    if charset and charset[0] not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("Text is asked for in UTF-8.")


async def _read_body(headers: Headers, receive: Receive, most_bytes: int) -> bytes:
    counted = _counting(headers, receive, most_bytes)
    parts: list[bytes] = []
    while True:
        message = await counted()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _counting(headers: Headers, receive: Receive, most_bytes: int) -> Receive:
    """The same, which fails with TooLarge as soon as the body is longer, whatever its headers say."""
    declared = headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > most_bytes):
        raise _too_large(most_bytes)
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most_bytes:
            raise _too_large(most_bytes)
        return message

    return counted


def _too_large(most_bytes: int) -> TooLarge:
    return TooLarge(f"At most {most_bytes} bytes are taken in one request.")
