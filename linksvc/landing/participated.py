"""That a recipient drew or answered, as a fact of their message. Called by draws and surveys, in their own transaction."""

from datetime import datetime
from typing import Literal

from sqlmodel import Session

from linksvc import facts
from linksvc.facts import NewFact
from linksvc.landing.visitors import Visitor


def tell_participation(session: Session, visitor: Visitor, by: Literal["draw", "form"], block: str, now: datetime) -> None:
    """Records it of whom may be followed, with or without the page's script. It names no visit: what a visit proves of
    itself the page's events tell."""
    if not visitor.followed:
        return
    source = f"{by}:{visitor.n}:{block}"
    page = f"page {visitor.page_id}, version {visitor.page_version}"
    made = NewFact(visitor.campaign_id, "participated", source, visitor.n, now, detail=page)
    facts.record(session, [made], now)
