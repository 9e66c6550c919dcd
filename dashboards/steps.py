"""The funnel of a campaign's page: its steps in their strict order, the branch beside them, and the exits."""

from dataclasses import dataclass

from dashboards.figures import Count, Figures, Share, label_of, meaning_of
from linksvc.proportions import Proportion

PROVED = "proved"
"""Beside reached: those of whom no receipt says delivered."""

_STEPS = (
    ("produced", "", ()),
    ("submitted", "produced", ()),
    ("delivered", "submitted", ()),
    ("reached", "submitted", (PROVED, "contradicted", "seen")),
    ("clicked", "seen", ("hit_machine", "suspect")),
    ("engaged", "clicked", ()),
    ("redeemed", "reached", ()),
    ("redeemed_unclicked", "redeemed", ()),
    ("paid", "reached", ()),
)
"""The funnel: stage, the stage it is a share of, and what stands beside it."""

BRANCHES = ("redeemed_unclicked",)
"""Those that are a part of the step above them and no step on the way to the next: a code is used without a click too."""

_OF_THE_SEEN = ("clicked", "engaged", "redeemed_unclicked")
"""Told of people who consented to tracking alone: a share of all that were produced would be of the wrong people."""

SAMPLED = ("clicked", "engaged", "redeemed", "redeemed_unclicked", "paid", "opted_out")
"""Rates of what people chose to do: they come with an interval."""

_EXITS = (("failed", "submitted"), ("expired", "submitted"), ("opted_out", "reached"))
"""Ways out of the funnel, each of its own: they are no drop-off from one step to the next."""


@dataclass(frozen=True, slots=True)
class Note:
    """A figure beside a step, with the words that follow it."""

    count: Count
    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel. `width` is its bar, in per cent of produced, as an SVG length; `of_produced` is None where that
    share says nothing."""

    name: str
    label: str
    meaning: str
    count: Count
    width: str
    share: Share | None
    notes: tuple[Note, ...]
    of_produced: str | None
    is_branch: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of the funnel."""

    label: str
    meaning: str
    share: Share


def make_steps(figures: Figures) -> tuple[Step, ...]:
    """First to last; a branch follows the step that it is a part of. What says nothing of the campaign is left out."""
    tells = figures.funnel.tells
    return tuple(
        _step(figures, name, whole, tuple(filter(tells, notes)))
        for name, whole, notes in _STEPS
        if tells(name) and (name not in BRANCHES or figures.funnel[name])
    )


def _step(figures: Figures, name: str, whole: str, notes: tuple[str, ...]) -> Step:
    funnel = figures.funnel
    of_produced = Proportion(funnel[name], funnel["produced"])
    return Step(
        name=name,
        label=label_of(figures.speech, name),
        meaning=meaning_of(figures.speech, name),
        count=figures.count(name),
        width=f"{min(1.0, of_produced.share or 0.0) * 100:.2f}%",
        share=figures.share(name, whole, sampled=name in SAMPLED) if whole else None,
        notes=tuple(note for stage in notes if (note := _note(figures, stage)).count.value),
        of_produced=None if name in _OF_THE_SEEN else figures.per_cent(of_produced),
        is_branch=name in BRANCHES,
    )


def _note(figures: Figures, stage: str) -> Note:
    count = figures.rest("reached", "delivered") if stage == PROVED else figures.count(stage)
    return Note(count, figures.speech.say(f"note.{stage}", count=count.value))


def make_exits(figures: Figures) -> tuple[Exit, ...]:
    speech = figures.speech
    return tuple(
        Exit(label_of(speech, part), meaning_of(speech, part), figures.share(part, whole, sampled=part in SAMPLED))
        for part, whole in _EXITS
    )
