"""How every benchmark reports: a line of JSON with each figure beside the ceiling measured in the same run."""

import json
from dataclasses import asdict, dataclass


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


def report(benchmark: str, metrics: list[Metric]) -> None:
    """Prints the line that `benchmarks/run.py` reads: always a benchmark's last."""
    rounded = [asdict(metric) | {"value": round(metric.value, 3)} for metric in metrics]
    for metric in rounded:
        for name in ("ceiling", "ratio"):
            metric[name] = None if metric[name] is None else round(metric[name], 3)
    print(json.dumps({"benchmark": benchmark, "metrics": rounded}))
