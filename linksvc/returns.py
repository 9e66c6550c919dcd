"""What is taken back of a redemption: a part of what was paid (a return), or the whole of it (a void). Called by the API and
the till page.

A return lowers the revenue and gives no use back: the customer has used the code. A void gives the use back, unless the code
is over by then, and in any case what was taken of the offer's limits.
"""

from datetime import datetime

from sqlmodel import Session, col, select, update

from linksvc import code_ledger, code_uses, facts
from linksvc.code_ledger import Step
from linksvc.code_uses import find_terms, share_of
from linksvc.code_worth import code_end
from linksvc.database import rows_affected
from linksvc.errors import Conflict, FieldError, InvalidRequest, NotFound
from linksvc.facts import NewFact
from linksvc.models import Redemption as Row
from linksvc.money import Money
from linksvc.redemption_rows import Redemption, redemption_of
from linksvc.redemptions import Till
from linksvc.shown_codes import read_one_shown
from linksvc.webhooks import code_news


def return_part(session: Session, till: Till, redemption_id: str, amount: Money, now: datetime) -> Redemption:
    """Notes that so much of what was paid was paid back, once more each time it is called.

    Raises NotFound (`redemption_not_found`), InvalidRequest for an amount below 1, Conflict (`currency_mismatch`,
    `already_voided`, `return_exceeds_paid`).
    """
    row = _find(session, till, redemption_id)
    if amount.amount_minor < 1:
        message = "At least 1 minor unit."
        raise InvalidRequest("Nothing was returned.", errors=(FieldError("amount.amount", message),))
    if amount.currency != row.currency:
        raise Conflict(f"The order was paid in {row.currency}.", code="currency_mismatch")
    returned = col(Row.returned_minor) + amount.amount_minor
    if not _change(session, row, returned <= col(Row.paid_minor), returned_minor=returned):
        raise _why_not(session, row)
    (source,) = code_ledger.append(session, [_step(row, till, "returned", amount.amount_minor, 0, now)], now)
    _learn(session, row, "returned", source, amount.amount_minor, now)
    return _read(session, row)


def void(session: Session, till: Till, redemption_id: str, now: datetime) -> Redemption:
    """Undoes the redemption, once. Raises NotFound (`redemption_not_found`), Conflict (`already_voided`)."""
    row = _find(session, till, redemption_id)
    if not _change(session, row, voided_at=now):
        raise _why_not(session, row)
    # Nothing is returned of it any more, so what it says now is what is taken away.
    redemption = _read(session, row)
    gives_back = not row.accepted_duplicate and not _is_over(session, row, now)
    if gives_back:
        code_uses.move(session, row.workspace_id, row.code, -1, 0)
    if not row.accepted_duplicate:
        terms = find_terms(session, row.workspace_id, row.offer_id)
        share = share_of(terms, row.discount_minor, row.subject)
        code_uses.give_shares_back(session, row.workspace_id, terms, [share])
    kept = redemption.paid.amount_minor - redemption.returned.amount_minor
    code_ledger.append(session, [_step(row, till, "voided", kept, -1 if gives_back else 0, now)], now)
    _learn(session, row, "voided", row.id, kept, now)
    code_news.tell_use(session, "code.voided", row.workspace_id, redemption, (row.campaign_id, row.n), now)
    return redemption


def _find(session: Session, till: Till, redemption_id: str) -> Row:
    """The shop's redemption; another's is none."""
    row = session.exec(
        select(Row)
        .where(Row.workspace_id == till.workspace_id, Row.id == redemption_id, Row.shop_id == till.shop_id)
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise NotFound("There is no such redemption in this shop.", code="redemption_not_found")
    return row


def _read(session: Session, row: Row) -> Redemption:
    session.refresh(row)
    return redemption_of(row, read_one_shown(session, row.workspace_id, row.code))


def _change(session: Session, row: Row, *conditions: object, **values: object) -> bool:
    """Changes the redemption unless it is voided, or a condition does not hold at that moment."""
    changed = session.exec(
        update(Row)
        .where(
            col(Row.workspace_id) == row.workspace_id,
            col(Row.code) == row.code,
            col(Row.id) == row.id,
            col(Row.voided_at).is_(None),
            *conditions,  # type: ignore[arg-type]
        )
        .values(**values),
        execution_options={"synchronize_session": False},
    )
    return rows_affected(changed) == 1


def _why_not(session: Session, row: Row) -> Conflict:
    redemption = _read(session, row)
    if redemption.voided_at is not None:
        return Conflict(f"It was voided on {redemption.voided_at:%Y-%m-%d at %H:%M} UTC.", code="already_voided")
    left = Money(redemption.net.amount_minor, row.currency).in_words()
    return Conflict(f"Of what was paid {left} is left to be returned.", code="return_exceeds_paid")


def _is_over(session: Session, row: Row, now: datetime) -> bool:
    """Whether nobody could use the code any more, were its use given back."""
    terms = find_terms(session, row.workspace_id, row.offer_id)
    ends_at = code_end(session, terms, row.campaign_id, row.n)
    return ends_at is not None and now >= ends_at


def _learn(session: Session, row: Row, kind: str, source: str, amount_minor: int, now: datetime) -> None:
    """A fact about the message whose code it was, if it was one's."""
    if row.campaign_id is None or row.n is None:
        return
    fact = NewFact(
        campaign_id=row.campaign_id,
        kind=kind,
        source=source,
        n=row.n,
        occurred_at=now,
        amount_minor=amount_minor,
        currency=row.currency,
    )
    facts.record(session, [fact], now)


def _step(row: Row, till: Till, action: code_ledger.Action, amount_minor: int, used_step: int, now: datetime) -> Step:
    return Step(
        workspace_id=row.workspace_id,
        code=row.code,
        action=action,
        shop_id=row.shop_id,
        key_id=till.key_id,
        occurred_at=now,
        redemption_id=row.id,
        order_ref=row.order_ref,
        order_minor=row.order_minor,
        discount_minor=row.discount_minor,
        amount_minor=amount_minor,
        currency=row.currency,
        used_step=used_step,
    )
