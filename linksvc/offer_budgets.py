"""What is left of an offer's limits: of its uses, and of the money its discounts may come to.

It is dealt into a few shares, so that no row is one that every till waits for: a redemption takes from any one of them by
one conditional UPDATE. Only when that one does not hold enough are all of them locked, in one order for everybody, and what
is asked for is taken from several, so the limit is used to its end and never exceeded. Called by `linksvc.offers`, which
deals, and by whatever uses codes or gives uses back.
"""

import secrets
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import Table, bindparam, func
from sqlmodel import Session, col, select

from linksvc.database import is_sqlite, rows_affected
from linksvc.models import OfferBudget

SHARDS_MOST = 16
USES_A_SHARD = 64
MINOR_A_SHARD = 100_000
"""A share holds at least that much when it is dealt: many crumbs would only have to be gathered."""

_TABLE: Table = OfferBudget.__table__  # type: ignore[attr-defined]

_THIS = (
    _TABLE.c.workspace_id == bindparam("of_workspace"),
    _TABLE.c.offer_id == bindparam("of_offer"),
    _TABLE.c.shard == bindparam("at_shard"),
)

_TAKE = (
    _TABLE.update()
    .where(*_THIS, _TABLE.c.uses_left >= bindparam("uses"), _TABLE.c.minor_left >= bindparam("minor"))
    .values(uses_left=_TABLE.c.uses_left - bindparam("uses"), minor_left=_TABLE.c.minor_left - bindparam("minor"))
)

_GIVE = (
    _TABLE.update()
    .where(*_THIS)
    .values(uses_left=_TABLE.c.uses_left + bindparam("uses"), minor_left=_TABLE.c.minor_left + bindparam("minor"))
)


class Lack(StrEnum):
    """Which of an offer's limits was reached."""

    USES = "uses"
    BUDGET = "budget"


def shards_of(uses_in_all: int, budget_minor: int) -> int:
    """How many shares an offer with these limits has; 0 for an offer without any."""
    rooms = [uses_in_all // USES_A_SHARD] if uses_in_all else []
    rooms += [budget_minor // MINOR_A_SHARD] if budget_minor else []
    return max(1, min(SHARDS_MOST, *rooms)) if rooms else 0


def deal(session: Session, workspace_id: int, offer_id: int, uses_in_all: int, budget_minor: int) -> None:
    """Deals a new offer's limits into shares."""
    shards = shards_of(uses_in_all, budget_minor)
    for shard in range(shards):
        session.add(
            OfferBudget(
                workspace_id=workspace_id,
                offer_id=offer_id,
                shard=shard,
                uses_left=uses_in_all // shards + (shard < uses_in_all % shards),
                minor_left=budget_minor // shards + (shard < budget_minor % shards),
            )
        )
    session.flush()


def take(session: Session, workspace_id: int, offer_id: int, shards: int, uses: int, minor: int) -> Lack | None:
    """Takes that much of what is left; if there is less of something, takes nothing and says of what."""
    if not shards or not (uses or minor):
        return None
    if _take_from_any(session, workspace_id, offer_id, secrets.randbelow(shards), uses, minor):
        return None
    lack = _find_lack(_left(session, workspace_id, offer_id), uses, minor)
    return lack or _take_from_all(session, workspace_id, offer_id, uses, minor)


def give_back(session: Session, workspace_id: int, offer_id: int, shards: int, uses: int, minor: int) -> None:
    """Puts back what was taken and is not used after all."""
    if shards and (uses or minor):
        shard = secrets.randbelow(shards)
        session.connection().execute(_GIVE, _named(workspace_id, offer_id, shard, uses, minor))


def read_left(session: Session, workspace_id: int, offer_id: int) -> tuple[int, int]:
    """(uses, minor units) that are left; 0 also for what is not limited."""
    uses, minor = session.exec(
        select(
            func.coalesce(func.sum(col(OfferBudget.uses_left)), 0), func.coalesce(func.sum(col(OfferBudget.minor_left)), 0)
        ).where(OfferBudget.workspace_id == workspace_id, OfferBudget.offer_id == offer_id)
    ).one()
    return int(uses), int(minor)


def _take_from(session: Session, workspace_id: int, offer_id: int, shard: int, uses: int, minor: int) -> bool:
    taken = session.connection().execute(_TAKE, _named(workspace_id, offer_id, shard, uses, minor))
    return rows_affected(taken) == 1


def _left(session: Session, workspace_id: int, offer_id: int, lock: bool = False) -> list[OfferBudget]:
    mine = select(OfferBudget).where(OfferBudget.workspace_id == workspace_id, OfferBudget.offer_id == offer_id)
    mine = mine.order_by(col(OfferBudget.shard)).execution_options(populate_existing=True)
    return list(session.exec(mine.with_for_update() if lock else mine))


def _take_from_any(session: Session, workspace_id: int, offer_id: int, shard: int, uses: int, minor: int) -> bool:
    if is_sqlite(session):
        return _take_from(session, workspace_id, offer_id, shard, uses, minor)
    # PostgreSQL keeps a row locked that it waited for, though the condition does not hold any more. Whoever went on to lock
    # all shares with that one in hand would lock them in an order of their own.
    with session.begin_nested() as savepoint:
        taken = _take_from(session, workspace_id, offer_id, shard, uses, minor)
        if not taken:
            savepoint.rollback()
    return taken


def _take_from_all(session: Session, workspace_id: int, offer_id: int, uses: int, minor: int) -> Lack | None:
    """Takes from the fullest shares first, as little as possible from each of the others."""
    left = _left(session, workspace_id, offer_id, lock=True)
    if lack := _find_lack(left, uses, minor):
        return lack
    for row in sorted(left, key=lambda row: (row.minor_left, row.uses_left), reverse=True):
        of_uses, of_minor = min(uses, row.uses_left), min(minor, row.minor_left)
        if of_uses or of_minor:
            _take_from(session, workspace_id, offer_id, row.shard, of_uses, of_minor)
        uses, minor = uses - of_uses, minor - of_minor
    return None


def _find_lack(left: Sequence[OfferBudget], uses: int, minor: int) -> Lack | None:
    if sum(row.uses_left for row in left) < uses:
        return Lack.USES
    return Lack.BUDGET if sum(row.minor_left for row in left) < minor else None


def _named(workspace_id: int, offer_id: int, shard: int, uses: int, minor: int) -> dict[str, int]:
    return {"of_workspace": workspace_id, "of_offer": offer_id, "at_shard": shard, "uses": uses, "minor": minor}
