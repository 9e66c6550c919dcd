"""What a recipient has done on their page before: prizes drawn, forms answered. Read when the page is shown again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Subquery, literal, null, select, union_all
from sqlmodel import Session, String, cast, col

from linksvc.landing.draws import Drawn, words_of_draw
from linksvc.landing.prize_words import read_words
from linksvc.models import PrizeDraw, PrizeWords, SurveyAnswer


@dataclass(frozen=True, slots=True)
class Participation:
    """By block."""

    draws: Mapping[str, Drawn]
    answered: frozenset[str]


NONE = Participation({}, frozenset())


def read_participation(session: Session, campaign_id: int, n: int) -> Participation:
    """In one statement: a page has both, or either."""
    return participation_of(session.connection().execute(select(done_by(campaign_id, n))))


def done_by(campaign_id: int, n: int) -> Subquery:
    """Draws and answers as rows of block, prize, words (None: an answer) and their time; whoever reads a message joins them
    to it, for they lie beside it."""
    drawn: Any = (
        select(
            col(PrizeDraw.block).label("block"),
            col(PrizeDraw.prize).label("prize"),
            col(PrizeWords.words).label("words"),
            col(PrizeDraw.drawn_at).label("done_at"),
        )
        .join(PrizeWords, words_of_draw())
        .where(col(PrizeDraw.campaign_id) == campaign_id, col(PrizeDraw.n) == n)
    )
    answered = select(col(SurveyAnswer.block), literal(""), cast(null(), String), col(SurveyAnswer.answered_at)).where(
        col(SurveyAnswer.campaign_id) == campaign_id, col(SurveyAnswer.n) == n
    )
    return union_all(drawn, answered).subquery("done")


def participation_of(rows: Iterable[Sequence[Any]]) -> Participation:
    """Of the rows of `done_by`."""
    rows = list(rows)
    draws = {block: Drawn(block, prize, read_words(words), at) for block, prize, words, at in rows if words is not None}
    return Participation(draws, frozenset(block for block, _, words, _ in rows if words is None))
