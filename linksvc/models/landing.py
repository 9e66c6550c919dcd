"""Landing pages and what recipients do on them. What belongs to a message is keyed by its campaign; pages and pictures are
their workspace's."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from linksvc.models.columns import big, key, moment, reference, serial_key

_CONVERSIONS = text("name = 'conversion'")
_MESSAGE = (["campaign_id", "n"], ["message.campaign_id", "message.n"])


class LandingPage(SQLModel, table=True):
    """A page made of blocks. Recipients see what was published; the draft is its editors'.

    Trackers learn of a published page by its `revision`, in the order of commits, as they learn of links.
    """

    __tablename__ = "landing_page"
    __table_args__ = (Index("ix_landing_page_workspace", "workspace_id"), Index("ix_landing_page_revision", "revision"))
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    name: str
    draft: str
    """A document (`linksvc.landing.documents`) as JSON."""
    draft_version: int = 1
    """Grows with each change: of two editors at once, the second is told."""
    published: str = ""
    """What recipients see; empty until it was published."""
    published_version: int = 0
    """The version of the draft that was published."""
    revision: int = big()
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None = moment()


class Picture(SQLModel, table=True):
    """An uploaded picture as it is served: WebP, small enough for a phone. Named by what it holds, so it never changes."""

    __tablename__ = "picture"
    # The pictures of a workspace in the order in which they came.
    __table_args__ = (Index("ix_picture_time", "workspace_id", "created_at", "digest"),)
    workspace_id: int = key("workspace.id")
    digest: str = Field(primary_key=True)
    """SHA-256 of `content`, in hexadecimal."""
    name: str
    """The file's, as it was uploaded."""
    width: int
    height: int
    content: bytes = Field(sa_type=LargeBinary)
    created_at: datetime


class PageEvent(SQLModel, table=True):
    """Something that happened on a page, as the browser tells it. Only of recipients who consented to tracking.

    A hit's page numbers what it tells, so the same told twice is stored once, and a hit has at most as many as there are
    numbers (`tracker.page_events`).
    """

    __tablename__ = "page_event"
    __table_args__ = (
        Index("ix_page_event_message", "campaign_id", "n"),
        # The few conversions among a campaign's events, by time.
        Index(
            "ix_page_event_conversion",
            "campaign_id",
            "occurred_at",
            "segment",
            "position",
            "number",
            sqlite_where=_CONVERSIONS,
            postgresql_where=_CONVERSIONS,
        ),
        {"sqlite_with_rowid": False},
    )
    campaign_id: int = key()
    segment: str = Field(primary_key=True)
    """With `position` the hit that brought somebody to the page."""
    position: int = key()
    number: int = key()
    n: int = reference()
    link_id: int = reference()
    page_id: int = big()
    """0: a page of the marketer's own, which tells by the snippet."""
    name: str
    """view, visible, depth, button, copied, scratched, form_started, form_sent, video, conversion."""
    block: str = ""
    """Which block of the page, or which button or video of the marketer's own."""
    value: int = big()
    """Seconds for visible and video, per cent for depth."""
    order_ref: str = ""
    """Of a conversion, as the page claims it, like the amount: never revenue."""
    amount_minor: int = big()
    currency: str = ""
    occurred_at: datetime
    recorded_at: datetime


class PrizeStock(SQLModel, table=True):
    """How many of a prize were drawn in a campaign; made by the first draw. Never more than the page allows.

    The draws that won nothing are counted with an empty prize, so a block's rows add up to its draws.
    """

    __tablename__ = "prize_stock"
    campaign_id: int = key("campaign.id")
    block: str = Field(primary_key=True)
    prize: str = Field(primary_key=True)
    drawn: int = big()


class PrizeDraw(SQLModel, table=True):
    """What a recipient drew: once and for all."""

    __tablename__ = "prize_draw"
    __table_args__ = (ForeignKeyConstraint(*_MESSAGE),)
    campaign_id: int = key("campaign.id")
    n: int = key()
    block: str = Field(primary_key=True)
    prize: str = ""
    """Its id in the page; empty: nothing was won."""
    page_id: int = reference()
    page_version: int = 0
    """The page as it was published when it was drawn: its odds and its words."""
    drawn_at: datetime


class PrizeWords(SQLModel, table=True):
    """What a page said of a prize when it was drawn: a page that is edited later takes nobody's prize away."""

    __tablename__ = "prize_words"
    campaign_id: int = key("campaign.id")
    block: str = Field(primary_key=True)
    prize: str = Field(primary_key=True)
    page_id: int = key()
    page_version: int = key()
    words: str
    """By language, a JSON object (`linksvc.landing.prize_words`)."""


class SurveyAnswer(SQLModel, table=True):
    """What a recipient answered to a form: once."""

    __tablename__ = "survey_answer"
    __table_args__ = (
        ForeignKeyConstraint(*_MESSAGE),
        # The answers of a campaign in the order in which they came.
        Index("ix_survey_answer_time", "campaign_id", "block", "answered_at", "n"),
    )
    campaign_id: int = key("campaign.id")
    n: int = key()
    block: str = Field(primary_key=True)
    page_id: int = reference()
    page_version: int = 0
    answers: str
    """By question, a JSON object (`linksvc.landing.surveys`)."""
    language: str
    answered_at: datetime


class SurveyCount(SQLModel, table=True):
    """How many recipients of a campaign answered so; moves in the transaction of the answer. With an empty question: how
    many forms came."""

    __tablename__ = "survey_count"
    __table_args__ = ({"sqlite_with_rowid": False},)
    campaign_id: int = key("campaign.id")
    block: str = Field(primary_key=True)
    question: str = Field(primary_key=True)
    choice: str = Field(primary_key=True)
    """An option, a step of the scale, yes or no; empty: whatever was answered, a text too."""
    count: int = big()
