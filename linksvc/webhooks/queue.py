"""The queue of deliveries: what is due is claimed, tried by `ricochet.webhook_sender`, and settled.

A claim is a time: whoever claims puts the delivery's next try off, so that no other process takes it, and what a process
that was killed had in hand comes back by itself. Then a receiver may get an event twice, never not at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Table, Update, bindparam
from sqlmodel import Session, col, select, update

from linksvc.database import insert_new, rows_affected
from linksvc.errors import ConfigurationError
from linksvc.keys import Keyring
from linksvc.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from linksvc.webhooks.endpoints import FAILING, GONE, secrets_of
from linksvc.webhooks.posting import Outcome
from linksvc.webhooks.schedule import next_try

CLAIMED_FOR = timedelta(seconds=60)
"""Well over what a try and its note take."""

GIVEN_UP_AFTER = timedelta(days=3)
"""An endpoint that took nothing for this long is disabled when the last try of an event fails too."""

log = structlog.get_logger()

Receiver = tuple[int, str]
"""An endpoint: its workspace and its id."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that was claimed: all that a try needs. `attempt` numbers the try, `tries` counts those of this round."""

    workspace_id: int
    endpoint_id: str
    event_id: str
    attempt: int
    tries: int
    url: str
    secrets: tuple[str, ...]
    body: str

    @property
    def receiver(self) -> Receiver:
        return self.workspace_id, self.endpoint_id


@dataclass(frozen=True, slots=True)
class Tried:
    due: Due
    outcome: Outcome
    began_at: datetime


def find_waiting(session: Session, now: datetime) -> list[Receiver]:
    """The live endpoints that something is due for, the longest waiting first."""
    # One look at the index for each endpoint, however long its queue is.
    first = (
        select(WebhookDelivery.next_at)
        .where(
            WebhookDelivery.workspace_id == WebhookEndpoint.workspace_id,
            WebhookDelivery.endpoint_id == WebhookEndpoint.id,
            WebhookDelivery.state == "pending",
        )
        .order_by(col(WebhookDelivery.next_at))
        .limit(1)
        .correlate(WebhookEndpoint)
        .scalar_subquery()
    )
    live = select(WebhookEndpoint.workspace_id, WebhookEndpoint.id, first).where(col(WebhookEndpoint.disabled_at).is_(None))
    waiting = [(at, (workspace_id, id)) for workspace_id, id, at in session.exec(live) if at is not None and at <= now]
    return [receiver for _, receiver in sorted(waiting)]


def claim(session: Session, keyring: Keyring, room: Mapping[Receiver, int], now: datetime) -> list[Due]:
    """Takes what is due for the endpoints, as much as each has room for, the longest due first."""
    claimed: list[Due] = []
    for (workspace_id, endpoint_id), most in room.items():
        endpoint = session.get(WebhookEndpoint, (workspace_id, endpoint_id))
        if endpoint is not None and endpoint.disabled_at is None:
            claimed += _claim_of(session, keyring, endpoint, most, now)
    return claimed


def _claim_of(session: Session, keyring: Keyring, endpoint: WebhookEndpoint, most: int, now: datetime) -> list[Due]:
    mine = (
        col(WebhookDelivery.workspace_id) == endpoint.workspace_id,
        col(WebhookDelivery.endpoint_id) == endpoint.id,
        col(WebhookDelivery.state) == "pending",
        col(WebhookDelivery.next_at) <= now,
    )
    first = select(WebhookDelivery.event_id).where(*mine).order_by(col(WebhookDelivery.next_at)).limit(most)
    events = session.exec(first.with_for_update(skip_locked=True)).all()
    if not events:
        return []
    claimed = update(WebhookDelivery).where(*mine, col(WebhookDelivery.event_id).in_(events))
    put_off = claimed.values(next_at=now + CLAIMED_FOR)
    try:
        secrets = secrets_of(keyring, endpoint, now)
    except ConfigurationError as error:
        # One endpoint's trouble, which must not hold up the others.
        log.error("webhook cannot be signed", action="webhook.sign", id=endpoint.id, error=str(error))
        session.exec(put_off)
        return []
    taken = session.exec(
        put_off.values(attempts=col(WebhookDelivery.attempts) + 1, tries=col(WebhookDelivery.tries) + 1).returning(
            col(WebhookDelivery.event_id), col(WebhookDelivery.attempts), col(WebhookDelivery.tries)
        )
    ).all()
    bodies = _bodies(session, endpoint.workspace_id, events)
    return [
        Due(endpoint.workspace_id, endpoint.id, event_id, attempt, tries, endpoint.url, secrets, bodies[event_id])
        for event_id, attempt, tries in taken
    ]


