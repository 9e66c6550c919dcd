"""What a use of a code leaves behind, and what a refused one does: rows, entries of the ledger, facts, events. Called by
`linksvc.redemptions` and `linksvc.redemption_groups`, once the use is taken."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from linksvc import code_ledger, facts
from linksvc.bulk import NewRows, append_to_all
from linksvc.code_ledger import Step
from linksvc.code_worth import Worth, stored_form
from linksvc.facts import NewFact
from linksvc.held_uses import HeldUse
from linksvc.models import Redemption as Row
from linksvc.money import Money
from linksvc.public_ids import draw_id
from linksvc.redemption_rows import NewRow, Redemption, redemption_of
from linksvc.refusals import Refusal
from linksvc.till_uses import Till, Use
from linksvc.webhooks import code_news


@dataclass(frozen=True, slots=True)
class Taken:
    """A use that was taken, out of a hold if there was one. `duplicate`: none was left to take, and it counts all the
    same."""

    till: Till
    use: Use
    worth: Worth
    occurred_at: datetime
    held: HeldUse | None = None
    duplicate: bool = False


Refused = tuple[Till, Use, Refusal]


def discount_of(worth: Worth, use: Use) -> Money:
    return worth.terms.discount_on(use.order, use.delivery_minor)


def record(session: Session, taken: Taken, now: datetime) -> Redemption:
    (redemption,), rows = record_all(session, [taken], [], now)
    append_to_all(session, rows)
    return redemption


def record_all(
    session: Session, taken: Sequence[Taken], refused: Sequence[Refused], now: datetime
) -> tuple[list[Redemption], list[NewRows]]:
    """The redemptions, and the rows of these and of the ledger, which are left to be appended: a statement more takes longer
    than its rows. Facts and events are recorded."""
    rows = [_row(one, now) for one in taken]
    entries = code_ledger.entries_of([*map(_redeemed, rows), *(_refused(*one, now) for one in refused)], now)
    facts.record(session, [_fact(row, row.campaign_id, row.n) for row in rows if row.campaign_id and row.n is not None], now)
    redemptions = [redemption_of(row, one.worth.shown) for row, one in zip(rows, taken, strict=True)]
    by_workspace: dict[int, list[tuple[Redemption, code_news.Message]]] = defaultdict(list)
    for row, redemption, one in zip(rows, redemptions, taken, strict=True):
        if one.worth.is_news:
            by_workspace[row.workspace_id].append((redemption, (row.campaign_id, row.n)))
    for workspace_id, uses in sorted(by_workspace.items()):
        code_news.tell_uses(session, "code.redeemed", workspace_id, uses, now)
    return redemptions, [(Row, NewRow._fields, rows), entries]


def record_refusals(session: Session, refused: Sequence[Refused], now: datetime) -> None:
    code_ledger.append(session, [_refused(*one, now) for one in refused], now)


def _row(taken: Taken, now: datetime) -> NewRow:
    till, use, worth, held = taken.till, taken.use, taken.worth, taken.held
    discount = discount_of(worth, use)
    return NewRow(
        workspace_id=till.workspace_id,
        code=worth.code,
        id=draw_id("redemption"),
        offer_id=worth.terms.id,
        shop_id=till.shop_id,
        store_id=till.store_id,
        key_id=till.key_id,
        order_ref=use.order_ref,
        order_minor=use.order.amount_minor,
        discount_minor=discount.amount_minor,
        paid_minor=use.order.amount_minor - discount.amount_minor,
        currency=use.order.currency,
        customer_ref=use.customer_ref or (held.customer_ref if held else ""),
        subject="" if taken.duplicate else worth.subject,
        campaign_id=worth.campaign_id,
        n=worth.n,
        hold_id=held.id if held else "",
        offline=use.offline is not None,
        accepted_duplicate=taken.duplicate,
        occurred_at=taken.occurred_at,
        recorded_at=now,
    )


def _fact(row: NewRow, campaign_id: int, n: int) -> NewFact:
    return NewFact(
        campaign_id=campaign_id,
        kind="redeemed",
        source=row.id,
        n=n,
        occurred_at=row.occurred_at,
        amount_minor=row.paid_minor,
        currency=row.currency,
    )


def _redeemed(row: NewRow) -> Step:
    return Step(
        workspace_id=row.workspace_id,
        code=row.code,
        action="redeemed",
        shop_id=row.shop_id,
        key_id=row.key_id,
        occurred_at=row.occurred_at,
        reason="accepted_duplicate" if row.accepted_duplicate else "",
        redemption_id=row.id,
        hold_id=row.hold_id,
        order_ref=row.order_ref,
        order_minor=row.order_minor,
        discount_minor=row.discount_minor,
        currency=row.currency,
        used_step=0 if row.accepted_duplicate else 1,
        held_step=-1 if row.hold_id else 0,
    )


def _refused(till: Till, use: Use, refusal: Refusal, now: datetime) -> Step:
    return Step(
        workspace_id=till.workspace_id,
        code=stored_form(use.code),
        action="refused",
        shop_id=till.shop_id,
        key_id=till.key_id,
        occurred_at=min(use.offline.occurred_at, now) if use.offline else now,
        reason=refusal.reason,
        hold_id=use.hold_id,
        order_ref=use.order_ref,
        order_minor=use.order.amount_minor,
        currency=use.order.currency,
    )
