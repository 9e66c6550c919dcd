"""What may be won on a page, with its odds. Drawn by `linksvc.landing.draws`."""

from typing import Self

from pydantic import Field, model_validator

from linksvc.landing.parts import Part, Slug
from linksvc.landing.words import UNSAID, Label, Prose

CERTAIN = 10_000
"""Odds of one, in basis points."""

PRIZES_MOST = 20
STOCK_MOST = 100_000_000


class Prize(Part):
    id: Slug
    label: Label = UNSAID
    text: Prose = UNSAID
    odds: int = Field(ge=1, le=CERTAIN)
    """In basis points: 250 is one draw in forty."""
    stock: int | None = Field(default=None, ge=0, le=STOCK_MOST)
    """How many there are in each campaign; None: as many as are drawn."""
    wins: bool = True
    """Whether it is shown as something that was won."""


class Prizes(Part):
    """A block in which something may be won. What the odds leave wins nothing."""

    prizes: tuple[Prize, ...] = Field(default=(), max_length=PRIZES_MOST)
    nothing: Prose = UNSAID

    @property
    def always_gives(self) -> bool:
        """Whether nobody goes without: the odds leave nothing, and no prize runs out."""
        return sum(prize.odds for prize in self.prizes) == CERTAIN and all(prize.stock is None for prize in self.prizes)

    def needless(self) -> frozenset[str]:
        return frozenset({"title", "nothing"} if self.always_gives else {"title"})

    @model_validator(mode="after")
    def _odds_add_up(self) -> Self:
        total = sum(prize.odds for prize in self.prizes)
        if total > CERTAIN:
            raise ValueError(f"prizes: their odds add up to {total:,}; {CERTAIN:,} (100 %) are the most")
        ids = [prize.id for prize in self.prizes]
        if repeated := [one for one in ids if ids.count(one) > 1]:
            raise ValueError(f"prizes: two have the id “{repeated[0]}”; each prize has one of its own")
        return self
