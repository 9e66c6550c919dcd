"""Routes and what was handed to them."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from linksvc.models.columns import key, moment, reference, serial_key


class Route(SQLModel, table=True):
    """An operator's SMSC account; its password is never stored here. `state`: idle, bound, refused, unreachable."""

    __tablename__ = "route"
    id: int | None = serial_key()
    name: str = Field(unique=True)
    host: str
    port: int
    system_id: str
    window_size: int = 10
    rate_per_s: int = 100
    enabled: bool = True
    state: str = "idle"
    error: str = ""
    """Why it is refused or unreachable, in words for the campaign's page."""
    state_at: datetime | None = moment()
    created_at: datetime


class Attempt(SQLModel, table=True):
    """One part handed to a route, committed before the socket sees a byte. `outcome`: marked, accepted, refused,
    retry (a temporary refusal) or unknown."""

    __tablename__ = "attempt"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "n"], ["message.campaign_id", "message.n"]),
        # What stands open on a bind, for whoever takes it over; few have another outcome than accepted.
        Index("ix_attempt_open", "route_id", "outcome"),
        {"sqlite_with_rowid": False},
    )
    campaign_id: int = key("campaign.id")
    n: int = key()
    part: int = key()
    attempt: int = key()
    parts: int
    route_id: int = reference()
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

    Without campaign_id the answer has not come; without `state` no receipt has.
    """

    __tablename__ = "smsc_id"
    __table_args__ = ({"sqlite_with_rowid": False},)
    route_id: int = key("route.id")
    id: str = Field(primary_key=True)
    """Normalised: see `sender.receipts`."""
    raw_id: str = ""
    campaign_id: int | None = reference(default=None)
    n: int | None = reference(default=None)
    part: int | None = None
    parts: int | None = None
    attempt: int | None = None
    state: str = ""
    """The furthest state a receipt told: DELIVERED, EXPIRED, ... (SMPP v3.4, 5.2.28)."""
    error: str = ""
    receipts: int = 0
    """How many receipts came, duplicates included."""
    done_at: datetime | None = moment()
    recorded_at: datetime
