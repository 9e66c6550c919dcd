"""The log of deliveries: what an endpoint was sent, how each try went, and sending again. For the API and the command
line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import Session, col, select, update

from linksvc.database import BATCH_ROWS
from linksvc.errors import Conflict, InvalidRequest, NotFound
from linksvc.models import WebhookAttempt, WebhookDelivery, WebhookEvent
from linksvc.public_ids import check_drawn_id
from linksvc.webhooks.endpoints import Owner, find_endpoint
from linksvc.webhooks.events import Event, Test
from linksvc.webhooks.outbox import Listener, tell_listeners

STATES = ("pending", "delivered", "failed")


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to an endpoint. `next_at`: when it is tried next, while it is pending. `last_status` 0: there was
    no answer yet, or none at all: then `last_error` says why."""

    event_id: str
    type: str
    state: str
    attempts: int
    next_at: datetime | None
    last_status: int
    last_error: str
    recorded_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Newest first. `next_after` is None on the last page."""

    deliveries: tuple[Delivery, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """`status` 0: there was no answer. `answer`: the beginning of what a failure was answered with."""

    number: int
    attempted_at: datetime
    duration_ms: int
    status: int
    error: str
    answer: str


@dataclass(frozen=True, slots=True)
class DeliveryStory:
    """A delivery with the JSON that is sent, and each try."""

    delivery: Delivery
    body: dict[str, Any]
    attempts: tuple[Attempt, ...]


def list_deliveries(
    session: Session, owner: Owner, endpoint_id: str, state: str | None, after: str | None, limit: int
) -> DeliveryPage:
    """Raises NotFound (webhook_not_found), InvalidRequest (cursor_invalid)."""
    find_endpoint(session, owner, endpoint_id)
    statement = select(WebhookDelivery).where(*_of(owner, endpoint_id))
    if state:
        statement = statement.where(WebhookDelivery.state == state)
    if after:
        order = tuple_(col(WebhookDelivery.recorded_at), col(WebhookDelivery.event_id))
        statement = statement.where(order < _read_cursor(after))
    newest = (col(WebhookDelivery.recorded_at).desc(), col(WebhookDelivery.event_id).desc())
    rows = session.exec(statement.order_by(*newest).limit(limit + 1)).all()
    shown = rows[:limit]
    next_after = f"{shown[-1].recorded_at.isoformat()}~{shown[-1].event_id}" if len(rows) > limit else None
    return DeliveryPage(tuple(map(_as_seen, shown)), next_after)


def find_delivery(session: Session, owner: Owner, endpoint_id: str, event_id: str) -> DeliveryStory:
    """Raises NotFound (webhook_not_found, delivery_not_found)."""
    row = _find(session, owner, endpoint_id, event_id)
    body = session.exec(
        select(WebhookEvent.body).where(WebhookEvent.workspace_id == owner.workspace_id, WebhookEvent.id == event_id)
    ).one()
    attempts = session.exec(
        select(WebhookAttempt)
        .where(
            WebhookAttempt.workspace_id == owner.workspace_id,
            WebhookAttempt.event_id == event_id,
            WebhookAttempt.endpoint_id == endpoint_id,
        )
        .order_by(col(WebhookAttempt.attempt))
    )
    return DeliveryStory(_as_seen(row), json.loads(body), tuple(map(_try, attempts)))


def replay(session: Session, owner: Owner, endpoint_id: str, event_id: str, now: datetime) -> Delivery:
    """Sends an event again, at once and with all the tries of a new one, whatever came of it before. One that waits for its
    next try goes at once. Raises NotFound (webhook_not_found, delivery_not_found), Conflict (webhook_disabled)."""
    _check_enabled(session, owner, endpoint_id)
    row = _find(session, owner, endpoint_id, event_id)
    row.state, row.tries, row.next_at, row.done_at = "pending", 0, now, None
    session.add(row)
    session.flush()
    return _as_seen(row)


def replay_failed(session: Session, owner: Owner, endpoint_id: str, since: datetime, now: datetime) -> int:
    """Sends again what failed of all that was recorded since then, the oldest first; returns how many. No more than
    BATCH_ROWS at once: whoever gets that many asks again. Raises NotFound (webhook_not_found), Conflict
    (webhook_disabled)."""
    _check_enabled(session, owner, endpoint_id)
    failed = (*_of(owner, endpoint_id), col(WebhookDelivery.state) == "failed")
    oldest = (
        select(WebhookDelivery.event_id)
        .where(*failed, col(WebhookDelivery.recorded_at) >= since)
        .order_by(col(WebhookDelivery.recorded_at))
        .limit(BATCH_ROWS)
    )
    events = session.exec(oldest.with_for_update(skip_locked=True)).all()
    again = update(WebhookDelivery).where(*failed, col(WebhookDelivery.event_id).in_(events))
    session.exec(again.values(state="pending", tries=0, next_at=now, done_at=None))
    return len(events)


def send_test(session: Session, owner: Owner, endpoint_id: str, now: datetime) -> Delivery:
    """Sends a webhook.test to the endpoint, and to no other. Raises NotFound (webhook_not_found), Conflict
    (webhook_disabled)."""
    _check_enabled(session, owner, endpoint_id)
    event = Event("webhook.test", f"{endpoint_id} {now.isoformat()}", now, Test(endpoint_id))
    listener = Listener(endpoint_id, None, frozenset({event.type}))
    tell_listeners(session, owner.workspace_id, [listener], [event], now)
    return _as_seen(_find(session, owner, endpoint_id, event.id))


def _check_enabled(session: Session, owner: Owner, endpoint_id: str) -> None:
    if find_endpoint(session, owner, endpoint_id).disabled_at is not None:
        raise Conflict("This webhook is disabled, so nothing is sent to it. Enable it first.", code="webhook_disabled")


def _find(session: Session, owner: Owner, endpoint_id: str, event_id: str) -> WebhookDelivery:
    find_endpoint(session, owner, endpoint_id)
    statement = select(WebhookDelivery).where(*_of(owner, endpoint_id), WebhookDelivery.event_id == event_id)
    row = session.exec(statement).first()
    if row is None:
        raise NotFound(
            "This webhook was sent no such event, or it is so long ago that it is forgotten.", code="delivery_not_found"
        )
    return row


def _of(owner: Owner, endpoint_id: str) -> Sequence[ColumnElement[bool]]:
    return (col(WebhookDelivery.workspace_id) == owner.workspace_id, col(WebhookDelivery.endpoint_id) == endpoint_id)


def _read_cursor(after: str) -> tuple[datetime, str]:
    told, _, event_id = after.partition("~")
    try:
        at = datetime.fromisoformat(told)
        if at.utcoffset() is None:
            raise ValueError("no time zone")
        return at, check_drawn_id("event", event_id)
    except (ValueError, NotFound):
        raise InvalidRequest("`after` is no `next_after` of a page.", code="cursor_invalid") from None


def _as_seen(row: WebhookDelivery) -> Delivery:
    return Delivery(
        event_id=row.event_id,
        type=row.type,
        state=row.state,
        attempts=row.attempts,
        next_at=row.next_at if row.state == "pending" else None,
        last_status=row.last_status,
        last_error=row.last_error,
        recorded_at=row.recorded_at,
        done_at=row.done_at,
    )


def _try(row: WebhookAttempt) -> Attempt:
    return Attempt(row.attempt, row.attempted_at, row.duration_ms, row.status, row.error, row.answer)
