"""The standing campaign of a workspace: what is keyed by campaign and belongs to no message lives in it, such as ad-hoc
links and the hits on them. It is in no list, is never sent, and no funnel shows it.
"""

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from linksvc.errors import NotFound
from linksvc.models import Campaign, Workspace

_KIND = "links"

_NO_SENDER = "-"
"""No reply can have come to this address."""


def is_for_messages() -> ColumnElement[bool]:
    """That a campaign is one somebody wrote: the condition of every list and look-up of campaigns."""
    return col(Campaign.kind) != _KIND


def find_standing_campaign(session: Session, workspace_id: int) -> int | None:
    """Its id, or None while the workspace has none."""
    return session.exec(select(Campaign.id).where(Campaign.workspace_id == workspace_id, Campaign.kind == _KIND)).first()


def ensure_standing_campaign(session: Session, workspace_id: int, now: datetime) -> int:
    """Its id; makes it the first time. Raises NotFound (workspace_not_found)."""
    if found := find_standing_campaign(session, workspace_id):
        return found
    # Whoever makes it holds the workspace's row until the commit, so of two at once the second finds the first's.
    workspace = select(Workspace.id).where(Workspace.id == workspace_id).with_for_update(key_share=True)
    if session.exec(workspace).first() is None:
        raise NotFound("There is no such workspace.", code="workspace_not_found")
    if found := find_standing_campaign(session, workspace_id):
        return found
    campaign = Campaign(
        workspace_id=workspace_id,
        name="",
        kind=_KIND,
        state="standing",
        sender=_NO_SENDER,
        text="",
        rate_per_s=0,
        created_at=now,
    )
    session.add(campaign)
    session.flush()
    return campaign.id or 0
