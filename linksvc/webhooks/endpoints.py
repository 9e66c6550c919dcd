"""Endpoints: the addresses that a workspace, or one of its shops, wants to be told things at. For the API and the command
line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, func, select

from linksvc.database import insert_into, rows_affected
from linksvc.errors import Conflict, FieldError, InvalidRequest, NotFound
from linksvc.keys import Keyring
from linksvc.models import WebhookEndpoint
from linksvc.public_ids import draw_id
from linksvc.webhooks.addresses import Networks, check_url
from linksvc.webhooks.events import EVENT_TYPES, OF_SHOPS
from linksvc.webhooks.signing import SecretName, secret_of

MOST = 20
"""Endpoints of one owner."""

KEPT_LONGEST = timedelta(days=7)
"""How long a secret may go on signing after the next one was made."""

ASKED, GONE, FAILING = "asked", "gone", "failing"
"""Why an endpoint is disabled."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose endpoints they are: a workspace's, who sees those of its shops too; or one shop's, who sees no others."""

    workspace_id: int
    shop_id: int | None

    def owns(self) -> tuple[ColumnElement[bool], ...]:
        mine = col(WebhookEndpoint.workspace_id) == self.workspace_id
        return (mine,) if self.shop_id is None else (mine, col(WebhookEndpoint.shop_id) == self.shop_id)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`disabled_reason`: asked, gone (it answered 410), failing (for days), or empty while it is sent to."""

    id: str
    shop_id: int | None
    url: str
    events: tuple[str, ...]
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str
    previous_secret_until: datetime | None


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """None leaves as it is. `enabled` True lets an endpoint be sent to again, and what still waits for it too."""

    url: str | None = None
    events: tuple[str, ...] | None = None
    enabled: bool | None = None


def add_endpoint(
    session: Session, keyring: Keyring, owner: Owner, own: Networks, url: str, events: Sequence[str], now: datetime
) -> tuple[Endpoint, SecretName]:
    """Adds an endpoint; with it comes the name of its secret, which is to be shown now and never again. `own`: see
    `check_url`.

    Raises InvalidRequest (webhook_url_invalid, event_unknown, event_not_for_shops, webhooks_too_many), Conflict
    (webhook_exists).
    """
    url, events = check_url(url, own), _check_events(owner, events)
    if _count(session, owner) >= MOST:
        raise InvalidRequest(f"{MOST} webhooks are the most, and all are there. Remove one.", code="webhooks_too_many")
    row = WebhookEndpoint(
        workspace_id=owner.workspace_id,
        id=draw_id("webhook"),
        shop_id=owner.shop_id,
        url=url,
        events=" ".join(events),
        secret_key=keyring.version,
        created_at=now,
    )
    statement = insert_into(session, WebhookEndpoint).values(row.model_dump()).on_conflict_do_nothing()
    added = session.connection().execute(statement)
    if rows_affected(added) != 1:
        raise _exists()
    return _as_seen(row), _present(row)


def list_endpoints(session: Session, owner: Owner) -> list[Endpoint]:
    rows = select(WebhookEndpoint).where(*owner.owns()).order_by(col(WebhookEndpoint.created_at), col(WebhookEndpoint.id))
    return [_as_seen(row) for row in session.exec(rows)]


def find_endpoint(session: Session, owner: Owner, endpoint_id: str) -> Endpoint:
    """Raises NotFound (webhook_not_found)."""
    return _as_seen(_find(session, owner, endpoint_id, lock=False))


def edit_endpoint(
    session: Session, owner: Owner, own: Networks, endpoint_id: str, change: EndpointChange, now: datetime
) -> Endpoint:
    """Raises NotFound (webhook_not_found), and what adding it would raise."""
    row = _find(session, owner, endpoint_id)
    if change.url is not None:
        row.url = check_url(change.url, own)
        if _is_taken(session, row):
            raise _exists()
    if change.events is not None:
        row.events = " ".join(_check_events(Owner(row.workspace_id, row.shop_id), change.events))
    if change.enabled is True:
        row.disabled_at, row.disabled_reason, row.failing_since = None, "", None
    elif change.enabled is False and row.disabled_at is None:
        row.disabled_at, row.disabled_reason = now, ASKED
    session.add(row)
    session.flush()
    return _as_seen(row)


def remove_endpoint(session: Session, owner: Owner, endpoint_id: str) -> Endpoint:
    """Forgets an endpoint; what still waits for it is not sent. Returns it as it was. Raises NotFound
    (webhook_not_found)."""
    removed = _as_seen(_find(session, owner, endpoint_id))
    session.exec(delete(WebhookEndpoint).where(*owner.owns(), col(WebhookEndpoint.id) == endpoint_id))
    return removed


def rotate_secret(
    session: Session, keyring: Keyring, owner: Owner, endpoint_id: str, keep: timedelta, now: datetime
) -> tuple[Endpoint, SecretName]:
    """Makes a new secret, to be shown once; what is sent is signed by both as long as the old one is kept.

    Raises NotFound (webhook_not_found), InvalidRequest for a time that is negative or longer than KEPT_LONGEST.
    """
    if not timedelta() <= keep <= KEPT_LONGEST:
        message = f"The secret before can be kept for 0 to {KEPT_LONGEST.days * 24} hours."
        raise InvalidRequest(message, errors=(FieldError("keep_hours", message),))
    row = _find(session, owner, endpoint_id)
    row.previous_key, row.previous_until = row.secret_key, now + keep
    row.secret_version, row.secret_key = row.secret_version + 1, keyring.version
    session.add(row)
    session.flush()
    return _as_seen(row), _present(row)


def secrets_of(keyring: Keyring, row: WebhookEndpoint, now: datetime) -> tuple[str, ...]:
    """What the row's endpoint is signed for by: the present secret, and the one before while it is kept."""
    present = secret_of(keyring, _present(row))
    if row.previous_until is None or row.previous_until <= now:
        return (present,)
    before = SecretName(row.workspace_id, row.id, row.secret_version - 1, row.previous_key)
    return present, secret_of(keyring, before)


