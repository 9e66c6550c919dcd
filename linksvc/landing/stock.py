"""How many of each prize were drawn in a campaign: never more than there are. Called by `linksvc.landing.draws`.

A prize is taken by one conditional statement, so of any number of recipients at the same moment as many get it as are left.
Every draw is counted, that which wins nothing too: a block's rows add up to its draws.
"""

from sqlmodel import Session, col, select

from linksvc.database import insert_into, rows_affected
from linksvc.models import PrizeStock

NOTHING = ""
"""The prize of a draw that won nothing."""


def take(session: Session, campaign_id: int, block: str, prize: str, stock: int | None) -> bool:
    """Takes one of a prize of which each campaign has `stock`; None: any number. False, and nothing is counted, if none is
    left. The row stays locked until the transaction ends, so it is taken late in it."""
    if stock is not None and stock <= 0:
        return False
    statement = insert_into(session, PrizeStock).values(campaign_id=campaign_id, block=block, prize=prize, drawn=1)
    statement = statement.on_conflict_do_update(
        index_elements=("campaign_id", "block", "prize"),
        set_={"drawn": col(PrizeStock.drawn) + 1},
        where=None if stock is None else col(PrizeStock.drawn) < stock,
    )
    return rows_affected(session.connection().execute(statement)) == 1


def read_drawn(session: Session, campaign_id: int) -> dict[tuple[str, str], int]:
    """By block and prize, how many were drawn; NOTHING among the prizes."""
    rows = session.exec(
        select(PrizeStock.block, PrizeStock.prize, PrizeStock.drawn)
        .where(PrizeStock.campaign_id == campaign_id)
        .order_by(col(PrizeStock.block), col(PrizeStock.prize))
    )
    return {(block, prize): drawn for block, prize, drawn in rows}
