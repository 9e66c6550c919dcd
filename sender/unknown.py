"""What was handed over and never answered: nobody knows whether it left, so it is not sent again unless a person says so.

For `ricochet outcomes`. A receipt that names the number and came since, but no message that we know, is a hint: the message
has probably arrived, and its id was in the answer that was lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from linksvc import send_batches
from linksvc.errors import Conflict, NotFound
from linksvc.models import Attempt, Campaign, Message, Route, SmscId
from linksvc.public_ids import format_id
from linksvc.send_batches import AT_ONCE
from sender.messages import RESENT, RETRIED, UNKNOWN

_HIGHEST = 2**63 - 1
"""What a column of whole numbers holds at most."""


@dataclass(frozen=True, slots=True)
class UnknownOutcome:
    """A message of which `unknown` of its `parts` parts have no known outcome. `receipt`: the state that a receipt told of
    the number since, empty without one."""

    campaign_id: int
    n: int
    number: str
    route: str
    parts: int
    unknown: int
    marked_at: datetime
    receipt: str


def list_unknown(session: Session, campaign_ids: Sequence[int] | None = None, limit: int = 100) -> list[UnknownOutcome]:
    """Those that nobody has decided upon, what was handed over last first."""
    columns: tuple[Any, ...] = (
        Attempt.campaign_id,
        Attempt.n,
        Message.number,
        Attempt.route_id,
        Route.name,
        func.max(Attempt.parts),
        func.count(),
        func.max(Attempt.occurred_at, type_=Attempt.__table__.c.occurred_at.type),  # type: ignore[attr-defined]
    )
    statement = (
        select(*columns)
        .join(Message, (col(Message.campaign_id) == col(Attempt.campaign_id)) & (col(Message.n) == col(Attempt.n)))
        .join(Route, col(Route.id) == col(Attempt.route_id))
        .where(Attempt.outcome == UNKNOWN, *([] if campaign_ids is None else [col(Attempt.campaign_id).in_(campaign_ids)]))
        .group_by(*columns[:5])
        .order_by(columns[-1].desc(), col(Attempt.campaign_id), col(Attempt.n))
        .limit(limit)
    )
    found = []
    for campaign_id, n, number, route_id, route, parts, unknown, marked_at in session.exec(statement):
        receipt = _receipt_of(session, route_id, number, marked_at)
        found.append(UnknownOutcome(campaign_id, n, number, route, parts, unknown, marked_at, receipt))
    return found


def count_unknown(session: Session, campaign_ids: Sequence[int] | None = None) -> int:
    """How many messages nobody has decided upon."""
    unknown = select(Attempt.campaign_id, Attempt.n).where(
        Attempt.outcome == UNKNOWN, *([] if campaign_ids is None else [col(Attempt.campaign_id).in_(campaign_ids)])
    )
    return session.exec(select(func.count()).select_from(unknown.distinct().subquery())).one()


def resend(session: Session, campaign_id: int, n: int, now: datetime) -> None:
    """Queues a message again whose outcome is unknown. The last checks are made when it leaves: a STOP since then stops it.

    Raises NotFound; Conflict `outcome_known` when there is nothing to decide, `partly_sent` when a part of it has surely
    left, and `campaign_over` when nothing of the campaign may leave any more.
    """
    named = f"message {n} of campaign {format_id('campaign', campaign_id)}"
    campaign = session.exec(select(Campaign).where(Campaign.id == campaign_id)).first()
    # A number that no column holds is nobody's, and a database would say so in other words.
    if campaign is None or not 0 <= n <= _HIGHEST or session.get(Message, (campaign_id, n)) is None:
        raise NotFound(f"There is no {named}.", code="message_not_found")
    if campaign.cancelled_at or (campaign.expires_at and campaign.expires_at <= now):
        raise Conflict(
            f"The campaign of {named} was cancelled, or its time is over: nothing of it may leave any more.",
            code="campaign_over",
        )
    taken = session.exec(
        update(Attempt)
        .where(
            col(Attempt.campaign_id) == campaign_id,
            col(Attempt.n) == n,
            col(Attempt.outcome) == UNKNOWN,
        )
        .values(outcome=RESENT)
        .returning(col(Attempt.part))
        .execution_options(synchronize_session=False)
    ).all()
    if not taken:
        raise Conflict(f"The outcome of {named} is known, or somebody has decided already.", code="outcome_known")
    others = session.exec(
        select(Attempt.outcome).where(
            Attempt.campaign_id == campaign_id, Attempt.n == n, col(Attempt.outcome).not_in((RESENT, RETRIED))
        )
    )
    if others.first() is not None:
        raise Conflict(
            f"A part of {named} has left: sent again, its recipient would get that part twice.", code="partly_sent"
        )
    session.exec(
        update(Campaign)
        .where(col(Campaign.id) == campaign_id, col(Campaign.state) == "sent")
        .values(state="sending", finished_at=None)
    )
    send_batches.put_back(session, campaign_id, [n], AT_ONCE, RESENT)


def _receipt_of(session: Session, route_id: int, number: str, since: datetime) -> str:
    """The state of the last receipt about the number that came since and names no message of ours."""
    statement = (
        select(SmscId.state)
        .where(
            SmscId.route_id == route_id,
            col(SmscId.campaign_id).is_(None),
            col(SmscId.recorded_at) >= since,
            col(SmscId.number).in_((number, number.lstrip("+"))),
        )
        .order_by(col(SmscId.recorded_at).desc())
    )
    return session.exec(statement).first() or ""
