"""What one transaction makes of the messages that came in: stored, matched, obeyed, and each word answered once.

For `sender.inbound`, under the locks of their numbers. What can be asked or written for many at once is.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from linksvc import facts, opt_outs
from linksvc.facts import NewFact
from linksvc.models import Inbound, Reply
from linksvc.webhooks import news
from sender import auto_replies
from sender.inbound_matches import NOBODY, Correspondence, Heard, Match, find_correspondences
from sender.inbound_messages import Received
from sender.words import HELP, START, STOP, TEXT, Word, read_word


def take(session: Session, received: Sequence[tuple[int, Received]], now: datetime) -> None:
    """Stores whole messages, each with the route it came by, and does what they ask for. One that came before changes
    nothing."""
    if not received:
        return
    turn = _Turn(session, [one for _, one in received], now)
    for route_id, one in received:
        turn.take(route_id, one)
    turn.end()


class _Turn:
    """Message by message, in their order; at its `end` what is written for all, and what locks more than their numbers."""

    def __init__(self, session: Session, received: Sequence[Received], now: datetime) -> None:
        self._session = session
        self._now = now
        self._known = find_correspondences(session, ((one.number, one.to) for one in received))
        workspaces = frozenset().union(*(one.workspaces for one in self._known.values()))
        since = min(one.at for one in received)
        self._heard = Heard(session, {one.number for one in received}, workspaces, since)
        self._rows: list[Inbound | Reply] = []
        self._facts: list[NewFact] = []
        self._answers: list[auto_replies.Due] = []
        self._stopped: set[tuple[int, int]] = set()

    def take(self, route_id: int, one: Received) -> None:
        known = self._known[one.number, one.to]
        word = read_word(one.text)
        if word.if_stopped and not opt_outs.is_stopped(self._session, known.workspaces, one.number):
            word = Word(TEXT)
        if earlier := self._heard.find(one.number, one.content, word.kind, one.at):
            _complete(earlier, one)
            return
        inbound = self._keep(route_id, one, known.match, word)
        if self._obey(inbound, known) and known.match:
            self._answers += auto_replies.due(self._session, inbound, known.match, word)

    def end(self) -> None:
        self._session.add_all(self._rows)
        self._session.flush()
        facts.record(self._session, self._facts, self._now)
        opt_outs.take_away(self._session, self._stopped)
        auto_replies.send(self._session, self._answers, self._now)

    def _keep(self, route_id: int, one: Received, match: Match | None, word: Word) -> Inbound:
        inbound = Inbound(
            workspace_id=match.workspace_id if match else NOBODY,
            id=f"inb_{uuid.uuid4().hex}",
            route_id=route_id,
            number=one.number,
            sender=one.to,
            text=one.text,
            kind=word.kind,
            fingerprint=f"{one.content}:{one.at.isoformat()}",
            contact_id=match.contact_id if match else None,
            parts=one.parts,
            complete=one.complete,
            occurred_at=one.at,
            recorded_at=self._now,
        )
        self._rows.append(inbound)
        self._heard.add(inbound)
        if match:
            self._match(inbound, match)
        return inbound

    def _match(self, inbound: Inbound, match: Match) -> None:
        reply = Reply(
            campaign_id=match.campaign_id,
            n=match.n,
            inbound_id=inbound.id,
            kind=inbound.kind,
            occurred_at=inbound.occurred_at,
            recorded_at=self._now,
        )
        self._rows.append(reply)
        for kind in ("reply", "opted_out") if inbound.kind == STOP else ("reply",):
            fact = NewFact(match.campaign_id, kind, inbound.id, match.n, inbound.occurred_at, value=inbound.kind)
            self._facts.append(fact)

    def _obey(self, inbound: Inbound, known: Correspondence) -> bool:
        """Does what a word asks for. Whether it is to be answered: once for each change, and once an hour for help."""
        session, number = self._session, inbound.number
        if inbound.kind == STOP:
            stopped = opt_outs.stop(session, known.workspaces, number, inbound.occurred_at, self._now)
            self._stopped |= stopped.messages
            answered = (known.match.campaign_id, known.match.n) if known.match else None
            at = inbound.occurred_at
            news.tell_opt_outs(session, stopped.workspaces, inbound.id, number, answered, at, self._now)
            return inbound.workspace_id in stopped.workspaces
        if inbound.kind == START:
            return inbound.workspace_id in opt_outs.start(session, known.workspaces, number)
        return inbound.kind == HELP and not self._helped(inbound)

    def _helped(self, inbound: Inbound) -> bool:
        """Whether HELP was answered a short while ago, or is in this turn."""
        now = any(one.kind == HELP and one.number == inbound.number for one in self._answers)
        return now or auto_replies.helped_lately(self._session, inbound)


def _complete(earlier: Inbound, one: Received) -> None:
    """A STOP that was obeyed with its first part has all of its parts now."""
    if one.complete and not earlier.complete:
        earlier.text, earlier.complete = one.text, True
