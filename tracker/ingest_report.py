"""What an operator is told of ingest: its metrics, listed in docs/metrics.md, and whether it can do its work. Told by its
internal listener."""

from collections.abc import Sequence

from linksvc.clock import Clock, now
from linksvc.metrics import Metric
from linksvc.readiness import Condition, Conditions
from tracker.ingest import Ingester
from tracker.set_aside import Fault


def ingest_metrics(clock: Clock = now) -> tuple[Metric[Ingester], ...]:
    """The table; `clock` tells how long ago something was."""

    def age_of_oldest(ingester: Ingester) -> float:
        at = ingester.oldest_waiting()
        return max(0.0, (clock() - at).total_seconds()) if at else 0.0

    return (
        Metric(
            "ricochet_ingest_hits_stored_total",
            "counter",
            "Hits brought from the spool to the database.",
            lambda ingester: ingester.stored,
        ),
        Metric(
            "ricochet_ingest_page_events_stored_total",
            "counter",
            "Events of pages brought from the spool to the database.",
            lambda ingester: ingester.events_stored,
        ),
        Metric(
            "ricochet_ingest_set_aside_total",
            "counter",
            "Records that could not be stored and were put aside, by what is wrong with them.",
            lambda ingester: ingester.set_aside.counts,
            "fault",
            tuple(Fault),
        ),
        Metric(
            "ricochet_ingest_oldest_hit_age_seconds",
            "gauge",
            "How long the oldest hit in the spool has waited; 0 when none waits.",
            age_of_oldest,
        ),
        Metric(
            "ricochet_ingest_behind",
            "gauge",
            "1 if more hits wait than one transaction takes, else 0.",
            lambda ingester: ingester.behind,
        ),
        Metric(
            "ricochet_ingest_database_reachable",
            "gauge",
            "1 if the database answered when it was last asked, else 0.",
            lambda ingester: ingester.reachable,
        ),
    )


def ingest_conditions(ingester: Ingester) -> Conditions:
    """It is ready when it runs: without the database it waits, and starting it again would not help."""

    async def look() -> Sequence[Condition]:
        detail = "It answers." if ingester.reachable else "It does not answer; the hits wait in the spool."
        return (Condition("database", ingester.reachable, False, detail),)

    return look
