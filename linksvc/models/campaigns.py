"""A campaign, its links and its messages: keyed by campaign_id first, so that a campaign lives on one shard."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from linksvc.models.columns import big, key, moment, reference, serial_key


class Campaign(SQLModel, table=True):
    """What is sent to whom. `state`: draft, scheduled, producing, sending, sent, cancelled.

    `kind`: marketing, transactional, single: one that holds a month's single messages of a sender, or reply: one that holds
    the answers to STOP and HELP.

    The standing campaign of a workspace is none of these (`linksvc.standing_campaigns`).
    """

    __tablename__ = "campaign"
    __table_args__ = (Index("ix_campaign_workspace", "workspace_id"),)
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    name: str
    kind: str
    state: str = "draft"
    sender: str
    text: str
    offer_id: int | None = reference("offer.id", default=None)
    code_source: str = "generated"
    """Where its messages' codes come from: generated, imported (the offer's lists), shared (one for all)."""
    rate_per_s: int
    attribution_days: int = 7
    """For how long after a message was submitted what its recipient does is counted as its result."""
    audience_import_id: int | None = reference("contact_import.id", default=None)
    """The contacts of one import. None: all who may be sent to, or those of segments (`campaign_segment`)."""
    parent_id: int | None = reference(default=None)
    """The campaign that this one follows up."""
    leave_out: str = ""
    """Stages, separated by spaces: whoever has reached one with the parent's message meanwhile is not sent to."""
    last_contact_id: int = big()
    """Production has dealt with every contact up to this one; it goes on from here after a crash."""
    produced: int = 0
    coded: int = 0
    """How many of the produced messages have their promo code: those with n below it."""
    created_at: datetime
    send_requested_at: datetime | None = moment()
    produced_at: datetime | None = moment()
    first_submit_after: datetime | None = moment()
    """Trackers have had time to learn the blocks by then."""
    send_at: datetime | None = moment()
    """The earliest moment at which any of its messages is due; None: as soon as it was asked for."""
    send_local: str = ""
    """What the wall clock of `send_timezone` shows then: 2026-11-27T10:00."""
    send_timezone: str = ""
    """An IANA name, or `recipient` for each recipient's own; empty: no time was set."""
    expires_at: datetime | None = moment()
    """Nothing leaves from then on, and the SMSC is told to give up then."""
    paused_at: datetime | None = moment()
    cancelled_at: datetime | None = moment()
    """When it was asked for; the state follows once nothing is left to leave."""
    finished_at: datetime | None = moment()


class Link(SQLModel, table=True):
    """A destination: a few rows a campaign. Links that belong to no message live in their workspace's standing campaign.

    Trackers learn of a new or changed link by its `revision`, which grows in the order of commits (`linksvc.links`).
    """

    __tablename__ = "link"
    __table_args__ = (Index("ix_link_revision", "revision"),)
    campaign_id: int = key("campaign.id")
    id: int = key()
    workspace_id: int = reference()
    title: str = ""
    destination_url: str
    """With fields in double braces it is another one for each recipient."""
    short_url: str = ""
    """What its short codes are put behind: a domain of the workspace; empty means the installation's."""
    activates_at: datetime | None = moment()
    expires_at: datetime | None = moment()
    fallback_url: str = ""
    """Where people are sent outside of that time; empty means a page that says so."""
    closed: str = ""
    """Why it leads nowhere any more, whatever the time: paid. Empty: it does."""
    passed_parameters: str = ""
    """Names of query parameters, separated by spaces, that are handed on to the destination."""
    utm: str = "{}"
    """UTM parameters added to the destination, as a JSON object: source, medium, campaign, term, content."""
    page_id: int | None = reference(default=None)
    """The landing page that is shown instead of a destination."""
    snippet_origins: str = ""
    """Origins, separated by spaces, whose pages may tell what a visitor does there; with any, the destination gets a visit
    token in its fragment (`tracker.visit_tokens`)."""
    revision: int = big()
    created_at: datetime
    updated_at: datetime | None = moment()


class ShortDomain(SQLModel, table=True):
    """A host of a workspace's own that its links are served on. Rows stay when a domain is given up, so that trackers
    learn of it."""

    __tablename__ = "short_domain"
    __table_args__ = (Index("ix_short_domain_workspace", "workspace_id"), Index("ix_short_domain_revision", "revision"))
    host: str = Field(primary_key=True)
    """In lower case, in punycode, without a port."""
    workspace_id: int = reference("workspace.id")
    short_url: str
    """The beginning of its links: https://go.example.com."""
    preferred: bool = False
    """New links of the workspace are written on it."""
    revision: int = big()
    created_at: datetime
    removed_at: datetime | None = moment()


