"""Metrics as tables: what each is called, and how it is read from the numbers that a room keeps anyway.

They are read when somebody asks (`ricochet.listener`), so that counting costs the work itself no more than an addition.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from prometheus_client import core
from prometheus_client.registry import Collector

Subject = TypeVar("Subject")

Reading = float | Mapping[Any, float] | None
"""One number; or one for each value of the label; or nothing, where nothing is known yet."""


@dataclass(frozen=True)
class Metric(Generic[Subject]):
    """`name` is as Prometheus wants it: base units, `_total` at the end of a counter's. `label` is what the numbers of one
    name are told apart by, `values` are all that it can be: what never happened is 0, not missing, or no rate could tell
    of the first time."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    read: Callable[[Subject], Reading]
    label: str = ""
    values: tuple[str, ...] = ()


class Metrics(Collector, Generic[Subject]):
    """What a table says of one subject, for a Prometheus registry."""

    def __init__(self, table: Sequence[Metric[Subject]], subject: Subject) -> None:
        self._table = table
        self._subject = subject

    def collect(self) -> Iterator[core.Metric]:
        for metric in self._table:
            yield _family(metric, metric.read(self._subject))


def _family(metric: Metric[Subject], reading: Reading) -> core.Metric:
    make = core.CounterMetricFamily if metric.kind == "counter" else core.GaugeMetricFamily
    family = make(metric.name, metric.help, labels=[metric.label] if metric.label else [])
    if isinstance(reading, Mapping):
        for value, number in (dict.fromkeys(metric.values, 0.0) | dict(reading)).items():
            family.add_metric([str(value)], number)
    elif reading is not None:
        family.add_metric([], reading)
    return family
