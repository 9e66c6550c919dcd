"""The standing campaigns of a workspace. One holds what is keyed by campaign and belongs to no message, such as ad-hoc links
and the hits on them; it is never sent. Others hold the answers to STOP, START and HELP, one for each text and sender. These
are in no list, and no funnel shows them. The last kind holds the single messages of a sender, a campaign a month: it is
listed like those that somebody wrote.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from linksvc.errors import NotFound
from linksvc.models import Campaign, Workspace

_KIND, REPLY, SINGLE = "links", "reply", "single"
"""The kinds of standing campaigns. A reply needs no consent: it is asked for. A single message is transactional."""

GOES_ON = (REPLY, SINGLE)
"""Those to which messages are added as long as they are not cancelled: that nothing waits in them is not their end."""

_NO_SENDER = "-"
"""No reply can have come to this address."""

_PER_S = 100
"""Fragments a second."""


def is_for_messages() -> ColumnElement[bool]:
    """That a campaign is one somebody wrote, or a month of single messages: the condition of every list and look-up."""
    return col(Campaign.kind).not_in((_KIND, REPLY))


def find_standing_campaign(session: Session, workspace_id: int) -> int | None:
    """Its id, or None while the workspace has none."""
    return session.exec(select(Campaign.id).where(Campaign.workspace_id == workspace_id, Campaign.kind == _KIND)).first()


def ensure_standing_campaign(session: Session, workspace_id: int, now: datetime) -> int:
    """Its id; makes it the first time. Raises NotFound (workspace_not_found)."""
    statement = select(Campaign.id).where(Campaign.workspace_id == workspace_id, Campaign.kind == _KIND)
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
    return _find_or_add(session, statement, campaign)


def ensure_reply_campaign(session: Session, workspace_id: int, sender: str, name: str, text: str, now: datetime) -> int:
    """The id of the campaign that holds the answers of this text, from this sender; makes it the first time. It is always
    in state sending. `name`: the word that is answered. Raises NotFound (workspace_not_found)."""
    statement = select(Campaign.id).where(
        Campaign.workspace_id == workspace_id,
        Campaign.kind == REPLY,
        Campaign.sender == sender,
        Campaign.name == name,
        Campaign.text == text,
    )
    campaign = Campaign(
        workspace_id=workspace_id,
        name=name,
        kind=REPLY,
        state="sending",
        sender=sender,
        text=text,
        rate_per_s=_PER_S,
        created_at=now,
        produced_at=now,
    )
    return _find_or_add(session, statement, campaign)


def ensure_single_campaign(session: Session, workspace_id: int, sender: str, now: datetime) -> int:
    """The id of the campaign of this month's single messages from this sender, by the clock of the workspace; makes it the
    first time, and anew after it was cancelled. Raises NotFound (workspace_not_found)."""
    timezone = session.exec(select(Workspace.timezone).where(Workspace.id == workspace_id)).first() or "UTC"
    name = f"Single messages, {now.astimezone(ZoneInfo(timezone)):%B %Y}"
    statement = select(Campaign.id).where(
        Campaign.workspace_id == workspace_id,
        Campaign.kind == SINGLE,
        Campaign.sender == sender,
        Campaign.name == name,
        col(Campaign.cancelled_at).is_(None),
    )
    campaign = Campaign(
        workspace_id=workspace_id,
        name=name,
        kind=SINGLE,
        state="sending",
        sender=sender,
        text="",
        rate_per_s=_PER_S,
        created_at=now,
        send_requested_at=now,
        produced_at=now,
    )
    return _find_or_add(session, statement, campaign)


def _find_or_add(session: Session, statement: SelectOfScalar[int] | SelectOfScalar[None], campaign: Campaign) -> int:
    """The id that the statement finds; where there is none, that of the campaign, which is added."""
    if found := session.exec(statement).first():
        return found
    _lock_workspace(session, campaign.workspace_id)
    if found := session.exec(statement).first():
        return found
    session.add(campaign)
    session.flush()
    return campaign.id or 0


def _lock_workspace(session: Session, workspace_id: int) -> None:
    """Whoever makes a campaign holds its workspace's row until the commit: of two at once the second finds the first's."""
    workspace = select(Workspace.id).where(Workspace.id == workspace_id).with_for_update(key_share=True)
    if session.exec(workspace).first() is None:
        raise NotFound("There is no such workspace.", code="workspace_not_found")
