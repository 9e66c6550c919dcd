"""What an operator's own codes mean, told per route. For `ricochet route error`, and for `sender.judge`, which obeys."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, delete, select

from linksvc.delivery_causes import CAUSES
from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.models import RouteError

SUBMIT, RECEIPT = "submit", "receipt"
SOURCES = (SUBMIT, RECEIPT)

_LONGEST_CODE = 32
_LONGEST_WAIT_S = 86_400


@dataclass(frozen=True, slots=True)
class ErrorMeaning:
    """What a code stands for. `source`: submit (a command status) or receipt (its `err`).

    `temporary`, `max_tries` and `wait_s` are of use for submit alone: whether, how often (0: as the route says) and after
    how long (0: as usual) the part is handed over again.
    """

    source: str
    code: str
    cause: str
    temporary: bool = False
    max_tries: int = 0
    wait_s: int = 0


Meanings = Mapping[tuple[str, str], ErrorMeaning]
"""By source and code."""


def set_meaning(session: Session, route_id: int, meaning: ErrorMeaning) -> ErrorMeaning:
    """Says what a code means on this route, whatever it meant before. Returns it with its code as it is compared.

    Raises InvalidRequest (route_error_invalid).
    """
    _check(meaning)
    code = normal_code(meaning.source, meaning.code)
    row = session.get(RouteError, (route_id, meaning.source, code)) or RouteError(
        route_id=route_id, source=meaning.source, code=code, cause=""
    )
    row.cause, row.temporary = meaning.cause, meaning.temporary
    row.max_tries, row.wait_s = meaning.max_tries, meaning.wait_s
    session.add(row)
    return _meaning(row)


def forget_meaning(session: Session, route_id: int, source: str, code: str) -> None:
    """Lets a code mean again what it usually does. Raises NotFound (route_error_not_found)."""
    row = session.get(RouteError, (route_id, source, normal_code(source, code))) if source in SOURCES else None
    if row is None:
        raise NotFound(f"Nothing was told of the code {code}.", code="route_error_not_found")
    session.delete(row)
    session.flush()


def meanings_of(session: Session, route_id: int) -> list[ErrorMeaning]:
    """What was told of the codes of a route."""
    statement = select(RouteError).where(RouteError.route_id == route_id)
    return [_meaning(row) for row in session.exec(statement.order_by(RouteError.source, RouteError.code))]


def read_meanings(session: Session) -> dict[int, dict[tuple[str, str], ErrorMeaning]]:
    """What was told of codes, by route."""
    meanings: dict[int, dict[tuple[str, str], ErrorMeaning]] = {}
    for row in session.exec(select(RouteError)):
        meanings.setdefault(row.route_id, {})[row.source, row.code] = _meaning(row)
    return meanings


def forget_all(session: Session, route_id: int) -> None:
    session.exec(delete(RouteError).where(col(RouteError.route_id) == route_id))


def normal_code(source: str, code: str) -> str:
    """How a code is compared: a status as hexadecimal (1375 and 0x55F are one), an `err` in small letters.

    Raises InvalidRequest (route_error_invalid).
    """
    if source == RECEIPT:
        return code.strip().lower()
    try:
        status = int(code, 0) if code.lower().startswith("0x") else int(code)
    except ValueError:
        status = 0
    if not 0 < status <= 0xFFFF_FFFF:
        raise _invalid("code", "A command status: a decimal number such as 1375, or a hexadecimal one such as 0x55F.")
    return f"0x{status:02x}"


def _check(meaning: ErrorMeaning) -> None:
    if meaning.source not in SOURCES:
        raise _invalid("source", "submit (a command status) or receipt (the err of a receipt).")
    if not 0 < len(meaning.code.strip()) <= _LONGEST_CODE:
        raise _invalid("code", "1 to 32 characters.")
    if meaning.cause not in CAUSES:
        raise _invalid("cause", f"One of {', '.join(CAUSES)}.")
    if meaning.source == RECEIPT and (meaning.temporary or meaning.max_tries or meaning.wait_s):
        raise _invalid("source", "Only what a submission is answered can be tried again; a receipt is the end of it.")
    if not 0 <= meaning.max_tries <= 100:
        raise _invalid("max_tries", "A number from 1 to 100, or 0 for the route's.")
    if not 0 <= meaning.wait_s <= _LONGEST_WAIT_S:
        raise _invalid("wait_s", "Seconds, up to 86400; 0 for the usual pause.")


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {message}", code="route_error_invalid", errors=(FieldError(field, message),))


def _meaning(row: RouteError) -> ErrorMeaning:
    return ErrorMeaning(row.source, row.code, row.cause, row.temporary, row.max_tries, row.wait_s)
