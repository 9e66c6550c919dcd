"""When a message was first redeemed, of what was not voided since. Called by `linksvc.movements`.

A void may take away the first redemption of a message, and it may be applied before its redemption is. So the message's
facts decide together, those that are applied and those that are about to be.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from linksvc.bulk import among
from linksvc.facts import AnyFact
from linksvc.models import Fact

_DECIDE = ("redeemed", "voided")
_COLUMNS: Any = (Fact.n, Fact.kind, Fact.source, Fact.occurred_at, Fact.applied_at)

INDEXED = text("(kind = 'redeemed' OR kind = 'returned' OR kind = 'voided' OR kind = 'paid')")
"""As the partial index says it: SQLite takes the index for these very words only."""


def first_redemptions(session: Session, campaign_id: int, facts: Sequence[AnyFact]) -> Mapping[int, datetime | None]:
    """{n: its first redemption that holds, or None} of the messages that facts about to be applied redeem or void."""
    news = {(fact.kind, fact.source) for fact in facts if fact.kind in _DECIDE}
    ns = {fact.n for fact in facts if fact.kind in _DECIDE and fact.n is not None}
    if not ns:
        return {}
    found = session.exec(
        select(*_COLUMNS)
        .where(Fact.campaign_id == campaign_id, among(session, col(Fact.n), ns), INDEXED, col(Fact.kind).in_(_DECIDE))
        .order_by(col(Fact.occurred_at))
    )
    known = [(n, kind, source, at) for n, kind, source, at, applied in found if applied or (kind, source) in news]
    return _firsts(ns, known)


def _firsts(ns: Collection[int], known: Sequence[tuple[int | None, str, str, datetime]]) -> dict[int, datetime | None]:
    """The first of each, from all in the order of time."""
    voided = {source for _, kind, source, _ in known if kind == "voided"}
    first: dict[int, datetime | None] = dict.fromkeys(ns)
    for n, kind, source, at in known:
        if kind == "redeemed" and source not in voided and n is not None and first[n] is None:
            first[n] = at
    return first
