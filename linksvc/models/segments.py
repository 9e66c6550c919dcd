"""Frozen segments: who stood behind a number at one moment, and the campaigns that are sent to them."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from linksvc.models.columns import big, key, reference, serial_key


class Segment(SQLModel, table=True):
    """People who were kept together under a name. Nobody joins or leaves it, whatever they do afterwards."""

    __tablename__ = "segment"
    __table_args__ = (Index("ux_segment_name", "workspace_id", "name", unique=True),)
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    name: str
    campaign_id: int = reference("campaign.id")
    """The campaign whose messages they got."""
    filter: str
    """Which of its messages, as the query string of the page that lists them (`linksvc.message_filters`)."""
    messages: int = big()
    """How many they were."""
    contacts: int = big()
    """How many people: the rows of `segment_member`."""
    created_at: datetime


class SegmentMember(SQLModel, table=True):
    """One person of a segment. It has no foreign keys: a million are copied from messages by one statement."""

    __tablename__ = "segment_member"
    __table_args__ = ({"sqlite_with_rowid": False},)
    workspace_id: int = key()
    segment_id: int = key()
    contact_id: int = key()
    n: int = big()
    """Their message in the segment's campaign; the first of several."""


class CampaignSegment(SQLModel, table=True):
    """A segment of a campaign's audience. Whoever is in several belongs to the first of them."""

    __tablename__ = "campaign_segment"
    __table_args__ = (
        # From a segment to the campaigns that it is used by.
        Index("ix_campaign_segment_segment", "segment_id"),
        {"sqlite_with_rowid": False},
    )
    campaign_id: int = key("campaign.id")
    place: int = Field(primary_key=True)
    """From 0, in the order in which they were named."""
    segment_id: int = reference()
