"""Which messages inbound ones answer, whose they are, and whether they came before: for many at once. For
`sender.inbound_turns`."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from linksvc.models import Attempt, Campaign, Contact, Inbound, Message
from linksvc.standing_campaigns import is_for_messages
from sender.words import START, STOP

NOBODY = 0
"""The workspace of what matches no message."""

REDELIVERED_WITHIN = timedelta(minutes=10)
"""The same words from the same number within this time are one message, come again since its acknowledgement was lost."""

Pair = tuple[str, str]
"""A number, and the address of ours that it wrote to."""


@dataclass(frozen=True, slots=True)
class Match:
    """The message that was answered. `sender` as its campaign wrote the address. `contact_id`: whom it went to, or who has
    the number now; None: nobody of the workspace."""

    workspace_id: int
    campaign_id: int
    n: int
    contact_id: int | None
    country: str
    network: str
    sender: str


@dataclass(frozen=True, slots=True)
class Correspondence:
    """What a pair has to do with us. `workspaces`: whom a STOP is for."""

    match: Match | None
    workspaces: frozenset[int]


def find_correspondences(session: Session, pairs: Iterable[Pair]) -> dict[Pair, Correspondence]:
    """By pair: the message last handed over to that number from that address, and who wrote to the number from it; if
    nobody did, everybody who writes from it, as we cannot tell what the person got. What is no telephone number has to do
    with nobody."""
    known = {pair: Correspondence(None, frozenset()) for pair in pairs}
    telephones = [pair for pair in known if pair[0].startswith("+")]
    if not telephones:
        return known
    numbers, addresses = {number for number, _ in telephones}, {form for _, to in telephones for form in senders(to)}
    last = _last_messages(session, numbers, addresses)
    writers = _writers(session, numbers, addresses)
    owners = _owners(session, addresses) if any(_of(writers, pair) == frozenset() for pair in telephones) else {}
    for number, to in telephones:
        matches = [last[number, form] for form in senders(to) if (number, form) in last]
        _, match = max(matches, key=lambda one: one[0], default=(None, None))
        everybody = frozenset().union(*(owners.get(form, frozenset()) for form in senders(to)))
        known[number, to] = Correspondence(match, _of(writers, (number, to)) or everybody)
    return known


def senders(to: str) -> set[str]:
    """How a campaign may have written the address that was replied to."""
    digits = to.lstrip("+")
    return {to, digits, f"+{digits}"}


def _of(writers: dict[Pair, set[int]], pair: Pair) -> frozenset[int]:
    number, to = pair
    return frozenset().union(*(writers.get((number, form), set()) for form in senders(to)))


def _last_messages(session: Session, numbers: set[str], addresses: set[str]) -> dict[Pair, tuple[datetime, Match]]:
    """By number and address as a campaign wrote it. Our own answers to STOP and HELP are not answered."""
    handed_over = func.max(Attempt.occurred_at)
    place = (col(Message.campaign_id), col(Message.n))
    told = (col(Campaign.workspace_id), *place, col(Message.contact_id), col(Message.country), col(Message.network))
    pair = (col(Message.number), col(Campaign.sender))
    rank = func.row_number().over(partition_by=pair, order_by=(handed_over.desc(), place[0].desc(), place[1]))
    columns: list[Any] = [*pair, handed_over.label("at"), *told, rank.label("rank")]
    ranked = (
        select(*columns)
        .join(Campaign, col(Campaign.id) == col(Message.campaign_id))
        .join(Attempt, (col(Attempt.campaign_id) == place[0]) & (col(Attempt.n) == place[1]))
        .where(pair[0].in_(numbers), pair[1].in_(addresses), is_for_messages())
        .group_by(*pair, *told)
        .subquery()
    )
    rows = session.connection().execute(ranked.select().where(ranked.c.rank == 1)).all()
    contacts = _contacts(session, {row.workspace_id for row in rows}, numbers, {row.contact_id for row in rows})
    return {(row.number, row.sender): (row.at, _match(row, contacts)) for row in rows}


def _match(row: Any, contacts: "_Contacts") -> Match:
    contact_id = row.contact_id if (row.workspace_id, row.contact_id) in contacts.ids else None
    contact_id = contact_id or contacts.by_number.get((row.workspace_id, row.number))
    return Match(row.workspace_id, row.campaign_id, row.n, contact_id, row.country, row.network, row.sender)


@dataclass(frozen=True, slots=True)
class _Contacts:
    """Who there is: (workspace, id), and the id by (workspace, number)."""

    ids: frozenset[tuple[int, int]]
    by_number: dict[tuple[int, str], int]


def _contacts(session: Session, workspaces: set[int], numbers: set[str], ids: set[int]) -> _Contacts:
    statement = select(Contact.workspace_id, Contact.id, Contact.number).where(
        col(Contact.workspace_id).in_(workspaces), or_(col(Contact.id).in_(ids), col(Contact.number).in_(numbers))
    )
    rows = [(workspace_id, id or 0, number) for workspace_id, id, number in session.exec(statement)] if workspaces else []
    by_number = {(workspace_id, number): id for workspace_id, id, number in sorted(rows, reverse=True)}
    return _Contacts(frozenset((workspace_id, id) for workspace_id, id, _ in rows), by_number)


def _writers(session: Session, numbers: set[str], addresses: set[str]) -> dict[Pair, set[int]]:
    """The workspaces with a message to the number, by number and address."""
    statement = (
        select(Message.number, Campaign.sender, Campaign.workspace_id)
        .join(Campaign, col(Campaign.id) == col(Message.campaign_id))
        .where(col(Message.number).in_(numbers), col(Campaign.sender).in_(addresses))
        .distinct()
    )
    found: defaultdict[Pair, set[int]] = defaultdict(set)
    for number, sender, workspace_id in session.exec(statement):
        found[number, sender].add(workspace_id)
    return found


def _owners(session: Session, addresses: set[str]) -> dict[str, set[int]]:
    """The workspaces that write from each address."""
    statement = select(Campaign.sender, Campaign.workspace_id).where(col(Campaign.sender).in_(addresses)).distinct()
    found: defaultdict[str, set[int]] = defaultdict(set)
    for sender, workspace_id in session.exec(statement):
        found[sender].add(workspace_id)
    return found


class Heard:
    """What these numbers said lately, to these workspaces or to nobody, and what is added."""

    def __init__(self, session: Session, numbers: Collection[str], workspaces: Iterable[int], since: datetime) -> None:
        statement = (
            select(Inbound)
            .where(
                col(Inbound.workspace_id).in_({*workspaces, NOBODY}),
                col(Inbound.number).in_(numbers),
                col(Inbound.occurred_at) > since - REDELIVERED_WITHIN,
            )
            .order_by(col(Inbound.occurred_at), col(Inbound.recorded_at))
        )
        self._rows: defaultdict[str, list[Inbound]] = defaultdict(list)
        for row in session.exec(statement):
            self.add(row)

    def add(self, row: Inbound) -> None:
        self._rows[row.number].append(row)

    def find(self, number: str, content: str, kind: str, at: datetime) -> Inbound | None:
        """The row of this very message if it came before. A STOP behind a START is a new one, whatever came earlier; a START
        behind a STOP is not, in doubt: nobody may be written to again by a redelivery."""
        for row in reversed(self._rows[number]):
            if row.occurred_at <= at - REDELIVERED_WITHIN:
                continue
            if row.fingerprint.startswith(content):
                return row
            if kind == STOP and row.kind == START:
                return None
        return None
