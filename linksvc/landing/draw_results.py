"""What was drawn in a campaign and what is left of it, in numbers: for the pages, the API and the command line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from linksvc.landing.blocks import FlipBlock, ScratchBlock
from linksvc.landing.campaign_pages import CampaignPage
from linksvc.landing.prize_words import read_words
from linksvc.landing.prizes import CERTAIN, Prize
from linksvc.landing.stock import NOTHING, read_drawn
from linksvc.landing.words import Words
from linksvc.models import PrizeWords

Drawn = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class PrizeResult:
    """`odds` in basis points, None for a prize that the page no longer has. `stock` and `left`: None: any number. NOTHING as
    `prize`: draws that won nothing, at the odds that the prizes leave."""

    prize: str
    label: Words
    odds: int | None
    stock: int | None
    drawn: int
    left: int | None
    wins: bool


@dataclass(frozen=True, slots=True)
class DrawResult:
    """One scratch card, or one set of cells. `draws` is the sum of what was drawn; `is_shown`: whether the page has it
    still."""

    block: str
    kind: str
    title: Words
    is_shown: bool
    draws: int
    prizes: tuple[PrizeResult, ...]


def read_draw_results(session: Session, page: CampaignPage) -> tuple[DrawResult, ...]:
    """The blocks of a campaign's page in its order, also those in which nobody has drawn, then those it had before."""
    drawn = read_drawn(session, page.campaign_id)
    shown = [one for one in (page.document.blocks if page.document else ()) if isinstance(one, ScratchBlock | FlipBlock)]
    known = {(block.id, prize.id) for block in shown for prize in block.prizes}
    gone = {one: drawn[one] for one in sorted(drawn.keys() - known) if one[1] != NOTHING}
    labels = _kept_labels(session, page.campaign_id) if gone else {}
    results = [_of_block(block, drawn, gone, labels) for block in shown]
    former = sorted({block for block, _ in drawn} - {block.id for block in shown})
    return (*results, *(_of_former(block, drawn, gone, labels) for block in former))


def _of_block(
    block: ScratchBlock | FlipBlock, drawn: Drawn, gone: Drawn, labels: Mapping[tuple[str, str], Words]
) -> DrawResult:
    rest = CERTAIN - sum(prize.odds for prize in block.prizes)
    prizes = [_of_prize(prize, drawn.get((block.id, prize.id), 0)) for prize in block.prizes]
    prizes += _of_gone(block.id, gone, labels)
    prizes.append(_nothing(drawn.get((block.id, NOTHING), 0), rest))
    return DrawResult(block.id, block.type, block.title, True, sum(one.drawn for one in prizes), tuple(prizes))


def _of_former(block: str, drawn: Drawn, gone: Drawn, labels: Mapping[tuple[str, str], Words]) -> DrawResult:
    prizes = [*_of_gone(block, gone, labels), _nothing(drawn.get((block, NOTHING), 0), None)]
    return DrawResult(block, "", {}, False, sum(one.drawn for one in prizes), tuple(prizes))


def _of_prize(prize: Prize, drawn: int) -> PrizeResult:
    left = None if prize.stock is None else max(0, prize.stock - drawn)
    return PrizeResult(prize.id, prize.label, prize.odds, prize.stock, drawn, left, prize.wins)


def _of_gone(block: str, gone: Drawn, labels: Mapping[tuple[str, str], Words]) -> Iterator[PrizeResult]:
    for (of_block, prize), count in gone.items():
        if of_block == block:
            yield PrizeResult(prize, labels.get((block, prize), {}), None, None, count, 0, True)


def _nothing(drawn: int, odds: int | None) -> PrizeResult:
    return PrizeResult(NOTHING, {}, odds, None, drawn, None, False)


def _kept_labels(session: Session, campaign_id: int) -> dict[tuple[str, str], Words]:
    """By block and prize, what it was called when it was drawn last."""
    rows = session.exec(
        select(PrizeWords).where(PrizeWords.campaign_id == campaign_id).order_by(col(PrizeWords.page_version))
    )
    return {(row.block, row.prize): read_words(row.words).label for row in rows}
