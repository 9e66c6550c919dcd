"""Links: where short codes lead to. A campaign's is made with its draft. Called by `linksvc.campaigns`."""

from datetime import datetime

from sqlmodel import Session

from linksvc.models import Link
from linksvc.serials import take_serials

CAMPAIGN_LINK = 1
"""The id, within its campaign, of the link that a campaign's messages lead to."""


def add_campaign_link(session: Session, workspace_id: int, campaign_id: int, destination_url: str, now: datetime) -> None:
    """Stores the link of a campaign's messages; its destination was checked."""
    link = Link(
        campaign_id=campaign_id,
        id=CAMPAIGN_LINK,
        workspace_id=workspace_id,
        destination_url=destination_url,
        revision=next_revision(session),
        created_at=now,
    )
    session.add(link)


def next_revision(session: Session) -> int:
    """The revision of a link or a domain that is written in this transaction; visible in the order of their numbers, so a
    tracker asks only for what is above the greatest it knows."""
    return take_serials(session, "link_revision", 1) + 1
