"""What stands beside a campaign's funnel: where every message is, who cannot be seen, what came after the window, and what
else is counted."""

from dataclasses import dataclass

from dashboards.figures import Count, Figures, Named, label_of, rows_path
from linksvc.conversions import CONVERSION
from linksvc.stages import LATE, LATE_OCCURRENCES, SENT, UNSENT

CAME_LATE = (*LATE, *LATE_OCCURRENCES)
"""What came after the window of its message had closed: in no rate, and never lost."""

ALSO_COUNTED = (
    "seen",
    "contradicted",
    "redeemed_unclicked",
    "suspect",
    "machine",
    "hit_human",
    "hit_suspect",
    "hit_machine",
    "hit_unnamed",
    "redemption",
    "return",
    "void",
    "payment",
)
"""What stands below the funnel: with tiles, funnel, ledgers and CAME_LATE, every stage and occurrence there is."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Figures that add up to a total."""

    name: str
    label: str
    total: Count
    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Unseen:
    """Those whose clicks nobody may tell apart: how many were reached, and how often all of their links were opened."""

    messages: Count
    reached: Count
    hits: Count


def make_ledgers(figures: Figures) -> tuple[Ledger, ...]:
    """Where every message is: produced and submitted, each with the states that add up to it."""
    return (_ledger(figures, "produced", (*UNSENT, "submitted")), _ledger(figures, "submitted", SENT))


def _ledger(figures: Figures, total: str, stages: tuple[str, ...]) -> Ledger:
    return Ledger(total, label_of(figures.speech, total), figures.count(total), figures.named(*stages))


def make_unseen(figures: Figures) -> Unseen | None:
    """None where everybody can be seen, and where there is no link to open."""
    funnel = figures.funnel
    if not funnel.has_link or (funnel["reached"] == funnel["seen"] and not funnel["hit_unnamed"]):
        return None
    return Unseen(figures.rest("reached", "seen"), figures.count("reached"), figures.count("hit_unnamed"))


def make_late(figures: Figures) -> tuple[Named, ...]:
    """Nothing where nothing came late."""
    if not any(figures.funnel[stage] for stage in CAME_LATE):
        return ()
    return figures.named(*(stage for stage in CAME_LATE if figures.funnel.tells(stage)))


def make_more(figures: Figures, conversions: int) -> tuple[Named, ...]:
    """What else is counted, and what pages claimed where they ever did."""
    counted = figures.named(*(stage for stage in ALSO_COUNTED if figures.funnel.tells(stage)))
    if not conversions:
        return counted
    say, path = figures.speech.say, rows_path(figures.funnel.campaign_id, CONVERSION)
    count = Count(CONVERSION, conversions, figures.speech.number(conversions), path)
    return (*counted, Named(say("claimed.label"), say("claimed.meaning"), count))
