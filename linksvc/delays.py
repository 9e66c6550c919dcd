"""How long after something else something happened, in steps that grow: what the click curve and its like are drawn from.
Called by `linksvc.tallies`, and by whoever lists the messages of a step."""

from bisect import bisect_right
from datetime import datetime

EDGES = (
    *(0, 30, 60, 120, 180, 300, 600, 900, 1_800, 2_700),
    *(3_600, 5_400, 7_200, 10_800, 14_400, 21_600, 28_800, 43_200, 64_800),
    *(86_400, 129_600, 172_800, 259_200, 345_600, 432_000, 604_800, 1_209_600, 2_592_000),
)
"""Where steps begin, in seconds; the last one has no end."""

BEFORE = "-1"
"""The step of what happened before."""


ANY = "any"
"""Names all steps at once. `<3600` names those that end by then."""


def delay_step(since: datetime, moment: datetime) -> str:
    """The step's beginning, in seconds. Of both moments the whole second counts, as databases can tell it too."""
    seconds = int(moment.timestamp() // 1) - int(since.timestamp() // 1)
    return BEFORE if seconds < 0 else str(EDGES[bisect_right(EDGES, seconds) - 1])


def steps_of(value: str) -> tuple[str, ...]:
    """The steps that a value of a filter names. Raises ValueError for an end that no step has."""
    if value == ANY:
        return (BEFORE, *map(str, EDGES))
    if value.startswith("<"):
        return (BEFORE, *map(str, EDGES[: EDGES.index(int(value[1:]))]))
    return (value,)


def bounds_of(step: str) -> tuple[int | None, int | None]:
    """From which second on, and before which one; None: no end. Raises ValueError for what is no step."""
    if step == BEFORE:
        return None, 0
    place = EDGES.index(int(step))
    return EDGES[place], EDGES[place + 1] if place + 1 < len(EDGES) else None
