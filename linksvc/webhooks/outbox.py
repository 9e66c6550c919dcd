"""The outbox: an event is written in the transaction of what it tells, so neither is ever there without the other.

Whoever learns of something calls `tell`; whoever learns of thousands asks first who listens. With no endpoint that wants to
hear it costs one look at a small index, and nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, bindparam, select
from sqlmodel import Session

from linksvc.bulk import insert_rows
from linksvc.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from linksvc.statements import Statement
from linksvc.webhooks.events import Event


@dataclass(frozen=True, slots=True)
class Listener:
    """A live endpoint and what it wants to hear. With `shop_id` of that shop only."""

    endpoint_id: str
    shop_id: int | None
    types: frozenset[str]

    def wants(self, event: Event) -> bool:
        return event.type in self.types and self.shop_id in (None, event.shop_id)


def tell(session: Session, workspace_id: int, events: Sequence[Event], now: datetime) -> None:
    """Writes the events for whoever in the workspace wants to hear them. One that was told before is not told again."""
    if events:
        tell_listeners(session, workspace_id, find_listeners(session, workspace_id), events, now)


def find_listeners(session: Session, workspace_id: int) -> list[Listener]:
    found = _LISTENERS.rows(session, {"of_workspace": workspace_id})
    return [Listener(id, shop_id, frozenset(events.split())) for id, shop_id, events in found]


def tell_listeners(
    session: Session, workspace_id: int, listeners: Sequence[Listener], events: Sequence[Event], now: datetime
) -> None:
    """As `tell`, to those that were found."""
    heard = [(event, wanting) for event in events if (wanting := [one for one in listeners if one.wants(event)])]
    rows = [(workspace_id, event.id, event.type, event.body(), event.occurred_at, now) for event, _ in heard]
    insert_rows(session, WebhookEvent, _EVENT, rows)
    deliveries = [
        (workspace_id, event.id, one.endpoint_id, event.type, "pending", 0, 0, now, 0, "", now)
        for event, wanting in heard
        for one in wanting
    ]
    insert_rows(session, WebhookDelivery, _DELIVERY, deliveries)


_ENDPOINTS: Table = WebhookEndpoint.__table__  # type: ignore[attr-defined]

_LISTENERS = Statement(
    lambda _: select(_ENDPOINTS.c.id, _ENDPOINTS.c.shop_id, _ENDPOINTS.c.events).where(
        _ENDPOINTS.c.workspace_id == bindparam("of_workspace"), _ENDPOINTS.c.disabled_at.is_(None)
    )
)

_EVENT = ("workspace_id", "id", "type", "body", "occurred_at", "recorded_at")
_DELIVERY = (
    "workspace_id",
    "event_id",
    "endpoint_id",
    "type",
    "state",
    "attempts",
    "tries",
    "next_at",
    "last_status",
    "last_error",
    "recorded_at",
)
