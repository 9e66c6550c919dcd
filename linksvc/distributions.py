"""How long something took, counted in the steps of `linksvc.delays`: the median and other quantiles as the step they lie in.

Called by the delivery report and by the charts. Only counts are kept, so a quantile is known to its step and no finer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

BEFORE, NOT_KNOWN = "-1", ""
"""Values of a delay that are no step: it began after it ended (a receipt can come late), or one of its ends is not known."""


@dataclass(frozen=True, slots=True)
class Step:
    """What took at least `since_s` and less than `until_s` seconds. `since_s` None: it was there before; `until_s` None:
    however long. `value` is the step's name in the counters; `so_far` counts it and all shorter ones."""

    since_s: int | None
    until_s: int | None
    count: int
    value: str
    so_far: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """Every step from the shortest to the longest, those without anything too. `not_known` stand in none of them."""

    steps: tuple[Step, ...]
    not_known: int

    @property
    def total(self) -> int:
        """How many took a time that is known."""
        return self.steps[-1].so_far if self.steps else 0

    @property
    def trimmed(self) -> tuple[Step, ...]:
        """The steps without the empty ones at both ends; those between stay, for what is missing is told too."""
        filled = [place for place, step in enumerate(self.steps) if step.count]
        return self.steps[filled[0] : filled[-1] + 1] if filled else ()

    def quantile(self, per_cent: int) -> Step | None:
        """The step within which that share of them was done; None of nothing. 50 gives the median's."""
        return next((step for step in self.steps if step.so_far * 100 >= self.total * per_cent and step.so_far), None)


def distribution_of(counts: Mapping[str, int], edges: Sequence[int]) -> Distribution:
    """`counts` by value, as the counters hold them; `edges`: the lower end of every step, in seconds, ascending."""
    ends: list[int | None] = [*edges[1:], None]
    shapes: list[tuple[str, int | None, int | None]] = [(BEFORE, None, edges[0])]
    shapes += [(str(since), since, until) for since, until in zip(edges, ends, strict=True)]
    sums = accumulate(counts.get(value, 0) for value, _, _ in shapes)
    steps = tuple(
        Step(since, until, counts.get(value, 0), value, so_far)
        for (value, since, until), so_far in zip(shapes, sums, strict=True)
    )
    return Distribution(steps, counts.get(NOT_KNOWN, 0))
