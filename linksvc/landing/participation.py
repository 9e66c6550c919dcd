"""What a recipient has done on their page before: prizes drawn, forms answered. Read when the page is shown again."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import literal, null, select, union_all
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
    drawn = (
        select(col(PrizeDraw.block), col(PrizeDraw.prize), col(PrizeWords.words), col(PrizeDraw.drawn_at))
        .join(PrizeWords, words_of_draw())
        .where(col(PrizeDraw.campaign_id) == campaign_id, col(PrizeDraw.n) == n)
    )
    answered = select(col(SurveyAnswer.block), literal(""), cast(null(), String), col(SurveyAnswer.answered_at)).where(
        col(SurveyAnswer.campaign_id) == campaign_id, col(SurveyAnswer.n) == n
    )
    rows = session.connection().execute(union_all(drawn, answered)).all()
    draws = {block: Drawn(block, prize, read_words(words), at) for block, prize, words, at in rows if words is not None}
    return Participation(draws, frozenset(block for block, _, words, _ in rows if words is None))
