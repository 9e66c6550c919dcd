"""Draws of scratch cards and flip cells: once a recipient, at the odds that the page states. Called by `tracker.landing`.

One number is drawn for a recipient. It falls on a prize, or on what the odds of all prizes leave: nothing. A prize that is
out of stock wins nothing in its share of the odds; those of the other prizes stay what the page says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, select, update

from linksvc.database import insert_into, rows_affected
from linksvc.landing import stock
from linksvc.landing.blocks import DrawBlock
from linksvc.landing.participated import tell_participation
from linksvc.landing.prize_words import Told, keep_words, read_words, told_of
from linksvc.landing.prizes import CERTAIN, Prize
from linksvc.landing.visitors import Visitor
from linksvc.models import PrizeDraw, PrizeWords

Chance = Callable[[int], int]
"""A number from 0 up to, and without, the given one, each as likely as the others, that nobody can foresee:
`secrets.randbelow`."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a recipient drew in a block, in the words of that moment. `prize` is `stock.NOTHING` if nothing was won."""

    block: str
    prize: str
    told: Told
    drawn_at: datetime


def draw(session: Session, visitor: Visitor, block: DrawBlock, chance: Chance, now: datetime) -> Drawn:
    """Draws for a recipient who has not drawn in this block; who has gets what they got then, also when both happen at the
    same moment. The caller knows that a person asked for it."""
    prize = choose(block.prizes, chance(CERTAIN))
    if not _record(session, visitor, block.id, prize.id if prize else stock.NOTHING, now):
        return find_draw(session, visitor.campaign_id, visitor.n, block.id)
    tell_participation(session, visitor, "draw", block.id, now)
    if prize and not stock.take(session, visitor.campaign_id, block.id, prize.id, prize.stock):
        _win_nothing(session, visitor, block.id)
        prize = None
    if prize is None:
        stock.take(session, visitor.campaign_id, block.id, stock.NOTHING, None)
    told, won = told_of(block, prize), prize.id if prize else stock.NOTHING
    keep_words(session, visitor, block.id, won, told)
    return Drawn(block.id, won, told, now)


def choose(prizes: Sequence[Prize], number: int) -> Prize | None:
    """The prize whose share of CERTAIN a number falls in: shares lie one behind the other, what is left wins nothing."""
    for prize in prizes:
        if number < prize.odds:
            return prize
        number -= prize.odds
    return None


def find_draw(session: Session, campaign_id: int, n: int, block: str) -> Drawn:
    """What was drawn before."""
    row, words = session.exec(
        select(PrizeDraw, PrizeWords.words)
        .join(PrizeWords, words_of_draw())
        .where(PrizeDraw.campaign_id == campaign_id, PrizeDraw.n == n, PrizeDraw.block == block)
    ).one()
    return Drawn(row.block, row.prize, read_words(words), row.drawn_at)


def words_of_draw() -> ColumnElement[bool]:
    """What joins a draw to its words."""
    return and_(
        col(PrizeWords.campaign_id) == col(PrizeDraw.campaign_id),
        col(PrizeWords.block) == col(PrizeDraw.block),
        col(PrizeWords.prize) == col(PrizeDraw.prize),
        col(PrizeWords.page_id) == col(PrizeDraw.page_id),
        col(PrizeWords.page_version) == col(PrizeDraw.page_version),
    )


def _record(session: Session, visitor: Visitor, block: str, prize: str, now: datetime) -> bool:
    """False if the recipient has drawn. One who is drawing at this moment is waited for."""
    row = {
        "campaign_id": visitor.campaign_id,
        "n": visitor.n,
        "block": block,
        "prize": prize,
        "page_id": visitor.page_id,
        "page_version": visitor.page_version,
        "drawn_at": now,
    }
    made = session.connection().execute(insert_into(session, PrizeDraw).on_conflict_do_nothing(), row)
    return rows_affected(made) == 1


def _win_nothing(session: Session, visitor: Visitor, block: str) -> None:
    mine = (col(PrizeDraw.campaign_id) == visitor.campaign_id, col(PrizeDraw.n) == visitor.n, col(PrizeDraw.block) == block)
    session.exec(update(PrizeDraw).where(*mine).values(prize=stock.NOTHING))
