"""Forgetting events and what came of sending them, once they were kept long enough. Called by `ricochet work`."""

from collections import defaultdict
from datetime import datetime

from sqlmodel import Session, col, delete, select

from linksvc.models import WebhookAttempt, WebhookDelivery, WebhookEvent

EVENTS_AT_ONCE = 200
"""With their deliveries and tries some two thousand rows."""


def forget(session: Session, before: datetime) -> int:
    """Forgets some of the events that were recorded before then, the oldest first; returns how many. What still waits for an
    endpoint that was disabled goes with them."""
    oldest = (
        select(WebhookEvent.workspace_id, WebhookEvent.id)
        .where(WebhookEvent.recorded_at < before)
        .order_by(col(WebhookEvent.recorded_at))
        .limit(EVENTS_AT_ONCE)
    )
    by_workspace: dict[int, list[str]] = defaultdict(list)
    for workspace_id, event_id in session.exec(oldest):
        by_workspace[workspace_id].append(event_id)
    for workspace_id, events in sorted(by_workspace.items()):
        for table, column in (
            (WebhookAttempt, WebhookAttempt.event_id),
            (WebhookDelivery, WebhookDelivery.event_id),
            (WebhookEvent, WebhookEvent.id),
        ):
            session.exec(delete(table).where(col(table.workspace_id) == workspace_id, col(column).in_(events)))
    return sum(map(len, by_workspace.values()))
