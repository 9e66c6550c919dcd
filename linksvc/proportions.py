"""Shares with their numerator and denominator, how sure they are, and how far apart two of them are. Used by the reports
of the API and by the pages."""

from dataclasses import dataclass
from math import hypot, sqrt

Z_95 = 1.959964
"""The normal deviate of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """`part` of `whole`."""

    part: int
    whole: int

    @property
    def share(self) -> float | None:
        """Between 0 and 1, or None: of nothing there is no share."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson score interval (Wilson 1927), which stays within 0 and 1 and holds for small numbers too.

        None where there is no share, and where part exceeds whole, which is then no sample of it.
        """
        if not self.whole or not 0 <= self.part <= self.whole:
            return None
        n, p, z2 = self.whole, self.part / self.whole, Z_95**2
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = Z_95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        # Rounding must not carry the interval past its own estimate: at 0 of n the low end is 0, exactly.
        return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


@dataclass(frozen=True, slots=True)
class Difference:
    """How much larger a share is than another one, in shares of one, with its 95 % interval."""

    estimate: float
    low: float
    high: float

    @property
    def is_told(self) -> bool:
        """Whether chance alone is no likely reason: the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def difference_of(one: Proportion, other: Proportion) -> Difference | None:
    """`one` less `other`, with the interval made of both Wilson intervals (Newcombe 1998, method 10), which holds for small
    numbers and for shares near 0 too. None where either has no interval."""
    if one.interval is None or other.interval is None:
        return None
    p, q = one.part / one.whole, other.part / other.whole
    (low, high), (other_low, other_high) = one.interval, other.interval
    return Difference(p - q, p - q - hypot(p - low, other_high - q), p - q + hypot(high - p, q - other_low))
