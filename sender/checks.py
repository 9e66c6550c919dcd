"""The last-moment checks: of messages about to be handed over, which may leave, and what becomes of the others.

Called by `sender.marks` in the transaction that marks them, under the locks of their numbers (`linksvc.number_locks`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from linksvc import facts, holds
from linksvc.bulk import as_one, one_of
from linksvc.campaign_locks import lock_to_mark
from linksvc.database import is_sqlite
from linksvc.facts import NewFact
from linksvc.frequency_caps import Cap, take
from linksvc.holds import FREQUENCY_CAP, SCHEDULED
from linksvc.left_out import find_left_out
from linksvc.models import Campaign, Contact, Suppression, Workspace
from linksvc.quiet_hours import Keeps, next_opening
from linksvc.schedules import due_for
from linksvc.standing_campaigns import REPLY, SINGLE
from linksvc.statements import Statement
from linksvc.zones import zones_of
from sender import auto_replies
from sender.messages import OpenCampaign

MARKETING, TRANSACTIONAL = "marketing", "transactional"


class _Rules(NamedTuple):
    """A campaign's, and what its workspace keeps to: their columns of these names."""

    cancelled_at: datetime | None
    expires_at: datetime | None
    paused_at: datetime | None
    send_at: datetime | None
    send_local: str
    send_timezone: str
    parent_id: int | None
    leave_out: str
    quiet_hours: bool
    quiet_holidays: bool
    cap_messages: int
    cap_days: int


_OF_WORKSPACE = ("quiet_hours", "quiet_holidays", "cap_messages", "cap_days")
_RULES = Statement(
    lambda _: (
        select(*(col(getattr(Workspace if name in _OF_WORKSPACE else Campaign, name)) for name in _Rules._fields))
        .join_from(Campaign, Workspace, col(Workspace.id) == col(Campaign.workspace_id))
        .where(col(Campaign.id) == bindparam("campaign_id"))
    )
)


class Candidate(Protocol):
    """What is asked of a message."""

    @property
    def n(self) -> int: ...
    @property
    def contact_id(self) -> int: ...
    @property
    def number(self) -> str: ...


