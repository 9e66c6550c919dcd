"""What a sender tells, as Prometheus metrics. Read from the database by its internal listener, listed in docs/metrics.md."""

from collections.abc import Mapping

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from linksvc.database import reading
from linksvc.metrics import Metric
from sender import strays
from sender.matching import parked

KINDS = ("parked", "stray")


def _unmatched(engine: Engine) -> Mapping[str, float] | None:
    """None while the database cannot be used."""
    try:
        with reading(engine) as session:
            return {"parked": parked(session), "stray": strays.count(session)}
    except SQLAlchemyError:
        return None


SENDER_METRICS: tuple[Metric[Engine], ...] = (
    Metric(
        "ricochet_sender_unmatched_receipts",
        "gauge",
        "Receipts that found no message, of all routes: `parked` have an id that no answer had yet, `stray` have none. "
        "When `parked` grows, a route's ids are not written as its settings say.",
        _unmatched,
        "kind",
        KINDS,
    ),
)
