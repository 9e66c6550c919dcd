"""docs/metrics.md: every metric and the alerts, from the tables that they are read from. Written by `scripts/write-docs`."""

from collections.abc import Iterator, Sequence
from typing import Any

from linksvc.api.limits import LIMIT_METRICS
from linksvc.metrics import Metric
from ricochet.alerts import ALERTS
from ricochet.webhook_sender import WEBHOOK_METRICS
from sender.metrics import SENDER_METRICS
from tracker.ingest_report import ingest_metrics
from tracker.metrics import TRACKER_METRICS

_INTRODUCTION = """# Metrics

`GET /metrics` on a process's internal listener (docs/operations.md), in the text format of Prometheus. Every process tells
its memory, processor time, open files and start time besides, as `process_*`. Counters begin at 0 with each process: sum
their `rate()` or `increase()`, never themselves.
"""

_ALERTS = """
## Alerts

A file for Prometheus's `rule_files`. The jobs' names are those of docs/operations.md; the limits are what to begin with.

```yaml
groups:
  - name: ricochet
    rules:
"""


def metrics_page() -> str:
    trackers = _table("A tracker, `ricochet serve tracker`", TRACKER_METRICS)
    ingest = _table("Ingest, `ricochet ingest`", ingest_metrics())
    senders = _table("A sender, `ricochet send`", SENDER_METRICS)
    work = _table("The background work, `ricochet work`", WEBHOOK_METRICS)
    web = _table("The API and the till page, `ricochet serve web`, `linksvc` and `dashboards`", LIMIT_METRICS)
    return _INTRODUCTION + trackers + ingest + senders + work + web + _ALERTS + "".join(_rules()) + "```\n"


def _table(title: str, metrics: Sequence[Metric[Any]]) -> str:
    rows = [f"| `{metric.name}` | {metric.kind} | {_label(metric)} | {metric.help} |\n" for metric in metrics]
    return f"\n## {title}\n\n| metric | kind | told apart by | what it is |\n|---|---|---|---|\n" + "".join(rows)


def _label(metric: Metric[Any]) -> str:
    return f"`{metric.label}`: {', '.join(metric.values)}" if metric.label else "-"


def _rules() -> Iterator[str]:
    for alert in ALERTS:
        yield f"      - alert: {alert.name}\n"
        yield f"        expr: {alert.when}\n"
        yield f"        for: {alert.lasting}\n"
        yield f"        labels: {{severity: {alert.severity}}}\n"
        yield f'        annotations: {{summary: "{alert.summary}"}}\n'
