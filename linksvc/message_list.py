"""The messages behind a figure, page by page: for the API, the pages, exports and the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.funnel import find_campaign
from linksvc.message_filters import MessageFilter
from linksvc.message_totals import count_messages
from linksvc.models import Message


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message as it is listed behind a figure. The fields are columns of `linksvc.models.Message`."""

    campaign_id: int
    n: int
    contact_id: int
    number: str
    country: str
    network: str
    variant: str
    state: str
    code: str
    tracked: bool
    error: str
    cause: str
    held_reason: str
    held_until: datetime | None
    parts: int
    price_micros: int
    price_currency: str
    device: str
    os: str
    produced_at: datetime
    submitted_at: datetime | None
    receipt_at: datetime | None
    clicked_at: datetime | None
    engaged_at: datetime | None
    redeemed_at: datetime | None
    paid_at: datetime | None
    replied_at: datetime | None
    opted_out_at: datetime | None
    window_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Rows in the order of n. `total` is the figure the rows stand behind; `next_after` is None on the last page."""

    rows: tuple[MessageRow, ...]
    total: int
    next_after: int | None


def list_messages(
    session: Session,
    workspace_id: int,
    campaign_id: int,
    behind: MessageFilter,
    after_n: int | None = None,
    limit: int = 100,
) -> MessagePage:
    """The messages behind a figure, after number `after_n`: exactly those that it counts. Raises NotFound."""
    find_campaign(session, workspace_id, campaign_id)
    found = read_messages(session, campaign_id, behind, after_n, limit + 1)
    rows = tuple(found[:limit])
    next_after = rows[-1].n if len(found) > limit else None
    return MessagePage(rows, count_messages(session, campaign_id, behind), next_after)


def read_messages(
    session: Session, campaign_id: int, behind: MessageFilter, after_n: int | None, limit: int
) -> Sequence[MessageRow]:
    """The next of them. Walks the primary key from there on, so the last page costs what the first does."""
    found = session.exec(
        select(*_COLUMNS)
        .where(Message.campaign_id == campaign_id, col(Message.n) > (-1 if after_n is None else after_n), behind.where)
        .order_by(col(Message.n))
        .limit(limit)
    )
    return [MessageRow(*row) for row in found]


_COLUMNS = tuple(getattr(Message, name) for name in MessageRow.__dataclass_fields__)
