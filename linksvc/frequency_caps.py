"""Frequency caps: no more than so many marketing messages to a number in so many days, over all campaigns of a workspace.

Counted when messages are marked (`sender.checks`), by UTC days, and only while the workspace has a cap.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Table, bindparam, func, literal, or_
from sqlmodel import Session, col, select, update

from linksvc.database import insert_into
from linksvc.errors import FieldError, InvalidRequest
from linksvc.models import Campaign, Message, SentDay, Workspace

MOST_MESSAGES, MOST_DAYS = 1_000, 31

_KEY = ["workspace_id", "number", "day"]


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many messages in so many days, today being one of them."""

    messages: int
    days: int

    def first_day(self, now: datetime) -> datetime:
        return day_of(now) - timedelta(days=self.days - 1)


@dataclass(frozen=True, slots=True)
class Excess:
    """How many messages to a number are over the cap, and the start of the UTC day on which there is room for one."""

    count: int
    until: datetime


def day_of(moment: datetime) -> datetime:
    """The UTC day of a moment, by its start."""
    return datetime.combine(moment.astimezone(UTC), time(), UTC)


def set_cap(session: Session, workspace_id: int, cap: Cap | None) -> None:
    """Sets the workspace's cap, or takes it away. What was sent before counts once `count_day` was called for each of its
    days. Raises InvalidRequest `cap_invalid`."""
    if cap:
        _check("messages", cap.messages, MOST_MESSAGES)
        _check("days", cap.days, MOST_DAYS)
    values = {"cap_messages": cap.messages if cap else 0, "cap_days": cap.days if cap else 0}
    session.exec(update(Workspace).where(col(Workspace.id) == workspace_id).values(**values))


def find_cap(session: Session, workspace_id: int) -> Cap | None:
    messages, days = session.exec(
        select(Workspace.cap_messages, Workspace.cap_days).where(Workspace.id == workspace_id)
    ).one()
    return Cap(messages, days) if messages and days else None


def count_day(session: Session, workspace_id: int, day: datetime) -> None:
    """Counts what was submitted on that day, while there was no cap, from the messages themselves."""
    day = day_of(day)
    submitted = (
        select(col(Message.number), func.count())
        .join(Campaign, col(Campaign.id) == col(Message.campaign_id))
        .where(
            Campaign.workspace_id == workspace_id,
            Campaign.kind == "marketing",
            or_(col(Campaign.finished_at).is_(None), col(Campaign.finished_at) >= day),
            col(Message.submitted_at) >= day,
            col(Message.submitted_at) < day + timedelta(days=1),
        )
        .group_by(col(Message.number))
        .subquery()
    )
    moment = SentDay.__table__.c.day.type  # type: ignore[attr-defined]
    rows = select(literal(workspace_id), submitted.c[0], literal(day, moment), submitted.c[1]).where(submitted.c[1] > 0)
    statement = insert_into(session, SentDay).from_select([*_KEY, "count"], rows)
    # What is being counted since is in here already, or a mark's count stands for it.
    kept = statement.on_conflict_do_update(
        index_elements=_KEY,
        set_={"count": statement.excluded["count"]},
        where=col(SentDay.count) < statement.excluded["count"],
    )
    session.connection().execute(kept)


def take(session: Session, workspace_id: int, cap: Cap, numbers: Iterable[str], now: datetime) -> dict[str, Excess]:
    """Counts a message to each of the numbers (as often as it is named), as far as the cap allows; returns what is over it,
    which is not counted. A number's row is locked until the transaction ends, so two campaigns cannot both take the last."""
    wanted = Counter(numbers)
    day = day_of(now)
    _add(session, workspace_id, wanted, day)
    over: dict[str, Excess] = {}
    for number, sent in _sent(session, workspace_id, cap, wanted, now).items():
        count = min(wanted[number], sum(sent.values()) - cap.messages)
        if count > 0:
            sent[day] -= count
            over[number] = Excess(count, _room(sent, cap))
    give_back(session, workspace_id, Counter({number: excess.count for number, excess in over.items()}), now)
    return over


def give_back(session: Session, workspace_id: int, numbers: Counter[str], marked_at: datetime) -> None:
    """Takes messages back that were counted when they were marked and did not leave. What was not counted stays so."""
    table: Table = SentDay.__table__  # type: ignore[attr-defined]
    statement = (
        table.update()
        .where(
            table.c.workspace_id == workspace_id,
            table.c.number == bindparam("of_number"),
            table.c.day == day_of(marked_at),
            table.c.count >= bindparam("back"),
        )
        .values(count=table.c.count - bindparam("back"))
    )
    rows = [{"of_number": number, "back": count} for number, count in sorted(numbers.items()) if count]
    if rows:
        session.connection().execute(statement, rows)


def _add(session: Session, workspace_id: int, counts: Counter[str], day: datetime) -> None:
    # In one order everywhere, so that two transactions cannot wait for each other.
    rows = [
        {"workspace_id": workspace_id, "number": number, "day": day, "count": count}
        for number, count in sorted(counts.items())
    ]
    if rows:
        statement = insert_into(session, SentDay)
        added = statement.on_conflict_do_update(
            index_elements=_KEY, set_={"count": col(SentDay.count) + statement.excluded["count"]}
        )
        session.connection().execute(added, rows)


def _sent(
    session: Session, workspace_id: int, cap: Cap, numbers: Iterable[str], now: datetime
) -> Mapping[str, Counter[datetime]]:
    """How many were counted for each number on each day that the cap looks at."""
    found: dict[str, Counter[datetime]] = defaultdict(Counter)
    statement = select(SentDay.number, SentDay.day, SentDay.count).where(
        SentDay.workspace_id == workspace_id,
        col(SentDay.number).in_(list(numbers)),
        col(SentDay.day) >= cap.first_day(now),
    )
    for number, day, count in session.exec(statement):
        found[number][day] = count
    return found


def _room(sent: Counter[datetime], cap: Cap) -> datetime:
    """The first day that has room for one more."""
    kept = sum(sent.values())
    for day, count in sorted(sent.items()):
        kept -= count
        if kept < cap.messages:
            return day + timedelta(days=cap.days)
    return max(sent) + timedelta(days=cap.days)


def _check(field: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        message = f"A cap is of 1 to {MOST_MESSAGES:,} messages in 1 to {MOST_DAYS} days."
        raise InvalidRequest(message, code="cap_invalid", errors=(FieldError(field, message),))
