"""What was learnt: facts, hits, replies. Append-only; each with the time it happened and the time we knew."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from linksvc.models.columns import big, key, moment, reference

_MESSAGE = (["campaign_id", "n"], ["message.campaign_id", "message.n"])
_MONEY = text("(kind = 'redeemed' OR kind = 'returned' OR kind = 'voided' OR kind = 'paid')")
"""Not as a list: SQLite makes a table of one, anew for each fact that is stored."""


class Fact(SQLModel, table=True):
    """One thing learnt about a campaign's message, pending until the applier has stamped and counted it.

    (kind, source) names the fact, so recording it twice changes nothing. Kinds and the meaning of `value`:
    see `linksvc.facts`. Whoever records one has read its message; it has no foreign key, which would ask for it again.
    """

    __tablename__ = "fact"
    __table_args__ = (
        Index(
            "ix_fact_pending",
            "campaign_id",
            "recorded_at",
            sqlite_where=text("applied_at IS NULL"),
            postgresql_where=text("applied_at IS NULL"),
        ),
        # What a message brought: a void may take away the first redemption, and all is counted where its message is.
        Index("ix_fact_money", "campaign_id", "n", sqlite_where=_MONEY, postgresql_where=_MONEY),
        {"sqlite_with_rowid": False},
    )
    campaign_id: int = key()
    kind: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    n: int | None = reference(default=None)
    """None: the hit of somebody who did not consent to tracking names nobody."""
    value: str = ""
    detail: str = ""
    parts: int = 0
    route_id: int = big()
    amount_minor: int = big()
    currency: str = ""
    rules: int = 0
    """The version of the rules that gave a verdict."""
    cause: str = ""
    """Why a part was refused or did not arrive, in our own words."""
    price_micros: int = big()
    """What a part cost, in millionths of the currency's unit."""
    occurred_at: datetime
    recorded_at: datetime
    applied_at: datetime | None = moment()


class Hit(SQLModel, table=True):
    """A request for a known link, as a tracker answered it, and the verdict that holds now. Earlier verdicts are facts.

    A hit is stored with its fact and with the minute in which it is judged (`tracker.hit_store`), which asks for a batch's
    messages at once; the minute's campaign is checked by its key. A foreign key costs a hit as much as the rest of its row.
    On SQLite it has a rowid, unlike others: its rows are wide, and cost less at the table's end than in their key's order.
    """

    __tablename__ = "hit"
    __table_args__ = (
        Index("ix_hit_message", "campaign_id", "block", "n"),
        # Bursts are looked for in a stretch of time.
        Index("ix_hit_time", "campaign_id", "occurred_at"),
        # The visits of an ad-hoc link, counted from the index alone and listed in its order. SQLite looks for n in it though
        # it can only be NULL there.
        Index(
            "ix_hit_link",
            "campaign_id",
            "link_id",
            "occurred_at",
            "segment",
            "position",
            "verdict",
            "n",
            sqlite_where=text("n IS NULL"),
            postgresql_where=text("n IS NULL"),
        ),
    )
    campaign_id: int = key()
    segment: str = Field(primary_key=True)
    """The spool segment's UUID."""
    position: int = key()
    """The record's index in it."""
    n: int | None = reference(default=None)
    block: int = 0
    """Of its campaign's hits: see `linksvc.message_hits`."""
    link_id: int = reference()
    method: str
    network: str
    """The caller's /24 or /48; never the address."""
    user_agent: str
    referrer: str
    language: str
    headers: str = "{}"
    """The few request headers a verdict looks at, as a JSON object."""
    device: str = ""
    os: str = ""
    outcome: str = "redirected"
    """What was answered: redirected, early (before the link's time), expired."""
    verdict: str = ""
    """human, suspect or machine: what holds now. Changed by the campaign's applier alone."""
    reason: str = ""
    rules: int = 0
    """The version of the rules that gave the verdict; 0 for an interaction, which needs none."""
    judged: int = 0
    """How often it was judged again."""
    occurred_at: datetime
    recorded_at: datetime


class JudgementDue(SQLModel, table=True):
    """A minute of a campaign whose hits are to be judged together, once it is over: by time and by bursts."""

    __tablename__ = "judgement_due"
    __table_args__ = (Index("ix_judgement_due", "due_at"),)
    campaign_id: int = key("campaign.id")
    minute: datetime = Field(primary_key=True)
    due_at: datetime


class SpoolProgress(SQLModel, table=True):
    """How far a segment was ingested; moves in the same transaction as its hits."""

    __tablename__ = "spool_progress"
    segment: str = Field(primary_key=True)
    offset: int = big()
    position: int = big()
    updated_at: datetime


class Inbound(SQLModel, table=True):
    """A message that came in. `kind`: stop, start, help, text. `fingerprint` makes a redelivered one recognisable.

    workspace_id 0: from a number that nobody here ever sent to.
    """

    __tablename__ = "inbound"
    __table_args__ = (
        Index("ix_inbound_fingerprint", "workspace_id", "fingerprint", unique=True),
        Index("ix_inbound_number", "workspace_id", "number"),
        # The latest of a workspace.
        Index("ix_inbound_time", "workspace_id", "occurred_at"),
    )
    workspace_id: int = key()
    id: str = Field(primary_key=True)
    route_id: int = reference("route.id")
    number: str
    sender: str
    """The address of ours that it was sent to."""
    text: str
    kind: str
    fingerprint: str
    contact_id: int | None = reference(default=None)
    """None: the number is no contact of the workspace."""
    parts: int = 1
    complete: bool = True
    """False: some of its parts did not come in time."""
    answer_campaign_id: int | None = reference(default=None)
    """With `answer_n` the message that answers it; a word is answered at most once."""
    answer_n: int | None = reference(default=None)
    occurred_at: datetime
    recorded_at: datetime


class InboundPart(SQLModel, table=True):
    """A part that waits for the others of its message."""

    __tablename__ = "inbound_part"
    __table_args__ = (
        # Those that have waited too long.
        Index("ix_inbound_part_time", "recorded_at"),
    )
    route_id: int = key("route.id")
    number: str = Field(primary_key=True)
    sender: str = Field(primary_key=True)
    """The address of ours that it was sent to."""
    reference: int = key()
    parts: int = key()
    part: int = key()
    data_coding: int
    payload: str
    """In hexadecimal, without its header."""
    recorded_at: datetime


class Reply(SQLModel, table=True):
    """An inbound message matched to the message it answers."""

    __tablename__ = "reply"
    __table_args__ = (
        ForeignKeyConstraint(*_MESSAGE),
        # From what came in to what it answers.
        Index("ix_reply_inbound", "inbound_id"),
    )
    campaign_id: int = key("campaign.id")
    n: int = key()
    inbound_id: str = Field(primary_key=True)
    kind: str
    occurred_at: datetime
    recorded_at: datetime


class Lease(SQLModel, table=True):
    """Who does a piece of work alone: the applier of a campaign, a bind of a route."""

    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    holder: str
    until: datetime
