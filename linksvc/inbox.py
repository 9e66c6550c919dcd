"""The messages that came in to a workspace, and what became of the answers to them. For `ricochet inbox`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from linksvc.models import Inbound, Message, Reply
from linksvc.phone_numbers import SHORTEST_NUMBER

KINDS = ("stop", "start", "help", "text")

UNMATCHED = 0
"""The workspace of messages from numbers that nobody here wrote to."""


@dataclass(frozen=True, slots=True)
class InboundView:
    """A message as it came, the message it answers (`campaign_id`, `n`), and how the answer to it fares (`answer`: a
    message's state, empty if none was due). `complete`: False if parts of it never came."""

    id: str
    occurred_at: datetime
    number: str
    sender: str
    kind: str
    text: str
    complete: bool
    contact_id: int | None
    campaign_id: int | None
    n: int | None
    answer: str


def list_inbound(
    session: Session,
    workspace_id: int,
    *,
    kind: str | None = None,
    number: str | None = None,
    before: datetime | None = None,
    limit: int = 100,
) -> list[InboundView]:
    """The latest first. `before`: only what came earlier. `number`: E.164 or a short code; a national number stands for
    every one that ends so, and for what an SMSC told in just that form."""
    answer = and_(col(Message.campaign_id) == col(Inbound.answer_campaign_id), col(Message.n) == col(Inbound.answer_n))
    statement = (
        select(Inbound, Reply.campaign_id, Reply.n, Message.state)
        .join(Reply, col(Reply.inbound_id) == col(Inbound.id), isouter=True)
        .join(Message, answer, isouter=True)
        .where(Inbound.workspace_id == workspace_id)
        .order_by(col(Inbound.occurred_at).desc(), col(Inbound.id))
        .limit(limit)
    )
    if kind is not None:
        statement = statement.where(Inbound.kind == kind)
    if number is not None:
        statement = statement.where(_is_from(number))
    if before is not None:
        statement = statement.where(col(Inbound.occurred_at) < before)
    return [_view(*row) for row in session.exec(statement)]


def _is_from(number: str) -> ColumnElement[bool]:
    written = col(Inbound.number)
    if number.startswith("+") or len(number) < SHORTEST_NUMBER:
        return written == number
    return or_(written == number, written.endswith(number.lstrip("0")))


def _view(row: Inbound, campaign_id: int | None, n: int | None, answer: str | None) -> InboundView:
    return InboundView(
        id=row.id,
        occurred_at=row.occurred_at,
        number=row.number,
        sender=row.sender,
        kind=row.kind,
        text=row.text,
        complete=row.complete,
        contact_id=row.contact_id,
        campaign_id=campaign_id,
        n=n,
        answer=answer or "",
    )
