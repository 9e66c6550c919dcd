"""Pay by link: what recipients are asked to pay, and who tells that they did."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from linksvc.models.columns import big, key, moment, reference


class PaymentProvider(SQLModel, table=True):
    """Who takes the money and calls back. `kind`: hmac (any system that signs) or stripe (Stripe's scheme)."""

    __tablename__ = "payment_provider"
    __table_args__ = (
        Index("ux_payment_provider_name", "workspace_id", "name", unique=True),
        # A callback names it, and no workspace.
        Index("ix_payment_provider_id", "id"),
    )
    workspace_id: int = key("workspace.id")
    id: str = Field(primary_key=True)
    name: str
    kind: str
    secret: str
    """What its callbacks are signed with: the provider's word, so it has to be kept. Sealed (`linksvc.sealing`), as the next
    two are."""
    previous_secret: str = ""
    """The secret before, which is taken as well ..."""
    previous_until: datetime | None = moment()
    """... until then."""
    checkout_url: str = ""
    """Where it is asked for a place to pay; empty: it is not asked."""
    checkout_key: str = ""
    """The key of an account that it is asked with; empty: what it is asked is signed with `secret`."""
    return_url: str = ""
    """Where customers come back to once they have paid there."""
    created_at: datetime
    disabled_at: datetime | None = moment()


class Payment(SQLModel, table=True):
    """An amount that one recipient is asked for. `state`: pending, paid, expired, cancelled."""

    __tablename__ = "payment"
    __table_args__ = (
        # From a provider's name for it, as a callback bears it.
        Index("ix_payment_provider_ref", "workspace_id", "provider_id", "provider_ref", unique=True),
        # From a message to what it asks for.
        Index("ix_payment_message", "campaign_id", "n"),
        Index("ix_payment_expiry", "state", "expires_at"),
        # Lists, the newest first, of all and of one state.
        Index("ix_payment_time", "workspace_id", "created_at", "id"),
        Index("ix_payment_state", "workspace_id", "state", "created_at", "id"),
    )
    workspace_id: int = key("workspace.id")
    id: str = Field(primary_key=True)
    provider_id: str
    provider_ref: str
    """What the provider's callback names it by."""
    campaign_id: int = reference("campaign.id")
    n: int = reference()
    description: str
    amount_minor: int = big()
    currency: str
    destination_url: str
    """Where it is paid."""
    confirmation: str = ""
    """What the customer is told by SMS once it is paid; empty: nothing."""
    state: str = "pending"
    created_at: datetime
    expires_at: datetime | None = moment()
    paid_at: datetime | None = moment()


class PaymentCallback(SQLModel, table=True):
    """A callback that was taken, by the provider's name for it: the same again changes nothing."""

    __tablename__ = "payment_callback"
    workspace_id: int = key("workspace.id")
    provider_id: str = Field(primary_key=True)
    event_ref: str = Field(primary_key=True)
    payment_id: str
    outcome: str
    """paid, or why it changed nothing: already_paid, amount_differs, expired, cancelled, unknown_payment, ignored."""
    recorded_at: datetime


class MessageText(SQLModel, table=True):
    """The text of a message that is one of its kind; others have their campaign's."""

    __tablename__ = "message_text"
    __table_args__ = (ForeignKeyConstraint(["campaign_id", "n"], ["message.campaign_id", "message.n"]),)
    campaign_id: int = key("campaign.id")
    n: int = key()
    text: str
