"""What is told to other systems: where to, what, and how that went. Keyed by workspace."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from linksvc.models.columns import key, moment

_PENDING = text("state = 'pending'")


class WebhookEndpoint(SQLModel, table=True):
    """An address that events are sent to. `events`: their types, separated by spaces."""

    __tablename__ = "webhook_endpoint"
    workspace_id: int = key("workspace.id")
    id: str = Field(primary_key=True)
    url: str
    events: str
    secret_version: int = 1
    """Its secret is derived from the installation's key, its id and this version."""
    created_at: datetime
    disabled_at: datetime | None = moment()
    disabled_reason: str = ""


class WebhookEvent(SQLModel, table=True):
    """Something that happened, as it is told. Recorded in the transaction of what it tells."""

    __tablename__ = "webhook_event"
    __table_args__ = (Index("ix_webhook_event_time", "workspace_id", "recorded_at"),)
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
        Index("ix_webhook_delivery_due", "next_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("ix_webhook_delivery_endpoint", "workspace_id", "endpoint_id", "state"),
    )
    workspace_id: int = key()
    event_id: str = Field(primary_key=True)
    endpoint_id: str = Field(primary_key=True)
    state: str = "pending"
    attempts: int = 0
    next_at: datetime
    last_status: int = 0
    last_error: str = ""
    done_at: datetime | None = moment()


class WebhookAttempt(SQLModel, table=True):
    """One try to deliver, for the log. `status` 0: there was no answer."""

    __tablename__ = "webhook_attempt"
    workspace_id: int = key()
    event_id: str = Field(primary_key=True)
    endpoint_id: str = Field(primary_key=True)
    attempt: int = key()
    status: int = 0
    error: str = ""
    duration_ms: int = 0
    attempted_at: datetime
