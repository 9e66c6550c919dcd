"""The payments of a workspace, a page at a time. For the API and the command line."""

from dataclasses import dataclass

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from linksvc.errors import FieldError, InvalidRequest
from linksvc.models import Payment


@dataclass(frozen=True)
class PaymentPage:
    """Newest first; `next_after` is the id that the next page begins after, None on the last. The rows are read, and not
    the session's any more."""

    payments: tuple[Payment, ...]
    next_after: str | None


def list_payments(session: Session, workspace_id: int, state: str | None, after: str | None, limit: int) -> PaymentPage:
    """Those of a state, or all. Raises InvalidRequest (cursor_invalid)."""
    statement = select(Payment).where(Payment.workspace_id == workspace_id)
    if state is not None:
        statement = statement.where(Payment.state == state)
    if after is not None:
        last = session.get(Payment, (workspace_id, after))
        if last is None:
            message = "This is no next_after of a page."
            raise InvalidRequest(message, code="cursor_invalid", errors=(FieldError("after", message),))
        older = col(Payment.created_at) < last.created_at
        same = and_(col(Payment.created_at) == last.created_at, col(Payment.id) < last.id)
        statement = statement.where(or_(older, same))
    newest = statement.order_by(col(Payment.created_at).desc(), col(Payment.id).desc())
    found = session.exec(newest.limit(limit + 1)).all()
    shown = tuple(found[:limit])
    return PaymentPage(shown, shown[-1].id if len(found) > limit else None)