def _present(row: WebhookEndpoint) -> SecretName:
    return SecretName(row.workspace_id, row.id, row.secret_version, row.secret_key)


def _find(session: Session, owner: Owner, endpoint_id: str, *, lock: bool = True) -> WebhookEndpoint:
    statement = select(WebhookEndpoint).where(*owner.owns(), col(WebhookEndpoint.id) == endpoint_id)
    row = session.exec(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise NotFound("There is no such webhook here.", code="webhook_not_found")
    return row


def _count(session: Session, owner: Owner) -> int:
    return session.exec(select(func.count()).select_from(WebhookEndpoint).where(*_just_of(owner))).one()


def _just_of(owner: Owner) -> tuple[ColumnElement[bool], ...]:
    """The owner's own: of a workspace not those of its shops."""
    if owner.shop_id is None:
        return (*owner.owns(), col(WebhookEndpoint.shop_id).is_(None))
    return owner.owns()


def _is_taken(session: Session, row: WebhookEndpoint) -> bool:
    """Whether another endpoint of the same owner has the address."""
    same = (*_just_of(Owner(row.workspace_id, row.shop_id)), col(WebhookEndpoint.url) == row.url)
    with session.no_autoflush:
        return session.exec(select(WebhookEndpoint.id).where(*same, WebhookEndpoint.id != row.id)).first() is not None


def _exists() -> Conflict:
    return Conflict("There is a webhook of this address already. Change that one.", code="webhook_exists")


def _check_events(owner: Owner, events: Sequence[str]) -> tuple[str, ...]:
    """The types in the order of EVENT_TYPES, each once."""
    unknown = sorted(set(events) - set(EVENT_TYPES))
    if unknown or not events:
        wrong = f"Unknown: {', '.join(unknown)}. " if unknown else ""
        message = f"{wrong}A webhook is sent one or more of: {', '.join(EVENT_TYPES)}."
        raise InvalidRequest(message, code="event_unknown", errors=(FieldError("events", message),))
    if owner.shop_id is not None and not set(events) <= OF_SHOPS:
        message = f"A shop is told of its own codes alone: {', '.join(sorted(OF_SHOPS))}. Use a key of the workspace."
        raise InvalidRequest(message, code="event_not_for_shops", errors=(FieldError("events", message),))
    return tuple(kind for kind in EVENT_TYPES if kind in events)


def _as_seen(row: WebhookEndpoint) -> Endpoint:
    return Endpoint(
        id=row.id,
        shop_id=row.shop_id,
        url=row.url,
        events=tuple(row.events.split()),
        created_at=row.created_at,
        failing_since=row.failing_since,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
        previous_secret_until=row.previous_until,
    )
