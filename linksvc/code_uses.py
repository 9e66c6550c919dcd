"""Taking and giving back what is limited: uses of a code, of an offer, of a contact, and an offer's budget.

Called by `linksvc.redemptions`, `linksvc.code_holds` and `linksvc.returns`. Everybody locks in one order, so that nobody
waits for somebody who waits for them: the code's row, its holds, the contact's count, the offer's shares; of several codes
all rows first, in the order of the codes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Executable, Table, bindparam
from sqlmodel import Session, select

from linksvc import contact_uses, offer_budgets
from linksvc.bulk import as_given, given
from linksvc.database import is_sqlite, rows_affected
from linksvc.models import Offer, PromoCode
from linksvc.offer_budgets import Lack
from linksvc.offers import Terms, terms_of
from linksvc.refusals import BUDGET_EXHAUSTED, CONTACT_LIMIT, OFFER_EXHAUSTED, Refusal
from linksvc.statements import Statement

_CODES: Table = PromoCode.__table__  # type: ignore[attr-defined]

_THIS = (_CODES.c.workspace_id == bindparam("of_workspace"), _CODES.c.code == bindparam("with_code"))
_ROOM = _CODES.c.used + _CODES.c.held < _CODES.c.max_uses

# Built once: to build a statement costs more than to run it.
_USE = _CODES.update().where(*_THIS, ~_CODES.c.disabled, _ROOM).values(used=_CODES.c.used + 1)
_USE_HELD = (
    _CODES.update()
    .where(*_THIS, ~_CODES.c.disabled, _CODES.c.held > 0)
    .values(used=_CODES.c.used + 1, held=_CODES.c.held - 1)
)
_HOLD = _CODES.update().where(*_THIS, ~_CODES.c.disabled, _ROOM).values(held=_CODES.c.held + 1)
_MOVE = (
    _CODES.update()
    .where(*_THIS)
    .values(used=_CODES.c.used + bindparam("used_step"), held=_CODES.c.held + bindparam("held_step"))
)

_USES = ("workspace_id", "code", "uses")

_REFUSALS = {Lack.USES: OFFER_EXHAUSTED, Lack.BUDGET: BUDGET_EXHAUSTED}


@dataclass(frozen=True, slots=True)
class Share:
    """What one use takes of an offer's limits. `uses` is 0 for an offer without a limit of uses, as `minor` is without a
    budget; `subject` is empty for one that is not limited per contact."""

    uses: int = 0
    minor: int = 0
    subject: str = ""


def share_of(terms: Terms, discount_minor: int, subject: str) -> Share:
    """What a use with this discount takes."""
    return Share(int(terms.uses_in_all > 0), discount_minor if terms.budget_minor else 0, subject)


def use(session: Session, workspace_id: int, code: str, *, held: bool = False) -> bool:
    """Takes a use of the code, or turns a held one into a used one. False if there is none."""
    return _change(session, _USE_HELD if held else _USE, workspace_id, code)


def use_all(session: Session, codes: Sequence[tuple[int, str]]) -> bool:
    """Takes a use of each (workspace, code), of one that stands there twice two. False if one of them had none: undo the
    transaction then, for it does not say which."""
    wanted = [(*code, uses) for code, uses in sorted(Counter(codes).items())]
    if not wanted:
        return True
    return _USE_ALL.changed(session, as_given(_USES, wanted, is_sqlite(session))) == len(wanted)


def _use_all(sqlite: bool) -> Executable:
    """The rows are found, and so locked, one after the other as they are given: in the order of the codes."""
    wanted = given(dict(zip(_USES, (PromoCode.workspace_id, PromoCode.code, PromoCode.used), strict=True)), sqlite).c
    code = _CODES.c
    this = (code.workspace_id == wanted.workspace_id, code.code == wanted.code)
    room = code.used + code.held + wanted.uses <= code.max_uses
    return _CODES.update().where(*this, ~code.disabled, room).values(used=code.used + wanted.uses)


_USE_ALL = Statement(_use_all)


def hold(session: Session, workspace_id: int, code: str) -> bool:
    """Reserves a use of the code. False if there is none."""
    return _change(session, _HOLD, workspace_id, code)


def move(session: Session, workspace_id: int, code: str, used_step: int, held_step: int) -> None:
    """Takes back what `use` or `hold` did, or a use that was voided."""
    session.connection().execute(
        _MOVE, {"of_workspace": workspace_id, "with_code": code, "used_step": used_step, "held_step": held_step}
    )


def lock(session: Session, workspace_id: int, code: str) -> None:
    """Keeps everybody else from the code until the transaction ends."""
    # One row at a time: a distributed PostgreSQL locks rows of several shards in no order.
    row = select(PromoCode.code).where(PromoCode.workspace_id == workspace_id, PromoCode.code == code)
    session.exec(row.with_for_update()).first()


def take_share(session: Session, workspace_id: int, terms: Terms, share: Share) -> Refusal | None:
    """Takes a share of the offer's limits. On a refusal nothing has changed."""
    if share.subject and not contact_uses.take(session, workspace_id, terms.id, share.subject, terms.uses_per_contact):
        return CONTACT_LIMIT
    refusal = _take_budget(session, workspace_id, terms, share.uses, share.minor)
    if refusal and share.subject:
        contact_uses.give_back(session, workspace_id, terms.id, share.subject)
    return refusal


def change_share(session: Session, workspace_id: int, terms: Terms, had: Share, share: Share) -> Refusal | None:
    """Takes another discount's share in the place of one that is held, for the same use of the same contact."""
    more = share.minor - had.minor
    if more > 0:
        return _take_budget(session, workspace_id, terms, 0, more)
    shards = offer_budgets.shards_of(terms.uses_in_all, terms.budget_minor)
    offer_budgets.give_back(session, workspace_id, terms.id, shards, 0, -more)
    return None


def give_shares_back(session: Session, workspace_id: int, terms: Terms, shares: Sequence[Share]) -> None:
    for subject in sorted(share.subject for share in shares if share.subject):
        contact_uses.give_back(session, workspace_id, terms.id, subject)
    uses, minor = sum(share.uses for share in shares), sum(share.minor for share in shares)
    shards = offer_budgets.shards_of(terms.uses_in_all, terms.budget_minor)
    offer_budgets.give_back(session, workspace_id, terms.id, shards, uses, minor)


def _take_budget(session: Session, workspace_id: int, terms: Terms, uses: int, minor: int) -> Refusal | None:
    shards = offer_budgets.shards_of(terms.uses_in_all, terms.budget_minor)
    lack = offer_budgets.take(session, workspace_id, terms.id, shards, uses, minor)
    return _REFUSALS[lack] if lack else None


def find_terms(session: Session, workspace_id: int, offer_id: int) -> Terms:
    """The terms of an offer that is known to be there."""
    return terms_of(session.exec(select(Offer).where(Offer.id == offer_id, Offer.workspace_id == workspace_id)).one())


def _change(session: Session, statement: Executable, workspace_id: int, code: str) -> bool:
    changed = session.connection().execute(statement, {"of_workspace": workspace_id, "with_code": code})
    return rows_affected(changed) == 1
