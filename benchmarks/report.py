"""How every benchmark reports: a line of JSON with each figure beside the ceiling measured in the same run.

A virtual machine is not always given the processors it seems to have. How much was taken from it during the run is told too:
with more than a few per cent, rates and delays are those of the machine's neighbours.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Metric:
    """A figure. `ratio` relates it to `ceiling`, what the machine can do at best; `goal` is told in words."""

    name: str
    value: float
    unit: str
    ceiling: float | None
    ratio: float | None
    goal: str
    met: bool


def processor_ticks() -> tuple[int, int]:
    """What the machine's processors have spent since it started: in all, and taken by the host ("steal", proc(5))."""
    spent = [int(ticks) for ticks in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return sum(spent[:8]), spent[7]


_BEFORE = processor_ticks()


def taken_percent() -> float:
    """The share of the processors' time that the host has taken since this was imported."""
    everything, taken = (after - before for after, before in zip(processor_ticks(), _BEFORE, strict=True))
    return round(100 * taken / max(everything, 1), 1)


def report(benchmark: str, metrics: list[Metric]) -> None:
    """Prints the line that `benchmarks/run.py` reads: always a benchmark's last."""
    rounded = [asdict(metric) | {"value": round(metric.value, 3)} for metric in metrics]
    for metric in rounded:
        for name in ("ceiling", "ratio"):
            metric[name] = None if metric[name] is None else round(metric[name], 3)
    print(json.dumps({"benchmark": benchmark, "taken_by_the_host_percent": taken_percent(), "metrics": rounded}))
