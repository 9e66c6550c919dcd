"""Shares with their numerator and denominator, and how sure they are. Used by `dashboards.figures`."""

from dataclasses import dataclass
from math import sqrt

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
