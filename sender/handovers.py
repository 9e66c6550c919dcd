"""Fragments on their way: from the submit_sm until what became of it is stored. For `sender.exchange`.

Nothing here waits: each step is called by what it waits for, the SMSC's answer and the recorder's commit.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from linksvc.clock import Clock
from linksvc.delivery_causes import MESSAGE_INVALID
from sender.binds import BindLost
from sender.connection import Connection
from sender.feed import Feed
from sender.health import Health
from sender.messages import ACCEPTED, REFUSED, RETRY, UNKNOWN, Answer, Submission
from sender.pacing import Pacer, Window
from sender.pdus import Pdu, PduError, Status
from sender.recorder import Recorder
from sender.route_book import RouteTerms
from sender.session_errors import NotSent, SessionError
from sender.submit_fields import fields_of
from sender.timing import Timing

log = structlog.get_logger()

DATABASE_RETRY_S = 1.0


@dataclass(frozen=True)
class BindState:
    """What those who work on a bind share. `goes_on`: the sender is not stopped; `lost`: another process has the bind."""

    clock: Clock
    timing: Timing
    terms: RouteTerms
    health: Health
    pacer: Pacer
    window: Window
    goes_on: Callable[[], bool]
    lost: asyncio.Event


@dataclass(eq=False, slots=True)
class _Way:
    """A fragment's. `correction`: an answer that came late, to be stored once its unknown outcome is."""

    connection: Connection
    submission: Submission
    began: float
    correction: Answer | None = None


class Handovers:
    def __init__(self, recorder: Recorder, feed: Feed, bind: BindState) -> None:
        self.stir = asyncio.Event()
        """Set whenever one has come to its end, and its place in the window is free."""
        self._recorder = recorder
        self._feed = feed
        self._bind = bind
        self._open: set[_Way] = set()

    def __len__(self) -> int:
        return len(self._open)

    def start(self, connection: Connection, submission: Submission) -> None:
        way = _Way(connection, submission, asyncio.get_running_loop().time())
        self._open.add(way)
        route, ends_at = self._bind.terms.route, submission.message.campaign.expires_at
        try:
            fields = fields_of(submission, route.numbering, ends_at)
            connection.submit(fields, partial(self._take, way), partial(self._take_late, way))
        except NotSent:
            self._settle(way, self._unanswered(submission, RETRY))
        except PduError as error:
            log.error("A message cannot be written", action="unsendable", error=str(error))
            self._settle(way, self._unanswered(submission, REFUSED, Status.SUBMIT_FAILED, MESSAGE_INVALID))

    async def wait(self) -> None:
        """Until none is open."""
        while self._open:
            self.stir.clear()
            await self.stir.wait()

    def _take(self, way: _Way, told: Pdu | SessionError) -> None:
        if isinstance(told, SessionError):
            self._bind.health.note(UNKNOWN)
            self._settle(way, self._unanswered(way.submission, UNKNOWN))
        else:
            self._judge(way, told)

    def _judge(self, way: _Way, pdu: Pdu) -> None:
        bind, submission = self._bind, way.submission
        now, loop = bind.clock(), asyncio.get_running_loop()
        age_s = (now - (submission.message.first_at or now)).total_seconds()
        verdict = bind.terms.judge.of_answer(pdu.status, submission.tries, age_s)
        bind.health.note(verdict.outcome, verdict.cause, loop.time() - way.began)
        if verdict.slows:
            bind.pacer.slow_down(loop.time())
        wait_s = 0.0
        if verdict.ends_session:
            way.connection.retire("the SMSC says that it is not bound (0x00000004)")
        elif verdict.outcome == RETRY:
            wait_s = verdict.wait_s or bind.timing.retry.wait_s(submission.tries)
        self._settle(way, self._answered(submission, verdict.outcome, verdict.cause, pdu, now), wait_s)

    def _settle(self, way: _Way, answer: Answer, wait_s: float = 0.0) -> None:
        """Stores what became of a fragment; it may be tried again in so many seconds."""
        if answer.outcome in (ACCEPTED, UNKNOWN):
            way.submission.message.begun = True
        self._store(answer, partial(self._settled, way, answer, wait_s))

    def _settled(self, way: _Way, answer: Answer, wait_s: float, is_stored: bool) -> None:
        if is_stored and answer.outcome == RETRY:
            self._feed.retry(way.submission, asyncio.get_running_loop().time() + wait_s)
        # Only now, when its outcome is stored, would a crash no longer leave it unknown.
        self._bind.window.give_back()
        if way.correction:
            self._store(way.correction, partial(self._end, way))
        else:
            self._end(way)

    def _end(self, way: _Way, _: bool = True) -> None:
        self._open.discard(way)
        self.stir.set()

    def _take_late(self, way: _Way, pdu: Pdu) -> None:
        """An answer came after it was given up: what is known now replaces "outcome unknown", and receipts find their id."""
        submission = way.submission
        log.info("An answer came late", action="late_answer", campaign_id=submission.message.campaign.id)
        # A fragment that was refused for the moment is not sent anew: its message was reported, perhaps decided upon.
        outcome = ACCEPTED if pdu.status == Status.OK else REFUSED
        cause = self._bind.terms.judge.cause_of(pdu.status)
        way.correction = self._answered(submission, outcome, cause, pdu, self._bind.clock())
        if way not in self._open:
            self._open.add(way)
            self._store(way.correction, partial(self._end, way))

    def _store(self, answer: Answer, then: Callable[[bool], None]) -> None:
        """Keeps an answer until the database takes it: without it the outcome is unknown to the next holder of the bind."""
        if self._bind.lost.is_set():
            then(False)
        else:
            self._recorder.put(answer, partial(self._stored, answer, then))

    def _stored(self, answer: Answer, then: Callable[[bool], None], error: Exception | None) -> None:
        if isinstance(error, BindLost):
            self._bind.lost.set()
        elif error is not None:
            log.error("An answer could not be stored", action="answer_failed", error=type(error).__name__)
            if isinstance(error, SQLAlchemyError) and self._bind.goes_on():
                asyncio.get_running_loop().call_later(DATABASE_RETRY_S, self._store, answer, then)
                return
        then(error is None)

    def _answered(self, submission: Submission, outcome: str, cause: str, pdu: Pdu, now: datetime) -> Answer:
        price = self._bind.terms.price_of(submission.message, submission.part, now) if outcome == ACCEPTED else None
        micros, currency = (price.micros, price.currency) if price else (0, "")
        return Answer(submission, outcome, pdu.status, pdu.text("message_id"), now, cause, micros, currency)

    def _unanswered(self, submission: Submission, outcome: str, status: int = 0, cause: str = "") -> Answer:
        return Answer(submission, outcome, status, "", self._bind.clock(), cause)