C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True, slots=True)
class Hold:
    """A message waits until then. `reason`: quiet_hours, holiday, frequency_cap or scheduled."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Decisions(Generic[C]):
    """What was decided over messages of one campaign. Each message is in one of these four.

    `held`, by n: to be put back, due when their hold ends. `waiting`: the campaign is paused; they stay where they were.
    `unsent`, by n: they will not leave, and the value of their fact says why: stopped, left_out, expired_unsent or
    cancelled.
    """

    allowed: Sequence[C]
    held: Mapping[int, Hold] = field(default_factory=dict)
    waiting: Sequence[int] = ()
    unsent: Mapping[int, str] = field(default_factory=dict)


def decide(session: Session, campaign: OpenCampaign, messages: Sequence[C], now: datetime) -> Decisions[C]:
    """Which of these messages of one campaign may be marked now; in their order. Facts about the others: `record`.

    It locks the campaign against pause and cancel until the transaction ends: nothing is marked once one was committed.
    What it allows is counted for frequency caps.
    """
    row = _read_rules(session, campaign.id)
    if row.cancelled_at is not None:
        return Decisions((), unsent={message.n: "cancelled" for message in messages})
    if row.expires_at is not None and row.expires_at <= now:
        return Decisions((), unsent={message.n: "expired_unsent" for message in messages})
    if row.paused_at is not None:
        return Decisions((), waiting=[message.n for message in messages])
    if campaign.kind == REPLY:
        late = auto_replies.expired(session, campaign.id, [message.n for message in messages], now)
        # An answer is asked for, by STOP too: neither consent nor hours nor caps hold it up.
        return Decisions(
            [message for message in messages if message.n not in late], unsent=dict.fromkeys(late, "expired_unsent")
        )
    people = _willing(session, campaign, messages)
    unsent = {message.n: "stopped" for message in messages if message.n not in people}
    unsent |= dict.fromkeys(_left_out(session, campaign, row, [m for m in messages if m.n in people]), "left_out")
    held = _hold(session, campaign, row, [message for message in messages if message.n not in unsent], people, now)
    if row.expires_at is not None:
        late = {n for n, hold in held.items() if hold.until >= row.expires_at}
        unsent |= dict.fromkeys(late, "expired_unsent")
        held = {n: hold for n, hold in held.items() if n not in late}
    allowed = [message for message in messages if message.n not in unsent and message.n not in held]
    return Decisions(allowed, held, unsent=unsent)


def record(session: Session, campaign: OpenCampaign, decisions: Decisions[C], now: datetime) -> None:
    """Records why messages do not leave, or not yet."""
    made = [NewFact(campaign.id, "unsent", str(n), n, now, reason) for n, reason in decisions.unsent.items()]
    made += [holds.fact_of(campaign.id, n, hold.reason, hold.until, now) for n, hold in decisions.held.items()]
    facts.record(session, made, now)


@dataclass(frozen=True, slots=True)
class _Person:
    country: str
    zones: tuple[ZoneInfo, ...]


def _read_rules(session: Session, campaign_id: int) -> _Rules:
    """As they are now and stay meanwhile."""
    lock_to_mark(session, campaign_id)
    (row,) = _RULES.rows(session, {"campaign_id": campaign_id})
    return _Rules(*row)


def _willing(session: Session, campaign: OpenCampaign, messages: Sequence[C]) -> dict[int, _Person]:
    """Those, by n, whose recipient is there, has consented to what is marketing, and has not said STOP."""
    numbers, ids = {message.number for message in messages}, {message.contact_id for message in messages}
    sqlite = is_sqlite(session)
    asked = {"of_workspace": campaign.workspace_id, "numbers": as_one(sqlite, numbers)}
    suppressed = {number for (number,) in _STOPPED.rows(session, asked)}
    asked = {"of_workspace": campaign.workspace_id, "ids": as_one(sqlite, ids)}
    known = _CONSENTING if campaign.kind == MARKETING else _KNOWN
    contacts = {id: told for id, *told in known.rows(session, asked)}
    found = {}
    for message in messages:
        if message.contact_id in contacts and message.number not in suppressed:
            country, timezone = contacts[message.contact_id]
            found[message.n] = _Person(country, zones_of(message.number, country, timezone))
    return found


def _left_out(session: Session, campaign: OpenCampaign, row: _Rules, messages: Sequence[C]) -> list[int]:
    """Of a follow-up, those whose recipient has meanwhile done what it leaves out."""
    if row.parent_id is None or not row.leave_out:
        return []
    ids = {message.contact_id for message in messages}
    done = find_left_out(session, campaign.workspace_id, campaign.id, row.parent_id, row.leave_out.split(), ids)
    return [message.n for message in messages if message.contact_id in done]


_STOPPED = Statement(
    lambda sqlite: select(Suppression.number).where(
        col(Suppression.workspace_id) == bindparam("of_workspace"), one_of(col(Suppression.number), sqlite, "numbers")
    )
)


def _contacts(sqlite: bool) -> Any:
    return select(Contact.id, Contact.country, Contact.timezone).where(
        col(Contact.workspace_id) == bindparam("of_workspace"), one_of(col(Contact.id), sqlite, "ids")
    )


_KNOWN = Statement(_contacts)
_CONSENTING = Statement(lambda sqlite: _contacts(sqlite).where(col(Contact.marketing_consent_at).is_not(None)))


def _hold(
    session: Session,
    campaign: OpenCampaign,
    row: _Rules,
    messages: Sequence[C],
    people: Mapping[int, _Person],
    now: datetime,
) -> dict[int, Hold]:
    """What has to wait, by n: for its schedule, for hours and holidays, for a cap."""
    keeps = Keeps(row.quiet_hours, row.quiet_holidays)
    kind = TRANSACTIONAL if campaign.kind == SINGLE else campaign.kind

    @cache
    def opening(person: _Person, at: datetime, reason: str) -> Hold | None:
        opens = next_opening(person.country, person.zones, kind, at, keeps)
        return Hold(opens.at, reason or opens.reason) if opens.at > now else None

    @cache
    def first(person: _Person) -> Hold | None:
        due = due_for(row, person.zones)
        return opening(person, due, SCHEDULED) if due and due > now else opening(person, now, "")

    held = {message.n: hold for message in messages if (hold := first(people[message.n]))}
    cap = Cap(row.cap_messages, row.cap_days)
    if campaign.kind == MARKETING and cap.messages and cap.days:
        open_now = [message for message in messages if message.n not in held]
        over = take(session, campaign.workspace_id, cap, (message.number for message in open_now), now)
        for message in reversed(open_now):
            excess = over.get(message.number)
            if excess and excess.count:
                over[message.number] = replace(excess, count=excess.count - 1)
                if hold := opening(people[message.n], excess.until, FREQUENCY_CAP):
                    held[message.n] = hold
    return held
