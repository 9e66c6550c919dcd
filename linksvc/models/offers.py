"""Offers, promo codes and their ledger: keyed by workspace and code."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from linksvc.models.columns import Big, big, key, moment, reference, serial_key


class Offer(SQLModel, table=True):
    """What a code is worth. `kind`: percentage (`value` in basis points) or amount (`value` in minor units)."""

    __tablename__ = "offer"
    __table_args__ = (Index("ix_offer_workspace", "workspace_id"),)
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    name: str
    kind: str
    value: int = big()
    currency: str
    minimum_minor: int = big()
    uses_per_code: int = 1
    starts_at: datetime
    ends_at: datetime | None = moment()
    created_at: datetime


class PromoCode(SQLModel, table=True):
    """A code and how often it was used. Everything a redemption must know stands in this one row."""

    __tablename__ = "promo_code"
    __table_args__ = ({"sqlite_with_rowid": False},)
    workspace_id: int = key()
    code: str = Field(primary_key=True)
    """Normalised: see `linksvc.promo_codes.normalise`."""
    offer_id: int = reference()
    campaign_id: int | None = reference(default=None)
    n: int | None = reference(default=None)
    max_uses: int = 1
    used: int = 0
    disabled: bool = False


class LedgerEntry(SQLModel, table=True):
    """One step in a code's life, append-only: redeemed, or refused with a reason. An entry that redeemed is a redemption."""

    __tablename__ = "code_ledger"
    __table_args__ = ({"sqlite_with_rowid": False},)
    workspace_id: int = key()
    code: str = Field(primary_key=True)
    """As normalised, whether it exists or not: a guess leaves a trace too."""
    id: str = Field(primary_key=True)
    """`rdm_` and a UUID."""
    action: str
    reason: str = ""
    shop_id: int | None = reference(default=None)
    key_id: int = reference()
    order_ref: str = ""
    order_minor: int = Field(default=0, sa_type=Big)
    discount_minor: int = Field(default=0, sa_type=Big)
    currency: str = ""
    occurred_at: datetime
    recorded_at: datetime


class IdempotencyRecord(SQLModel, table=True):
    """The first answer to a request, given again to its repetition. `scope`: the shop, or the workspace's own keys."""

    __tablename__ = "idempotency_record"
    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    status: int
    body: str
    created_at: datetime
