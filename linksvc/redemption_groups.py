"""Redemptions of the same moment, in one transaction: one look at all their codes, one commit. Called by the API.

A group takes what is plain: a use now, of a code whose offer is limited by nothing but the code's own uses. Whatever else is
asked for is redeemed alone afterwards (`linksvc.redemptions`), and so is the whole group if another transaction was in
between: nothing of it has happened then. So what becomes of a redemption does not depend on its company.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from linksvc import code_uses
from linksvc.advisory_locks import try_to_lock
from linksvc.code_worth import Worth, judge_all
from linksvc.new_redemptions import Taken, record_all, record_refusals
from linksvc.offers import Terms
from linksvc.redemption_rows import Redemption
from linksvc.redemptions import asked_of, order_name
from linksvc.refusals import EXHAUSTED, Refusal
from linksvc.till_uses import Till, Use

Asked = tuple[Till, Use]


class Disturbed(Exception):
    """Another transaction took what the group had found. Undo it and redeem each alone."""


def redeem_group(session: Session, asked: Sequence[Asked], now: datetime) -> list[Redemption | Refusal | None]:
    """What became of each; None: it was not looked at, or it is to be redeemed alone. Raises Disturbed."""
    together = _of_orders_of_their_own(session, [place for place, (_, use) in enumerate(asked) if _is_plain(use)], asked)
    worths = judge_all(session, [asked_of(*asked[place]) for place in together], now)
    taken, refused = _deal(asked, together, worths, now)
    if not code_uses.use_all(session, [(one.till.workspace_id, one.worth.code) for one in taken.values()]):
        raise Disturbed
    record_refusals(session, [(*asked[place], refusal) for place, refusal in refused.items()], now)
    redeemed = dict(zip(taken, record_all(session, list(taken.values()), now), strict=True))
    return [redeemed.get(place) or refused.get(place) for place in range(len(asked))]


def _is_plain(use: Use) -> bool:
    return not use.hold_id and use.offline is None


def _of_orders_of_their_own(session: Session, places: Sequence[int], asked: Sequence[Asked]) -> list[int]:
    """The first of each order that nobody else is at. A group waits for no order: it would hold up the others."""
    first: dict[str, int] = {}
    for place in places:
        first.setdefault(order_name(*asked[place]), place)
    ours = try_to_lock(session, "order", list(first))
    return [place for place, our in zip(first.values(), ours, strict=True) if our]


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
