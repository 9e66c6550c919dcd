"""Replies: stored before they are acknowledged, matched to the last message the person got, obeyed if they say STOP.

For `sender.recorder`. A message from a number that nobody here wrote to belongs to no workspace (0).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import structlog
from sqlmodel import Session, col, func, select

from linksvc import facts
from linksvc.database import insert_new
from linksvc.facts import NewFact
from linksvc.fragments import decode_gsm
from linksvc.models import Attempt, Campaign, Inbound, Message, Reply, Suppression
from sender.concatenation import UDHI, read_header
from sender.number_locks import lock_to_stop
from sender.pdus import Pdu
from sender.stop_words import is_stop

NOBODY = 0
"""The workspace of what matches no message."""

REDELIVERED_WITHIN = timedelta(minutes=10)
"""The same words from the same number within this time are one message, come again since its acknowledgement was lost."""

_GSM, _UCS2 = 0, 8
_NATIONAL = 2
"""source_addr_ton of a number that does not name its country (SMPP v3.4, 5.2.5)."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Received:
    """An inbound message as it was read. `number` is the sender's, in E.164; `to` the address of ours it came to."""

    number: str
    to: str
    text: str
    content: str
    """A hash of everything that came, to tell a redelivered message."""
    at: datetime


@dataclass(frozen=True, slots=True)
class _Match:
    workspace_id: int
    campaign_id: int
    n: int


def read(pdu: Pdu, at: datetime) -> Received:
    """Reads a deliver_sm that is no receipt."""
    payload = pdu.payload
    if pdu.number("esm_class") & UDHI:
        _, payload = read_header(payload)
    source, to = pdu.text("source_addr"), pdu.text("destination_addr")
    raw = b"\0".join((source.encode(), to.encode(), bytes([pdu.number("data_coding")]), pdu.payload))
    number = source
    if pdu.number("source_addr_ton") == _NATIONAL:
        log.warning("A message came from a number without its country", action="inbound_national_number")
    else:
        number = _number(source)
    return Received(number, to, _decode(payload, pdu.number("data_coding")), sha256(raw).hexdigest()[:32], at)


def store(session: Session, route_id: int, received: Sequence[Received], now: datetime) -> None:
    """Stores inbound messages and what follows from them. A redelivered one changes nothing."""
    lock_to_stop(session, (one.number for one in received if is_stop(one.text)))
    for one in received:
        match = _match(session, one)
        workspace_id = match.workspace_id if match else NOBODY
        if not _is_known(session, workspace_id, one):
            _store(session, route_id, one, match, now)


def _store(session: Session, route_id: int, one: Received, match: _Match | None, now: datetime) -> None:
    kind = "stop" if is_stop(one.text) else "text"
    inbound = Inbound(
        workspace_id=match.workspace_id if match else NOBODY,
        id=f"inb_{uuid.uuid4().hex}",
        route_id=route_id,
        number=one.number,
        sender=one.to,
        text=one.text,
        kind=kind,
        fingerprint=f"{one.content}:{one.at.isoformat()}",
        occurred_at=one.at,
        recorded_at=now,
    )
    session.add(inbound)
    session.flush()
    if match:
        _reply(session, inbound, match, now)
    if kind == "stop":
        _stop(session, one, now)


def _reply(session: Session, inbound: Inbound, match: _Match, now: datetime) -> None:
    session.add(
        Reply(
            campaign_id=match.campaign_id,
            n=match.n,
            inbound_id=inbound.id,
            kind=inbound.kind,
            occurred_at=inbound.occurred_at,
            recorded_at=now,
        )
    )
    session.flush()
    kinds = ("reply", "opted_out") if inbound.kind == "stop" else ("reply",)
    made = [NewFact(match.campaign_id, kind, inbound.id, match.n, inbound.occurred_at, value=inbound.kind) for kind in kinds]
    facts.record(session, made, now)


def _stop(session: Session, one: Received, now: datetime) -> None:
    """Suppresses the number wherever it was written to from this address, and stops what is queued for it there. What a
    worker has claimed is stopped by that worker, which looks for suppressions before it marks."""
    workspaces = set(
        session.exec(
            select(Campaign.workspace_id)
            .join(Message, col(Message.campaign_id) == col(Campaign.id))
            .where(Message.number == one.number, col(Campaign.sender).in_(_senders(one.to)))
        )
    )
    if not workspaces:
        # Whoever says STOP to an address means everybody who writes from it, even if we cannot tell what they got.
        owners = select(Campaign.workspace_id).where(col(Campaign.sender).in_(_senders(one.to)))
        workspaces = set(session.exec(owners.distinct()))
    rows = [
        {"workspace_id": id, "number": one.number, "reason": "stop", "occurred_at": one.at, "recorded_at": now}
        for id in workspaces
    ]
    insert_new(session, Suppression, rows)
    queued = session.exec(
        select(Message.campaign_id, Message.n)
        .join(Campaign, col(Message.campaign_id) == col(Campaign.id))
        .where(
            col(Campaign.workspace_id).in_(workspaces),
            Message.number == one.number,
            Message.state == "queued",
            Message.claimed_by == "",
        )
    )
    made = [NewFact(campaign_id, "unsent", str(n), n, one.at, value="stopped") for campaign_id, n in queued]
    facts.record(session, made, now)


def _match(session: Session, one: Received) -> _Match | None:
    """The message last handed over to this number from the address that it wrote to."""
    handed_over = func.max(Attempt.occurred_at)
    statement = (
        select(Campaign.workspace_id, Message.campaign_id, Message.n)
        .join(Campaign, col(Message.campaign_id) == col(Campaign.id))
        .join(
            Attempt,
            (col(Attempt.campaign_id) == col(Message.campaign_id)) & (col(Attempt.n) == col(Message.n)),
        )
        .where(
            Message.number == one.number,
            col(Campaign.sender).in_(_senders(one.to)),
        )
        .group_by(col(Campaign.workspace_id), col(Message.campaign_id), col(Message.n))
        .order_by(handed_over.desc(), col(Message.campaign_id).desc())
        .limit(1)
    )
    row = session.exec(statement).first()
    return _Match(*row) if row else None


def _is_known(session: Session, workspace_id: int, one: Received) -> bool:
    statement = select(Inbound.fingerprint).where(
        Inbound.workspace_id == workspace_id,
        Inbound.number == one.number,
        col(Inbound.occurred_at) > one.at - REDELIVERED_WITHIN,
    )
    return any(fingerprint.startswith(one.content) for fingerprint in session.exec(statement))


def _number(source: str) -> str:
    """The address as contacts are stored. A national form names no country and stays as it is."""
    if source.startswith("00"):
        return f"+{source[2:]}"
    return f"+{source}" if source.isdigit() and not source.startswith("0") else source


def _senders(to: str) -> set[str]:
    """How a campaign may have written the address that was replied to."""
    return {to, to.lstrip("+"), f"+{to.lstrip('+')}"}


def _decode(payload: bytes, data_coding: int) -> str:
    """The text, without the NULs that some SMSCs pad with and PostgreSQL cannot store (SMPP v3.4, 5.2.19)."""
    if data_coding == _UCS2:
        text = payload.decode("utf-16-be", "replace")
    elif data_coding == _GSM and payload.isascii():
        text = decode_gsm(payload)
    else:
        # An SMSC that sends eight bits in its default alphabet means Latin-1.
        text = payload.decode("latin-1")
    return text.replace("\0", "")
