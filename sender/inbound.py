"""Replies: stored before they are acknowledged, matched to the last message the person got, obeyed if they say STOP.

For `sender.recorder`, and for the background work, which stores what never became whole (`store_lapsed`). A message from a
number that nobody here wrote to belongs to no workspace.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from linksvc import facts, routes
from linksvc.clock import Clock
from linksvc.database import reading as looking
from linksvc.database import writing
from linksvc.facts import NewFact
from linksvc.models import Inbound, Reply, Route
from linksvc.phone_numbers import SHORTEST_NUMBER, read_caller
from linksvc.route_accounts import RouteReading
from sender import auto_replies, opt_outs
from sender.inbound_matches import NOBODY, Match, find_contact, find_earlier, find_match, find_workspaces
from sender.inbound_parts import Joined, Part, PartKey, add_part, content_of, lapsed_keys, read_place, take_lapsed
from sender.inbound_texts import read_text
from sender.number_locks import lock_to_stop
from sender.pdus import Pdu
from sender.words import HELP, START, STOP, TEXT, Word, is_stop, read_word

LAPSED_AT_ONCE = 100
"""Messages whose parts are given up in one transaction."""

_NATIONAL = 2
"""The type of a number that does not name its country (SMPP v3.4, 5.2.5)."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Received:
    """An inbound message, or a part of one, as it was read. `number` is the sender's, in E.164 if it is a telephone's; `to`
    the address of ours it came to; `text` of a part: what stands in it alone."""

    number: str
    to: str
    text: str
    content: str
    """A hash of everything that came, to tell a redelivered message."""
    at: datetime
    part: Part | None = None
    """None: it came in one piece."""
    parts: int = 1
    complete: bool = True


def read(pdu: Pdu, at: datetime, reading: RouteReading | None = None) -> Received:
    """Reads a deliver_sm that is no receipt."""
    reading = reading or RouteReading()
    data_coding = pdu.number("data_coding")
    place, payload = read_place(pdu)
    source, to = pdu.text("source_addr"), pdu.text("destination_addr")
    number = read_caller(source, reading.number_country, national=pdu.number("source_addr_ton") == _NATIONAL)
    if number is None and source.isdigit() and len(source) >= SHORTEST_NUMBER:
        log.warning("A message came from a number without its country", action="inbound_national_number")
    return Received(
        number=number or source,
        to=_ours(to, pdu.number("dest_addr_ton"), reading),
        text=read_text(payload, data_coding, reading),
        content=_content(pdu, source, to),
        at=at,
        part=Part(place, data_coding, payload) if place else None,
    )


def _ours(to: str, ton: int, reading: RouteReading) -> str:
    """The address of ours; a long number in national form as our campaigns write it."""
    national = ton == _NATIONAL or to.startswith("0")
    return (read_caller(to, reading.number_country, national=ton == _NATIONAL) if national else None) or to


def store(session: Session, route_id: int, received: Sequence[Received], now: datetime) -> None:
    """Stores inbound messages and what follows from them. A redelivered one changes nothing."""
    # Two binds may hear of one number at once: its parts and its words are dealt with one after the other.
    lock_to_stop(session, (one.number for one in received))
    turn = _Turn(session, now)
    for one in received:
        for whole in _wholes(session, route_id, one, now):
            turn.take(route_id, whole)
    turn.end()


def store_lapsed(engine: Engine, clock: Clock) -> bool:
    """Stores messages whose missing parts are waited for no longer; True while there are more."""
    with looking(engine) as session:
        keys = lapsed_keys(session, clock(), LAPSED_AT_ONCE)
    if not keys:
        return False
    with writing(engine) as session:
        now = clock()
        lock_to_stop(session, (key.number for key in keys))
        turn = _Turn(session, now)
        for key in keys:
            if joined := take_lapsed(session, key, _reading(session, key.route_id), now):
                turn.take(key.route_id, _whole(joined))
        turn.end()
    return len(keys) == LAPSED_AT_ONCE


def _wholes(session: Session, route_id: int, one: Received, now: datetime) -> Iterator[Received]:
    """What is to be stored as a message now that this came: nothing, if it is a part that waits for others."""
    if one.part is None:
        yield one
        return
    place = one.part.place
    key = PartKey(route_id, one.number, one.to, place.reference, place.parts)
    joined = list(add_part(session, key, one.part, _reading(session, route_id), now))
    if place.part == 1 and not (joined and joined[-1].complete) and is_stop(one.text):
        # A person who says STOP is not kept waiting for the rest of what they say.
        joined.append(Joined(key, one.text, content_of(key, one.part), complete=False, at=one.at))
    yield from (_whole(message) for message in joined)


