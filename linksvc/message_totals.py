"""How many messages stand behind a figure: from the counters where they tell it, so that it costs the same whatever the
campaign's size; else counted. For `linksvc.message_list` and whoever shows a figure of a filter."""

from dataclasses import replace

from sqlalchemy import func
from sqlmodel import Session, select

from linksvc.figure_totals import SPREAD_OVER, told_of
from linksvc.message_filters import MessageFilter
from linksvc.models import Message
from linksvc.stages import SENT, STAGES

PARTS = {
    "produced": frozenset(STAGES),
    "submitted": frozenset(SENT),
    "reached": frozenset({"delivered", "seen", "clicked", "redeemed", "redeemed_unclicked", "replied", "contradicted"}),
    "seen": frozenset({"clicked", "redeemed_unclicked"}),
    "redeemed": frozenset({"redeemed_unclicked"}),
}
"""Stages and those whose messages all stand at them too: what is not at one of these is the difference of two figures."""


def count_messages(session: Session, campaign_id: int, behind: MessageFilter) -> int:
    """How many messages of the campaign the filter lists."""
    told = _told(session, campaign_id, behind)
    return count_rows(session, campaign_id, behind) if told is None else told


def count_rows(session: Session, campaign_id: int, behind: MessageFilter) -> int:
    """The same, counted by reading the messages: a second or so a million."""
    return session.exec(select(func.count()).where(Message.campaign_id == campaign_id, behind.where)).one()


def _told(session: Session, campaign_id: int, behind: MessageFilter) -> int | None:
    """What the counters say; None: they do not tell it."""
    if not behind.without:
        return told_of(session, campaign_id, behind)
    if len(behind.without) > 1 or behind.by in SPREAD_OVER or behind.is_of_moments:
        return None
    if behind.without[0] not in PARTS.get(behind.stage, ()):
        return None
    whole = told_of(session, campaign_id, replace(behind, without=()))
    part = told_of(session, campaign_id, replace(behind, without=(), stage=behind.without[0]))
    return None if whole is None or part is None else whole - part
