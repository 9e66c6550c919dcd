"""What is told to other systems: where to, what, and how that went. Keyed by workspace."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from linksvc.models.columns import key, moment, reference

_OF_NO_SHOP = text("shop_id IS NULL")
_PENDING = text("state = 'pending'")
_FAILED = text("state = 'failed'")


class WebhookEndpoint(SQLModel, table=True):
    """An address that events are sent to. `events`: their types, separated by spaces.

    Its secret is not kept: it is derived from a key of the installation (`linksvc.webhooks.signing`).
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        # An address is named once by a workspace, and once by each of its shops.
        Index("ux_webhook_endpoint_shop", "workspace_id", "shop_id", "url", unique=True),
        Index(
            "ux_webhook_endpoint_url",
            "workspace_id",
            "url",
            unique=True,
            sqlite_where=_OF_NO_SHOP,
            postgresql_where=_OF_NO_SHOP,
        ),
    )
    workspace_id: int = key("workspace.id")
    id: str = Field(primary_key=True)
    shop_id: int | None = reference("shop.id", default=None)
    """Of a shop: it hears of that shop alone. None: of the workspace."""
    url: str
    events: str
    secret_version: int = 1
    secret_key: int = 0
    """The version of the installation's key that the secret is derived from."""
    previous_key: int = 0
    """The same of the version before, with which is signed beside the present one ..."""
    previous_until: datetime | None = moment()
    """... until then."""
    created_at: datetime
    failing_since: datetime | None = moment()
    """The first failure after the last success."""
    disabled_at: datetime | None = moment()
    disabled_reason: str = ""
    """asked (by its owner), gone (it answered 410) or failing (for days)."""


class WebhookEvent(SQLModel, table=True):
    """Something that happened, as it is told. Recorded in the transaction of what it tells."""

    __tablename__ = "webhook_event"
    __table_args__ = (
        # What has been kept long enough.
        Index("ix_webhook_event_time", "recorded_at"),
        {"sqlite_with_rowid": False},
    )
    workspace_id: int = key()
    id: str = Field(primary_key=True)
    type: str
    body: str
    occurred_at: datetime
    recorded_at: datetime


class WebhookDelivery(SQLModel, table=True):
    """An event on its way to an endpoint. `state`: pending, delivered, failed."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        # What an endpoint is to be sent next ...
        Index(
            "ix_webhook_delivery_due",
            "workspace_id",
            "endpoint_id",
            "next_at",
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
        # ... what may be sent again, and its log.
        Index(
            "ix_webhook_delivery_failed",
            "workspace_id",
            "endpoint_id",
            "recorded_at",
            sqlite_where=_FAILED,
            postgresql_where=_FAILED,
        ),
        Index("ix_webhook_delivery_log", "workspace_id", "endpoint_id", "recorded_at", "event_id"),
        {"sqlite_with_rowid": False},
    )
    workspace_id: int = key()
    event_id: str = Field(primary_key=True)
    endpoint_id: str = Field(primary_key=True)
    type: str
    state: str = "pending"
    attempts: int = 0
    """All of them: each is numbered when it begins."""
    tries: int = 0
    """Those since it was queued, or queued again: they say how long the next one waits."""
    next_at: datetime
    """When it is to be tried; while it is being tried, when it is to be tried again if nobody says what came of that."""
    last_status: int = 0
    last_error: str = ""
    recorded_at: datetime
    done_at: datetime | None = moment()


class WebhookAttempt(SQLModel, table=True):
    """One try to deliver, for the log. `status` 0: there was no answer."""

    __tablename__ = "webhook_attempt"
    __table_args__ = ({"sqlite_with_rowid": False},)
    workspace_id: int = key()
    event_id: str = Field(primary_key=True)
    endpoint_id: str = Field(primary_key=True)
    attempt: int = key()
    status: int = 0
    error: str = ""
    answer: str = ""
    """The beginning of what was answered, of a failure only."""
    duration_ms: int = 0
    attempted_at: datetime
