"""Redemptions of the same moment, in one transaction: one look at all their codes, one commit. Called by the API.

Whoever calls has locked the orders (`linksvc.redemptions.order_name`): a group waits for none, it would hold up the others.
A group takes what is plain: a use now, of a code whose offer is limited by nothing but the code's own uses. Whatever else is
asked for is redeemed alone afterwards (`linksvc.redemptions`), and so is the whole group if another transaction was in
between: nothing of it has happened then. So what becomes of a redemption does not depend on its company.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from linksvc import code_uses
from linksvc.bulk import NewRows
from linksvc.code_worth import Worth, judge_all
from linksvc.new_redemptions import Taken, record_all
from linksvc.offers import Terms
from linksvc.redemption_rows import Redemption
from linksvc.redemptions import asked_of
from linksvc.refusals import EXHAUSTED, Refusal
from linksvc.till_uses import Till, Use

Asked = tuple[Till, Use]

Outcome = Redemption | Refusal | None
"""None: it was not looked at, or it is to be redeemed alone."""


class Disturbed(Exception):
    """Another transaction took what the group had found. Undo it and redeem each alone."""


def redeem_group(session: Session, asked: Sequence[Asked], now: datetime) -> tuple[list[Outcome], list[NewRows]]:
    """What became of each, and the rows that are left to be appended in this transaction: whoever calls has more of its own,
    and one statement takes them all. Raises Disturbed."""
    together = _first_of_each_order([place for place, (_, use) in enumerate(asked) if _is_plain(use)], asked)
    worths = judge_all(session, [asked_of(*asked[place]) for place in together], now)
    taken, refused = _deal(asked, together, worths, now)
    if not code_uses.use_all(session, [(one.till.workspace_id, one.worth.code) for one in taken.values()]):
        raise Disturbed
    told = [(*asked[place], refusal) for place, refusal in refused.items()]
    redemptions, rows = record_all(session, list(taken.values()), told, now)
    redeemed = dict(zip(taken, redemptions, strict=True))
    return [redeemed.get(place) or refused.get(place) for place in range(len(asked))], rows


def _is_plain(use: Use) -> bool:
    return not use.hold_id and use.offline is None


def _first_of_each_order(places: Sequence[int], asked: Sequence[Asked]) -> list[int]:
    first: dict[tuple[int, int, str], int] = {}
    for place in places:
        till, use = asked[place]
        first.setdefault((till.workspace_id, till.shop_id, use.order_ref), place)
    return list(first.values())


def _deal(
    asked: Sequence[Asked], places: Sequence[int], worths: Sequence[Worth | Refusal], now: datetime
) -> tuple[dict[int, Taken], dict[int, Refusal]]:
    """Who gets a use, one after the other as they came, and who is refused; whoever is neither goes alone."""
    taken: dict[int, Taken] = {}
    refused: dict[int, Refusal] = {}
    used: Counter[tuple[int, str]] = Counter()
    for place, worth in zip(places, worths, strict=True):
        till, use = asked[place]
        if isinstance(worth, Refusal):
            refused[place] = worth
            continue
        code = till.workspace_id, worth.code
        if worth.used + used[code] >= worth.max_uses:
            refused[place] = EXHAUSTED
        elif worth.used + used[code] + worth.held < worth.max_uses and not _is_limited(worth.terms):
            used[code] += 1
            taken[place] = Taken(till, use, worth, now)
    return taken, refused


def _is_limited(terms: Terms) -> bool:
    return bool(terms.uses_per_contact or terms.uses_in_all or terms.budget_minor)