class SerialBlock(SQLModel, table=True):
    """Serials [first_serial, first_serial + size) stand for messages first_n and following of a campaign, on one link.

    Where `tracked` is false the recipients did not consent to tracking: a tracker drops n before the spool.
    """

    __tablename__ = "serial_block"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "link_id"], ["link.campaign_id", "link.id"]),
        # From an ad-hoc link to its serial.
        Index("ix_serial_block_link", "campaign_id", "link_id"),
    )
    campaign_id: int = key("campaign.id")
    first_serial: int = key(index=True)
    size: int
    first_n: int = big()
    link_id: int = reference()
    tracked: bool
    key_version: int = 0
    """Of the key its short codes are written with: a message's code stays the same when keys are rotated."""


class SerialCounter(SQLModel, table=True):
    """The next free serial of links and of promo codes."""

    __tablename__ = "serial_counter"
    name: str = Field(primary_key=True)
    next_serial: int = big()


class Message(SQLModel, table=True):
    """The n-th recipient of a campaign. The stamps are written by the campaign's applier alone (`linksvc.applier`)."""

    __tablename__ = "message"
    __table_args__ = (
        # From a number to what was sent to it: replies and STOP. A contact's number may have changed since.
        Index("ix_message_number", "number"),
        # It changes several times, and stays on its page where there is room.
        {"sqlite_with_rowid": False, "postgresql_with": {"fillfactor": 50}},
    )
    campaign_id: int = key("campaign.id")
    n: int = key()
    contact_id: int = reference()
    number: str
    country: str
    tracked: bool
    code: str = ""
    """The promo code, normalised; empty without an offer."""
    state: str = "queued"
    variant: str = ""
    network: str = ""
    segment_id: int = big()
    """The segment that brought its recipient into the audience; 0: none did."""
    route_id: int = big()
    parts: int = 0
    parts_accepted: int = 0
    parts_refused: int = 0
    parts_final: int = 0
    receipt: str = ""
    """The worst final state among the receipts of its parts; see `linksvc.stamps`."""
    unsent_reason: str = ""
    """stopped, cancelled, expired_unsent, left_out or outcome_unknown."""
    error: str = ""
    cause: str = ""
    """Why, in our own words: of the worst refusal or receipt."""
    held_reason: str = ""
    """Why it was held back the last time, and until when; it waits unless it was released from that."""
    held_until: datetime | None = moment()
    released_until: datetime | None = moment()
    """The end of the last hold that it was released from."""
    price_micros: int = big()
    """What its parts cost, in millionths of the currency's unit."""
    price_currency: str = ""
    device: str = ""
    """Of the first click by a person: phone, tablet, computer; empty: there is none, or it names no device."""
    os: str = ""
    click_hour: int = -1
    """When that was on the recipient's own clock: 0 to 167, the hours of a week from Monday 0:00; -1: not known."""
    has_occurrences: bool = False
    """Whether any visit, redemption or payment was counted for it."""
    produced_at: datetime
    submitted_at: datetime | None = moment()
    window_ends_at: datetime | None = moment()
    """What its recipient does later is told apart, as late."""
    receipt_at: datetime | None = moment()
    unsent_at: datetime | None = moment()
    clicked_at: datetime | None = moment()
    engaged_at: datetime | None = moment()
    paid_at: datetime | None = moment()
    suspect_at: datetime | None = moment()
    machine_at: datetime | None = moment()
    redeemed_at: datetime | None = moment()
    replied_at: datetime | None = moment()
    opted_out_at: datetime | None = moment()


class FunnelCount(SQLModel, table=True):
    """How many messages (or hits, redemptions) stand at a stage, by what they have in common; moves in the same transaction
    as the stamps. `by` and `value`: see `linksvc.tallies`."""

    __tablename__ = "funnel_count"
    __table_args__ = ({"sqlite_with_rowid": False},)
    campaign_id: int = key("campaign.id")
    by: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    cohort: datetime = Field(primary_key=True)
    """The quarter of an hour in which its messages were submitted; 1970-01-01: in any."""
    stage: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    count: int = big()
    amount_minor: int = big()


class TimelineCount(SQLModel, table=True):
    """The same by when it happened: how many got to a stage in a quarter of an hour."""

    __tablename__ = "timeline_count"
    __table_args__ = ({"sqlite_with_rowid": False},)
    campaign_id: int = key("campaign.id")
    bucket: datetime = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    count: int = big()
    amount_minor: int = big()
