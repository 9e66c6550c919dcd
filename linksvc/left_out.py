"""Who is left out of a follow-up at the moment of sending: whoever has meanwhile done, with the parent campaign's message,
what it leaves out. Called by `sender.checks` for each batch; asks two statements whatever its size.

What was recorded and is not stamped yet counts too. What no process has recorded yet, such as a visit that its tracker has
not handed on, comes too late: that takes a second or two.
"""

from collections.abc import Collection
from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, and_, bindparam, or_, union_all
from sqlmodel import Session, col

from linksvc.bulk import as_one, one_of
from linksvc.database import is_sqlite
from linksvc.models import CampaignSegment, Fact, Message, SegmentMember

LEAVES_OUT = ("clicked", "engaged", "redeemed", "paid", "replied")
"""The stages that a follow-up may leave out: what people do. Whether it was within the campaign's window or late is the same
here. STOP needs no word: nothing is sent to who said it."""

_FACTS: dict[str, tuple[tuple[str, str], ...]] = {
    "clicked": (("hit", "human"), ("verdict", "human"), ("interaction", "")),
    "engaged": (("interaction", ""), ("participated", "")),
    "redeemed": (("redeemed", ""),),
    "paid": (("paid", ""),),
    "replied": (("reply", ""),),
}
"""For each the kinds of facts that bring a message there, with the value where it says which do."""

_OF_EVERYBODY = ("redeemed", "paid", "reply")
"""The others stamp only messages of people who consented to tracking."""


def find_left_out(
    session: Session,
    workspace_id: int,
    campaign_id: int,
    parent_id: int,
    stages: Collection[str],
    contact_ids: Collection[int],
) -> set[int]:
    """Those of the contacts who have done one of the stages with their message of the parent. Of people who did not consent
    to tracking no click is known, so none of them is among those who clicked."""
    if not stages or not contact_ids:
        return set()
    connection, sqlite = session.connection(), is_sqlite(session)
    asked = {"of_workspace": workspace_id, "of_campaign": campaign_id, "ids": as_one(sqlite, contact_ids)}
    contacts = dict(map(tuple, connection.execute(_their_messages(sqlite), asked)))
    if not contacts:
        return set()
    asked = {"of_parent": parent_id, "ns": as_one(sqlite, contacts)}
    done = connection.execute(_done(sqlite, tuple(stages)), asked).scalars()
    return {contacts[n] for n in done}


# Made once: to make a statement costs as much as to run it.
@cache
def _their_messages(sqlite: bool) -> Any:
    """The parent's messages of these contacts: a follow-up's segment was made of them."""
    its = sqlalchemy.select(col(CampaignSegment.segment_id)).where(
        col(CampaignSegment.campaign_id) == bindparam("of_campaign")
    )
    return sqlalchemy.select(col(SegmentMember.n), col(SegmentMember.contact_id)).where(
        col(SegmentMember.workspace_id) == bindparam("of_workspace"),
        col(SegmentMember.segment_id).in_(its),
        one_of(col(SegmentMember.contact_id), sqlite, "ids"),
    )


@cache
def _done(sqlite: bool, stages: tuple[str, ...]) -> Any:
    stamped = sqlalchemy.select(col(Message.n)).where(
        col(Message.campaign_id) == bindparam("of_parent"),
        one_of(col(Message.n), sqlite, "ns"),
        or_(*(col(getattr(Message, f"{stage}_at")).is_not(None) for stage in stages)),
    )
    # Ordered as the index on pending facts is: SQLite's planner takes it then, and else walks all facts of the campaign.
    pending = (
        sqlalchemy.select(col(Fact.n))
        .join(Message, and_(col(Message.campaign_id) == col(Fact.campaign_id), col(Message.n) == col(Fact.n)))
        .where(
            col(Fact.campaign_id) == bindparam("of_parent"),
            col(Fact.applied_at).is_(None),
            or_(*(_is_kind(kind, value) for stage in stages for kind, value in _FACTS[stage])),
            or_(col(Message.tracked), col(Fact.kind).in_(_OF_EVERYBODY)),
            one_of(col(Fact.n), sqlite, "ns"),
        )
        .order_by(col(Fact.recorded_at))
    )
    return union_all(stamped, sqlalchemy.select(pending.subquery().c.n))


def _is_kind(kind: str, value: str) -> ColumnElement[bool]:
    is_kind = col(Fact.kind) == kind
    return and_(is_kind, col(Fact.value) == value) if value else is_kind
