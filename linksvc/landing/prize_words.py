"""What a page said of a prize when it was drawn, kept beside the draws: whoever won it is told so in these words, whatever
became of the page. Called by `linksvc.landing.draws` and whoever shows what was drawn."""

import json
from dataclasses import dataclass

from sqlmodel import Session

from linksvc.database import insert_new
from linksvc.landing.prizes import Prize, Prizes
from linksvc.landing.visitors import Visitor
from linksvc.landing.words import Words
from linksvc.models import PrizeWords


@dataclass(frozen=True, slots=True)
class Told:
    """A text by its language, for both; `wins`: it is shown as something that was won. A draw that won nothing has no
    label."""

    wins: bool
    label: Words
    text: Words


def told_of(block: Prizes, prize: Prize | None) -> Told:
    """What the page says; None: of winning nothing."""
    if prize is None:
        return Told(False, {}, dict(block.nothing))
    return Told(prize.wins, dict(prize.label), dict(prize.text))


def keep_words(session: Session, visitor: Visitor, block: str, prize: str, told: Told) -> None:
    """Kept once for each state of the page, however many draw it."""
    words = json.dumps({"wins": told.wins, "label": dict(told.label), "text": dict(told.text)}, ensure_ascii=False)
    row = {
        "campaign_id": visitor.campaign_id,
        "block": block,
        "prize": prize,
        "page_id": visitor.page_id,
        "page_version": visitor.page_version,
        "words": words,
    }
    insert_new(session, PrizeWords, [row])


def read_words(stored: str) -> Told:
    """What `keep_words` has kept."""
    words = json.loads(stored)
    return Told(bool(words["wins"]), words["label"], words["text"])
