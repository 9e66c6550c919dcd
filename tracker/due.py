"""When a campaign's hits are judged together: each minute once it is over. Noted by whoever stores hits, with them; read by
`tracker.judging`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from linksvc.database import insert_into
from linksvc.models import JudgementDue

MINUTE = timedelta(minutes=1)
_MINUTE_S = MINUTE.total_seconds()

SETTLE = timedelta(seconds=65)
"""How long the judge waits for what belongs to the same minute: hits from other trackers' spools, receipts."""


def mark_due(session: Session, hits: Iterable[tuple[int, datetime]], recorded_at: datetime) -> None:
    """Has the minutes of these hits (campaign and time) judged later on; again, if they were judged before.

    A row that is there is written too: its lock makes the judge, who takes the row away, wait for these hits. To be called
    at the end of the transaction; the rows are locked in one order by everybody.
    """
    minutes = sorted(_minutes(hits))
    statement = insert_into(session, JudgementDue)
    upsert = statement.on_conflict_do_update(
        index_elements=["campaign_id", "minute"], set_={"due_at": statement.excluded.due_at}
    )
    rows = [_row(campaign_id, minute, recorded_at) for campaign_id, minute in minutes]
    if rows:
        session.connection().execute(upsert, rows)


def _minutes(hits: Iterable[tuple[int, datetime]]) -> set[tuple[int, float]]:
    """Most hits of a campaign follow one in the same minute: to compare takes less time than to divide."""
    minutes: set[tuple[int, float]] = set()
    last: dict[int, tuple[datetime, datetime]] = {}
    for campaign_id, occurred_at in hits:
        if campaign_id in last:
            start, end = last[campaign_id]
            if start <= occurred_at < end:
                continue
        minute = occurred_at.timestamp() // _MINUTE_S
        start = datetime.fromtimestamp(minute * _MINUTE_S, UTC)
        last[campaign_id] = start, start + MINUTE
        minutes.add((campaign_id, minute))
    return minutes


def _row(campaign_id: int, minutes_since_1970: float, recorded_at: datetime) -> dict[str, Any]:
    minute = datetime.fromtimestamp(minutes_since_1970 * _MINUTE_S, UTC)
    return {"campaign_id": campaign_id, "minute": minute, "due_at": max(recorded_at, minute + MINUTE) + SETTLE}
