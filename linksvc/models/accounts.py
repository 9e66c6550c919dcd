"""Who uses the installation: workspaces, users, shops, API keys."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from linksvc.models.columns import key, moment, reference, serial_key


class Workspace(SQLModel, table=True):
    """A company: everything else belongs to one."""

    __tablename__ = "workspace"
    __table_args__ = (
        # One twin each.
        Index("ux_workspace_sandbox", "sandbox_of", unique=True),
    )
    id: int | None = serial_key()
    name: str = Field(unique=True)
    timezone: str = "Europe/Paris"
    currency: str = "EUR"
    quiet_hours: bool = True
    """Marketing messages wait for the hours of their recipient's country (`linksvc.quiet_hours`) ..."""
    quiet_holidays: bool = True
    """... and for the end of its holidays. Off for people who are made up, or on somebody's own responsibility."""
    cap_messages: int = 0
    """The most marketing messages a number gets in `cap_days` days; 0: any number."""
    cap_days: int = 0
    stop_reply: str = ""
    """What is answered to STOP; empty, here and below: the built-in text in the recipient's language."""
    help_reply: str = ""
    start_reply: str = ""
    sandbox_of: int | None = reference(default=None)
    """Of a twin: the workspace whose test keys see it, and nothing else (`linksvc.sandbox`)."""
    created_at: datetime


class User(SQLModel, table=True):
    """A person who signs in. `password_hash` is argon2, empty until one was set."""

    __tablename__ = "user_account"
    id: int | None = serial_key()
    email: str = Field(unique=True)
    password_hash: str = ""
    language: str = "en"
    created_at: datetime


class Member(SQLModel, table=True):
    """A user's place in a workspace."""

    __tablename__ = "member"
    workspace_id: int = key("workspace.id")
    user_id: int = key("user_account.id")
    role: str = "owner"


class SignInLink(SQLModel, table=True):
    """A one-time sign-in link; only the SHA-256 of its token is kept."""

    __tablename__ = "sign_in_link"
    token_hash: str = Field(primary_key=True)
    user_id: int = reference("user_account.id")
    expires_at: datetime
    used_at: datetime | None = moment()


class Shop(SQLModel, table=True):
    """A place where codes are redeemed."""

    __tablename__ = "shop"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    name: str
    created_at: datetime


class Store(SQLModel, table=True):
    """A branch of a shop: where in it a code was redeemed."""

    __tablename__ = "store"
    __table_args__ = (UniqueConstraint("workspace_id", "shop_id", "name"),)
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    shop_id: int = reference("shop.id")
    name: str
    created_at: datetime


class ApiKey(SQLModel, table=True):
    """A key: its SHA-256 and last four characters, never itself. `scopes` are separated by spaces."""

    __tablename__ = "api_key"
    __table_args__ = (Index("ix_api_key_workspace", "workspace_id"),)
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    shop_id: int | None = reference("shop.id", default=None)
    store_id: int | None = reference(default=None)
    sandbox: bool = False
    """A test key (`rk_test_`): `workspace_id` is a twin."""
    name: str
    key_hash: str = Field(unique=True)
    last_four: str
    scopes: str
    created_at: datetime
    last_used_at: datetime | None = moment()
    revoked_at: datetime | None = moment()


class TillDevice(SQLModel, table=True):
    """A phone or tablet that opens the till page: enrolled with a shop's key, then opened by its PIN."""

    __tablename__ = "till_device"
    __table_args__ = (Index("ix_till_device_shop", "workspace_id", "shop_id"),)
    workspace_id: int = key("workspace.id")
    id: str = Field(primary_key=True)
    shop_id: int = reference("shop.id")
    store_id: int | None = reference("store.id", default=None)
    key_id: int = reference("api_key.id")
    """The key it was enrolled with: what it redeems is redeemed by this key, and ends when this key is revoked."""
    name: str
    token_hash: str = Field(unique=True)
    """SHA-256 of what the device keeps."""
    pin_hash: str
    """HMAC-SHA256 of the PIN, keyed with the token: without the device six digits cannot be tried."""
    failures: int = 0
    """Wrong PINs in a row."""
    enrolled_at: datetime
    last_used_at: datetime | None = moment()
    revoked_at: datetime | None = moment()
