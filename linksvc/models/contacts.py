"""People, what they agreed to, and the files they came from."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from linksvc.models.columns import key, moment, reference, serial_key

_OF_OTHERS = text("external_id <> ''")


class Contact(SQLModel, table=True):
    """A person of a workspace.

    `identity` is what tells contacts apart: `n:` and the number in E.164, or `x:` and the external id.
    The two `..._consent_at` columns are stamps of the consents below, so that an audience is one set-based select.
    """

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("workspace_id", "identity"),
        Index("ix_contact_number", "number", "workspace_id"),
        Index("ix_contact_workspace", "workspace_id", "id"),
        # From what the workspace's own systems call somebody who is told apart by number.
        Index(
            "ix_contact_external_id",
            "workspace_id",
            "external_id",
            sqlite_where=_OF_OTHERS,
            postgresql_where=_OF_OTHERS,
        ),
    )
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    identity: str
    number: str
    external_id: str = ""
    first_name: str = ""
    last_name: str = ""
    city: str = ""
    country: str = ""
    timezone: str = ""
    language: str = ""
    """What their page speaks, in ISO 639-1; empty: what their browser asks for."""
    birthday: str = ""
    network: str = ""
    """MCCMNC or a carrier's name, as the file or the number's range says."""
    fields: str = "{}"
    """What else the file said, as a JSON object of strings."""
    marketing_consent_at: datetime | None = moment()
    tracking_consent_at: datetime | None = moment()
    created_at: datetime
    updated_at: datetime


class Consent(SQLModel, table=True):
    """A consent given or withdrawn, append-only. `purpose`: marketing, or tracking (following the personal link)."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_contact", "contact_id", "purpose"),)
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    contact_id: int = reference("contact.id")
    channel: str = "sms"
    purpose: str
    granted: bool
    source: str
    import_id: int | None = reference("contact_import.id", default=None)
    occurred_at: datetime
    recorded_at: datetime


class Suppression(SQLModel, table=True):
    """A number that nothing is sent to. `reason`: stop, or another later. An import never lifts one."""

    __tablename__ = "suppression"
    workspace_id: int = key("workspace.id")
    number: str = Field(primary_key=True)
    reason: str
    occurred_at: datetime
    recorded_at: datetime


class SentDay(SQLModel, table=True):
    """How many marketing messages were marked for a number on a UTC day: frequency caps add them up."""

    __tablename__ = "sent_day"
    workspace_id: int = key("workspace.id")
    number: str = Field(primary_key=True)
    day: datetime = Field(primary_key=True)
    count: int = 0


class ContactImport(SQLModel, table=True):
    """One file: rows = added + merged + rejected. `state`: running, finished, failed."""

    __tablename__ = "contact_import"
    __table_args__ = (Index("ix_contact_import_workspace", "workspace_id"),)
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    file_name: str
    state: str = "running"
    error: str = ""
    encoding: str = ""
    delimiter: str = ""
    header: str = "[]"
    """The file's column names, as a JSON array."""
    identity: str
    country: str
    tracking_consent: bool
    rows: int = 0
    added: int = 0
    merged: int = 0
    rejected: int = 0
    without_consent: int = 0
    created_at: datetime
    finished_at: datetime | None = moment()


class ImportedContact(SQLModel, table=True):
    """Which contacts an import held: the audience "this import"."""

    __tablename__ = "imported_contact"
    import_id: int = key("contact_import.id")
    contact_id: int = key("contact.id")


class RejectedRow(SQLModel, table=True):
    """A row that became no contact, with a reason and the row itself (a JSON array of its cells)."""

    __tablename__ = "rejected_row"
    import_id: int = key("contact_import.id")
    line: int = key()
    reason: str
    cells: str
