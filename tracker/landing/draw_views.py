"""What the templates of scratch cards and cells are given: what was drawn, or what may be. For `tracker.landing.views`."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from babel import Locale
from babel.numbers import format_decimal
from markupsafe import Markup

from linksvc.landing.blocks import DrawBlock
from linksvc.landing.prize_words import Told
from linksvc.landing.prizes import CERTAIN
from tracker.landing import markup
from tracker.landing.locales import locale_of
from tracker.landing.scenes import Scene
from tracker.landing.wording import own_words


@dataclass(frozen=True, slots=True)
class Result:
    """What the reader drew. `label` is empty if it was nothing."""

    wins: bool
    label: str
    paragraphs: Markup


@dataclass(frozen=True, slots=True)
class Odds:
    """One line of what the page tells of its odds; `stock` is empty where there is no limit."""

    label: str
    share: str
    stock: str


def draw_view(block: DrawBlock, scene: Scene) -> dict[str, object]:
    """`result` is None before the reader has drawn; until then nothing of the page says what it will be."""
    drawn = scene.personal.participation.draws.get(block.id) if scene.personal else None
    return {"result": _result(drawn.told, scene) if drawn else None, "odds": tuple(_odds(block, scene))}


def _result(told: Told, scene: Scene) -> Result:
    return Result(told.wins, scene.say(told.label), markup.paragraphs(scene.say(told.text)))


def _odds(block: DrawBlock, scene: Scene) -> Iterator[Odds]:
    own, locale = own_words(scene.language), locale_of(scene.language)
    for prize in block.prizes:
        stock = "" if prize.stock is None else own["in_all"].format(count=format_decimal(prize.stock, locale=locale))
        yield Odds(scene.say(prize.label), _share(prize.odds, locale), stock)
    if rest := CERTAIN - sum(prize.odds for prize in block.prizes):
        yield Odds(own["wins_nothing"], _share(rest, locale), "")


def _share(odds: int, locale: Locale) -> str:
    """250 is 2.5 %."""
    return f"{format_decimal(Decimal(odds) / 100, '#,##0.##', locale=locale)}\u202f%"
