"""The answers of a campaign's recipients one by one, page by page: for the API, the pages, the export."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Table, tuple_
from sqlmodel import Session, and_, col, select
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from linksvc.errors import FieldError, InvalidRequest
from linksvc.landing.answers import Answers, read_answers
from linksvc.models import Contact, Message, SurveyAnswer

LIMIT = 100

_ANSWERS: Table = SurveyAnswer.__table__  # type: ignore[attr-defined]

_PLACE = (_ANSWERS.c.block, _ANSWERS.c.answered_at, _ANSWERS.c.n)
_KINDS = (AutoString(), UTCDateTime(), BigInteger())


@dataclass(frozen=True, slots=True)
class Form:
    """What the n-th recipient of a campaign answered to the form `block`."""

    n: int
    block: str
    number: str
    external_id: str
    answers: Answers
    language: str
    answered_at: datetime
    page_version: int


@dataclass(frozen=True, slots=True)
class FormPage:
    """`next_cursor` is None on the last page."""

    forms: tuple[Form, ...]
    next_cursor: str | None


def list_forms(
    session: Session,
    campaign_id: int,
    block: str | None = None,
    cursor: str = "",
    limit: int = LIMIT,
    *,
    newest_first: bool = False,
) -> FormPage:
    """Form by form, each one's answers in the order in which they came; `block`: of one alone. The caller knows the campaign
    to be its own. Raises InvalidRequest (cursor_invalid)."""
    mine = and_(col(Message.campaign_id) == col(SurveyAnswer.campaign_id), col(Message.n) == col(SurveyAnswer.n))
    found = (
        select(SurveyAnswer, Message.number, Contact.external_id)
        .join(Message, mine)
        .join(Contact, col(Contact.id) == col(Message.contact_id), isouter=True)
        .where(SurveyAnswer.campaign_id == campaign_id)
    )
    # Of one form its block is no part of the place: SQLite would sort all that comes behind.
    first = 0 if block is None else 1
    place = _PLACE[first:]
    if block is not None:
        found = found.where(SurveyAnswer.block == block)
    if cursor:
        given = tuple_(*_read_cursor(cursor)[first:], types=_KINDS[first:])
        found = found.where(tuple_(*place) < given if newest_first else tuple_(*place) > given)
    order = [one.desc() for one in place] if newest_first else place
    rows = session.exec(found.order_by(*order).limit(limit + 1)).all()
    forms = tuple(_form(row, number, external_id or "") for row, number, external_id in rows[:limit])
    return FormPage(forms, _cursor_after(forms[-1]) if len(rows) > limit else None)


def _form(row: SurveyAnswer, number: str, external_id: str) -> Form:
    return Form(
        n=row.n,
        block=row.block,
        number=number,
        external_id=external_id,
        answers=read_answers(row.answers),
        language=row.language,
        answered_at=row.answered_at,
        page_version=row.page_version,
    )


def _cursor_after(last: Form) -> str:
    told = f"{last.block} {last.answered_at.astimezone(UTC).isoformat()} {last.n}"
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, datetime, int]:
    try:
        told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        block, moment, n = told.split(" ")
        if "\0" in block or not n.isdecimal() or len(n) > 18:
            raise ValueError(n)
        return block, datetime.fromisoformat(moment).astimezone(UTC), int(n)
    except (binascii.Error, ValueError, OverflowError):
        message = "Send the cursor as the last page gave it, or none for the first page."
        raise InvalidRequest(message, code="cursor_invalid", errors=(FieldError("after", message),)) from None
