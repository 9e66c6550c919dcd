"""How long something takes: the distributions that networks and people follow. For the simulator's settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from random import Random


class DelayForm(StrEnum):
    """How delays are distributed around their median."""

    CONSTANT = "constant"
    UNIFORM = "uniform"
    LOGNORMAL = "lognormal"
    PARETO = "pareto"


@dataclass(frozen=True)
class Delay:
    """A delay in seconds: unless told otherwise log-normal around its median, and never longer than `most_s`.

    `spread` is the sigma of the logarithm (log-normal) or the shape, alpha (Pareto: the smaller, the longer its tail);
    the uniform one runs from as far below the median as `most_s` is above it. The constant one knows its median only.
    """

    median_s: float
    most_s: float
    spread: float = 0.6
    form: DelayForm = DelayForm.LOGNORMAL

    def draw(self, random: Random) -> float:
        match self.form:
            case DelayForm.CONSTANT:
                drawn = self.median_s
            case DelayForm.UNIFORM:
                drawn = random.uniform(max(0.0, 2 * self.median_s - self.most_s), self.most_s)
            case DelayForm.PARETO:
                drawn = self.median_s * random.paretovariate(self.spread) / 2 ** (1 / self.spread)
            case _:
                drawn = self.median_s * random.lognormvariate(0.0, self.spread)
        return min(self.most_s, drawn)

    @classmethod
    def parse(cls, text: str) -> "Delay":
        """`constant:S`, `uniform:LEAST:MOST`, `lognormal:MEDIAN:MOST[:SIGMA]`, `pareto:MEDIAN:MOST[:ALPHA]`, or seconds
        alone. Raises ValueError with what would be right."""
        form, _, rest = text.partition(":") if ":" in text else (DelayForm.CONSTANT.value, "", text)
        try:
            delay = _BUILDERS[form](*(float(number) for number in rest.split(":")))
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"“{text}” is no delay: write {_SPELLINGS}") from None
        if not 0 <= delay.median_s <= delay.most_s < inf or not 0 <= delay.spread < inf:
            raise ValueError(f"“{text}” is no delay: seconds run from 0, and the most is the last")
        return delay

    def __str__(self) -> str:
        """As `parse` reads it."""
        match self.form:
            case DelayForm.CONSTANT:
                return f"constant:{self.median_s:g}"
            case DelayForm.UNIFORM:
                return f"uniform:{max(0.0, 2 * self.median_s - self.most_s):g}:{self.most_s:g}"
        return f"{self.form}:{self.median_s:g}:{self.most_s:g}:{self.spread:g}"


_SPELLINGS = "0.5, constant:0.5, uniform:LEAST:MOST, lognormal:MEDIAN:MOST:SIGMA or pareto:MEDIAN:MOST:ALPHA, in seconds"


def _constant(seconds: float) -> Delay:
    return Delay(seconds, seconds, 0.0, DelayForm.CONSTANT)


def _uniform(least_s: float, most_s: float) -> Delay:
    if least_s > most_s:
        raise ValueError
    return Delay((least_s + most_s) / 2, most_s, 0.0, DelayForm.UNIFORM)


def _lognormal(median_s: float, most_s: float, sigma: float = 0.6) -> Delay:
    return Delay(median_s, most_s, sigma, DelayForm.LOGNORMAL)


def _pareto(median_s: float, most_s: float, alpha: float = 1.5) -> Delay:
    if alpha <= 0:
        raise ValueError
    return Delay(median_s, most_s, alpha, DelayForm.PARETO)


_BUILDERS: Mapping[str, Callable[..., Delay]] = {
    DelayForm.CONSTANT.value: _constant,
    DelayForm.UNIFORM.value: _uniform,
    DelayForm.LOGNORMAL.value: _lognormal,
    DelayForm.PARETO.value: _pareto,
}
