"""What is to be handed to routes, what was, and what came of it."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from linksvc.models.columns import big, key, moment, reference


class SendBatch(SQLModel, table=True):
    """Messages [first_n, first_n + size) of a campaign that are still to leave, all of one country and network. A bind's
    holder claims it for a while; it is deleted once each of its messages was marked or will not leave."""

    __tablename__ = "send_batch"
    __table_args__ = (
        # What is to be claimed next, in the order in which it is.
        Index("ix_send_batch_due", "campaign_id", "due_at", "first_n"),
        {"sqlite_with_rowid": False},
    )
    campaign_id: int = key("campaign.id")
    first_n: int = key()
    size: int
    country: str = ""
    network: str = ""
    lane: int = 0
    """0 to 9,999, drawn once: routes share the lanes, so a route's share of the lanes is its share of the messages."""
    due_at: datetime
    reason: str = ""
    """Why it waits: quiet_hours, holiday, frequency_cap, scheduled, retry, resent; empty: it does not."""
    worker: str = ""
    """Who has claimed it; empty: free."""
    claimed_until: datetime | None = moment()


class CampaignShare(SQLModel, table=True):
    """How much of a campaign's rate a bind's holder may use until then; the live ones never add up to more than the rate."""

    __tablename__ = "campaign_share"
    __table_args__ = ({"sqlite_with_rowid": False},)
    campaign_id: int = key("campaign.id")
    worker: str = Field(primary_key=True)
    rate_milli: int = big()
    """Parts in 1,000 s."""
    until: datetime


_OPEN = text("outcome IN ('marked', 'retry', 'unknown')")


class Attempt(SQLModel, table=True):
    """One part handed to a route, committed before the socket sees a byte. `outcome`: marked, accepted, refused, retry (not
    taken for the moment, and waits), retried (that, and what followed is another attempt or another batch), unknown, or
    resent (unknown, and somebody decided to send the message again). No foreign key: whoever marks a message has claimed
    it."""

    __tablename__ = "attempt"
    __table_args__ = (
        # What stands open on a bind, for whoever takes it over, and what a person has to decide.
        Index("ix_attempt_open", "route_id", "outcome", sqlite_where=_OPEN, postgresql_where=_OPEN),
        {"sqlite_with_rowid": False},
    )
    campaign_id: int = key()
    n: int = key()
    part: int = key()
    attempt: int = key()
    parts: int
    route_id: int = reference()
    bind: int = 0
    """The number of the route's bind it was marked for."""
    worker: str
    outcome: str = "marked"
    command_status: int = 0
    smsc_id: str = ""
    """The id as the SMSC wrote it."""
    occurred_at: datetime
    recorded_at: datetime
    answered_at: datetime | None = moment()


class SmscId(SQLModel, table=True):
    """What an SMSC calls a part: written by whichever of answer and receipt comes first, finished by the other.

    Without campaign_id the answer has not come; without `state` no receipt has. No foreign key: a route is never deleted.
    """

    __tablename__ = "smsc_id"
    __table_args__ = (
        # Receipts whose answer has not come.
        Index(
            "ix_smsc_id_parked",
            "route_id",
            "recorded_at",
            sqlite_where=text("campaign_id IS NULL"),
            postgresql_where=text("campaign_id IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )
    route_id: int = key()
    id: str = Field(primary_key=True)
    """Canonical: see `sender.message_ids`."""
    raw_id: str = ""
    twin: str = ""
    """The other id of a receipt that names two, while it is not known which of them the answer will have."""
    number: str = ""
    """Whom a receipt is about whose answer has not come, as the receipt says."""
    campaign_id: int | None = reference(default=None)
    n: int | None = reference(default=None)
    part: int | None = None
    parts: int | None = None
    attempt: int | None = None
    state: str = ""
    """The furthest state a receipt told: DELIVERED, EXPIRED, ... (SMPP v3.4, 5.2.28)."""
    error: str = ""
    cause: str = ""
    """What that error is in our words: see `linksvc.delivery_causes`."""
    states: str = ""
    """Each state that came, with its time: ENROUTE 2026-01-01T10:00:00Z;DELIVERED 2026-01-01T10:00:04Z."""
    receipts: int = 0
    """How many receipts came, duplicates included."""
    done_at: datetime | None = moment()
    recorded_at: datetime


class StrayReceipt(SQLModel, table=True):
    """A receipt that names no message, kept as it came. `times`: how often it was told."""

    __tablename__ = "stray_receipt"
    route_id: int = key("route.id")
    fingerprint: str = Field(primary_key=True)
    """SHA-256 of its addresses, payload and parameters."""
    number: str
    state: str = ""
    error: str = ""
    payload: str
    """In hexadecimal."""
    parameters: str = "{}"
    """Its TLVs, as a JSON object."""
    times: int = 1
    recorded_at: datetime
