"""The rates of every report: what is taken of what. Called by the API's reports, comparisons and trends, and by their pages.

Each is of messages. Whatever is said of clicks is taken of those that were reached and whose clicks can be seen (`seen`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from linksvc.proportions import Proportion

OF = {
    "delivered": "submitted",
    "reached": "submitted",
    "clicked": "seen",
    "engaged": "clicked",
    "redeemed": "reached",
    "paid": "reached",
    "replied": "reached",
    "opted_out": "reached",
}
"""The stage that each rate is of, and the one that it is taken of."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The click rate with all suspects left out, which is the one told everywhere, and with all of them in."""

    suspects: int
    out: Proportion
    within: Proportion


def rate_of(counts: Mapping[str, int], name: str) -> Proportion:
    """The rate by its name in OF."""
    return Proportion(counts[name], counts[OF[name]])


def decided_of(counts: Mapping[str, int]) -> Proportion:
    """Delivered, of those whose receipt decides: unknown is neither success nor failure."""
    return Proportion(counts["delivered"], counts["delivered"] + counts["failed"] + counts["expired"])


def bounds_of(counts: Mapping[str, int]) -> Bounds:
    """With all in, the denominator stays `seen`: suspects whose message was not reached would be if they were people, but
    are not added. So the upper bound may be a little too high and is never too low. It is at most all of them."""
    most = counts["clicked"] + counts["suspect"]
    return Bounds(counts["suspect"], rate_of(counts, "clicked"), Proportion(most, max(counts["seen"], most)))