def _bodies(session: Session, workspace_id: int, events: Iterable[str]) -> dict[str, str]:
    statement = select(WebhookEvent.id, WebhookEvent.body).where(
        WebhookEvent.workspace_id == workspace_id, col(WebhookEvent.id).in_(events)
    )
    return dict(session.exec(statement).all())


def give_back(session: Session, unfinished: Sequence[Due], now: datetime) -> None:
    """Lets what was claimed and not tried to its end be due at once, for another process."""
    rows = [_claimed(due) | {"new_next_at": now, "new_tries": due.tries - 1} for due in unfinished]
    _update(session, ("next_at", "tries"), rows)


def settle(session: Session, tried: Sequence[Tried], now: datetime) -> None:
    """Writes the log, and what is to happen next with each delivery and each endpoint."""
    insert_new(session, WebhookAttempt, [_logged(one) for one in tried])
    rows = [_claimed(one.due) | _settled(one, now) for one in tried]
    _update(session, ("state", "next_at", "done_at", "last_status", "last_error"), rows)
    given_up = {one.due.receiver for one, row in zip(tried, rows, strict=True) if row["new_state"] == "failed"}
    by_receiver: dict[Receiver, list[Outcome]] = defaultdict(list)
    for one in tried:
        by_receiver[one.due.receiver].append(one.outcome)
    for receiver, outcomes in sorted(by_receiver.items()):
        _note_endpoint(session, receiver, outcomes, receiver in given_up, now)


def _settled(tried: Tried, now: datetime) -> dict[str, Any]:
    outcome = tried.outcome
    again = None if outcome.delivered or outcome.gone else next_try(tried.due.tries, now, outcome.retry_after_s)
    return {
        "new_state": "delivered" if outcome.delivered else "pending" if again else "failed",
        "new_next_at": again or now,
        "new_done_at": None if again else now,
        "new_last_status": outcome.status,
        "new_last_error": outcome.error,
    }


def _claimed(due: Due) -> dict[str, Any]:
    return {
        "of_workspace": due.workspace_id,
        "of_event": due.event_id,
        "of_endpoint": due.endpoint_id,
        "of_attempt": due.attempt,
    }


def _update(session: Session, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Changes claimed deliveries, but for those that somebody claimed again meanwhile."""
    table: Table = WebhookDelivery.__table__  # type: ignore[attr-defined]
    statement = (
        table.update()
        .where(
            table.c.workspace_id == bindparam("of_workspace"),
            table.c.event_id == bindparam("of_event"),
            table.c.endpoint_id == bindparam("of_endpoint"),
            table.c.attempts == bindparam("of_attempt"),
        )
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    if rows:
        session.connection().execute(statement, rows)


def _logged(tried: Tried) -> dict[str, Any]:
    due, outcome = tried.due, tried.outcome
    return {
        "workspace_id": due.workspace_id,
        "event_id": due.event_id,
        "endpoint_id": due.endpoint_id,
        "attempt": due.attempt,
        "status": outcome.status,
        "error": outcome.error,
        "answer": outcome.answer,
        "duration_ms": outcome.duration_ms,
        "attempted_at": tried.began_at,
    }


def _note_endpoint(session: Session, receiver: Receiver, outcomes: Sequence[Outcome], given_up: bool, now: datetime) -> None:
    """How an endpoint does, and that it is disabled when it wants nothing any more or took nothing for days."""
    endpoint = update(WebhookEndpoint).where(
        col(WebhookEndpoint.workspace_id) == receiver[0], col(WebhookEndpoint.id) == receiver[1]
    )
    failing = col(WebhookEndpoint.failing_since)
    if any(outcome.gone for outcome in outcomes):
        _disable(session, endpoint, receiver, GONE, now)
    elif any(outcome.delivered for outcome in outcomes):
        session.exec(endpoint.where(failing.is_not(None)).values(failing_since=None))
    else:
        session.exec(endpoint.where(failing.is_(None)).values(failing_since=now))
        if given_up:
            _disable(session, endpoint.where(failing <= now - GIVEN_UP_AFTER), receiver, FAILING, now)


def _disable(session: Session, endpoint: Update, receiver: Receiver, reason: str, now: datetime) -> None:
    live = endpoint.where(col(WebhookEndpoint.disabled_at).is_(None))
    if rows_affected(session.exec(live.values(disabled_at=now, disabled_reason=reason))):
        log.warning("webhook disabled", action="webhook.disable", workspace_id=receiver[0], id=receiver[1], reason=reason)