def _whole(joined: Joined) -> Received:
    key = joined.key
    return Received(
        key.number, key.sender, joined.text, joined.content, joined.at, parts=key.parts, complete=joined.complete
    )


class _Turn:
    """What one transaction hears, under the locks of its numbers: message by message, and at its `end` what locks more."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now
        self._answers: list[auto_replies.Due] = []
        self._stopped: set[tuple[int, int]] = set()

    def take(self, route_id: int, one: Received) -> None:
        """Stores a message, unless it came before, and does what it asks for."""
        session = self._session
        match = find_match(session, one.number, one.to)
        workspaces = find_workspaces(session, one.number, one.to)
        word = read_word(one.text)
        if word.if_stopped and not opt_outs.is_stopped(session, workspaces, one.number):
            word = Word(TEXT)
        earlier = find_earlier(session, workspaces, one.number, one.content, word.kind, one.at)
        if earlier:
            _complete(session, earlier, one)
            return
        inbound = _keep(session, route_id, one, match, word, self._now)
        if self._obey(inbound, workspaces) and match:
            self._answers += auto_replies.due(session, inbound, match, word)

    def end(self) -> None:
        opt_outs.take_away(self._session, self._stopped)
        auto_replies.send(self._session, self._answers, self._now)

    def _obey(self, inbound: Inbound, workspaces: set[int]) -> bool:
        """Does what a word asks for. Whether it is to be answered: once for each change, and once an hour for help."""
        session, number = self._session, inbound.number
        if inbound.kind == STOP:
            stopped = opt_outs.stop(session, workspaces, number, inbound.occurred_at, self._now)
            self._stopped |= stopped.messages
            return inbound.workspace_id in stopped.workspaces
        if inbound.kind == START:
            return inbound.workspace_id in opt_outs.start(session, workspaces, number)
        return inbound.kind == HELP and not self._helped(inbound)

    def _helped(self, inbound: Inbound) -> bool:
        """Whether HELP was answered a short while ago, or is in this turn."""
        now = any(one.kind == HELP and one.number == inbound.number for one in self._answers)
        return now or auto_replies.helped_lately(self._session, inbound)


def _complete(session: Session, earlier: Inbound, one: Received) -> None:
    """A STOP that was obeyed with its first part has all of its parts now."""
    if one.complete and not earlier.complete:
        earlier.text, earlier.complete = one.text, True
        session.add(earlier)
        session.flush()


def _keep(session: Session, route_id: int, one: Received, match: Match | None, word: Word, now: datetime) -> Inbound:
    inbound = Inbound(
        workspace_id=match.workspace_id if match else NOBODY,
        id=f"inb_{uuid.uuid4().hex}",
        route_id=route_id,
        number=one.number,
        sender=one.to,
        text=one.text,
        kind=word.kind,
        fingerprint=f"{one.content}:{one.at.isoformat()}",
        contact_id=find_contact(session, match, one.number) if match else None,
        parts=one.parts,
        complete=one.complete,
        occurred_at=one.at,
        recorded_at=now,
    )
    session.add(inbound)
    session.flush()
    if match:
        _reply(session, inbound, match, now)
    return inbound


def _reply(session: Session, inbound: Inbound, match: Match, now: datetime) -> None:
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
    kinds = ("reply", "opted_out") if inbound.kind == STOP else ("reply",)
    made = [NewFact(match.campaign_id, kind, inbound.id, match.n, inbound.occurred_at, value=inbound.kind) for kind in kinds]
    facts.record(session, made, now)


def _reading(session: Session, route_id: int) -> RouteReading:
    route = session.get(Route, route_id)
    return routes.view(route).reading if route else RouteReading()


def _content(pdu: Pdu, source: str, to: str) -> str:
    """What two deliveries of one message have in common, the message's own number among it where an SMSC tells one."""
    told = (source, to, str(pdu.number("data_coding")), pdu.text("receipted_message_id"))
    numbers = [str(pdu.number(name)) for name in ("user_message_reference", "sar_msg_ref_num", "sar_segment_seqnum")]
    return sha256("\0".join((*told, *numbers)).encode() + b"\0" + pdu.payload).hexdigest()[:32]
