"""The two kinds of record that lie in a spool, hits and what pages told, where only their time matters. For the backlog and
the inspection, which need not know what a hit looks like."""

from datetime import datetime

from tracker.hits import unpack
from tracker.told_events import is_told, unpack_told


def occurred_at(payload: bytes) -> datetime:
    """When a hit happened, or the first of what a page told. Raises ValueError for what is neither."""
    return unpack_told(payload).events[0].occurred_at if is_told(payload) else unpack(payload).occurred_at
