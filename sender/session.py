"""An SMPP 3.4 session with an SMSC, on asyncio. Opened by `sender.connection`, alone or in a pair.

It holds the stream, the sequence numbers, the timers and the checks of liveness. It knows nothing of messages or databases,
and logs neither addresses nor texts. What comes in is handed to functions that return at once: a task for each of thousands
of PDUs a second costs more than all that is done with them.
"""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog

from sender.frames import Frames
from sender.pdus import FramingError, Pdu, Status, UnreadablePdu
from sender.quick_pdus import decode, encode
from sender.session_errors import AnswerLost, BindRefused, NotSent, SessionError, Unreachable
from sender.transport import Account, Stream, connect
from sender.unreadable_pdus import UnreadablePdus

log = structlog.get_logger()
_unreadable = UnreadablePdus()

Fields = Mapping[str, str | int | bytes]

Reply = Callable[[Status], None]
Deliver = Callable[[Pdu, Reply], None]
"""Called with each deliver_sm and data_sm, and with what sends its answer: to be called once, as soon as it is stored."""

Told = Callable[[Pdu | SessionError], None]
"""Called once with the answer to what was sent, or with AnswerLost."""

Late = Callable[[Pdu], None]
"""Called with an answer that came after it had been given up."""

SMPP_34 = 0x34
MOST_SEQUENCE = 0x7FFF_FFFF
READ_BYTES = 65_536
MOST_DELIVERIES = 1_000
"""How many inbound PDUs may wait for their commit before reading pauses and TCP holds the SMSC back."""

MOST_LATE = 10_000
"""How many answers may be late before the oldest is not waited for any more."""

_INBOUND = {"deliver_sm", "data_sm"}


@dataclass(frozen=True)
class Timers:
    """In seconds: for the connection and the bind, for an answer, between two checks of an open session, for the rest of a
    PDU that has begun to come."""

    connect_s: float = 10.0
    response_s: float = 60.0
    enquire_s: float = 30.0
    read_s: float = 30.0

    @property
    def tick_s(self) -> float:
        """Between two looks at what is overdue."""
        return min(1.0, *(seconds / 10 for seconds in (self.connect_s, self.response_s, self.enquire_s, self.read_s)))


@dataclass(slots=True)
class _Waiting:
    """A request of ours that is not answered yet."""

    command: str
    told: Told
    deadline: float
    late: Late | None = None


class Session:
    """A bound session. `usable` until it ends, or either side is about to leave; `reason` says why it is not."""

    def __init__(self, stream: Stream, deliver: Deliver, timers: Timers) -> None:
        self.closed = asyncio.Event()
        self.reason = ""
        self._reader, self._writer = stream
        self._deliver = deliver
        self._timers = timers
        self._sequence = 0
        self._frames = Frames()
        self._partial_since: float | None = None
        self._outgoing: list[bytes] = []
        self._pending: dict[int, _Waiting] = {}
        self._late: dict[int, Late] = {}
        self._deliveries = 0
        self._replied = asyncio.Event()
        self._parting: asyncio.Task[None] | None = None
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._watch())]
        self._bound = False

    @classmethod
    async def open(cls, account: Account, role: str, deliver: Deliver, timers: Timers) -> "Session":
        """Connects and binds as `role`: transceiver, transmitter or receiver.

        Raises Unreachable, BindRefused, PduError for a field too long, and ConfigurationError.
        """
        fields: dict[str, str | int | bytes] = {
            "system_id": account.system_id,
            "password": account.password,
            "system_type": account.system_type,
            "interface_version": SMPP_34,
        }
        command = f"bind_{role}"
        encode(command, 1, 0, **fields)  # What does not fit is found before anything is connected.
        session = cls(await connect(account, timers.connect_s), deliver, timers)
        try:
            answer = await session._request(command, fields, timers.connect_s)
        except SessionError as error:
            await session.close()
            raise Unreachable(f"{account.address} did not answer the bind.") from error
        except BaseException:
            session._end("cancelled")
            raise
        if answer.status not in (Status.OK, Status.ALREADY_BOUND):
            await session.close()
            raise BindRefused(answer.status)
        session._bound = True
        return session

    @property
    def usable(self) -> bool:
        return not self.reason

    def submit(self, fields: Fields, told: Told, late: Late | None = None) -> None:
        """Submits one fragment. Raises NotSent, and PduError if it cannot be written; then nobody is told.

        Calls leave in their order. An answer that comes after AnswerLost, as long as the session lasts, is handed to `late`.
        """
        if self.reason:
            raise NotSent(f"submit_sm was not sent: {self.reason}")
        self._ask("submit_sm", fields, told, self._timers.response_s, late)

    def retire(self, reason: str) -> None:
        """Submits nothing any more; answers are still waited for, until somebody calls `unbind` or `close`."""
        self.reason = self.reason or reason

    async def unbind(self) -> None:
        """Says goodbye and closes, once what came in is answered."""
        if self._parting:
            await asyncio.wait([self._parting])
        elif not self.closed.is_set():
            self.retire("unbound")
            await self._settle_deliveries()
            with suppress(SessionError):
                await self._request("unbind", {}, self._timers.connect_s)
        await self.close()

    async def close(self) -> None:
        """Ends the session and its tasks; inbound messages being stored are waited for, their answers are not sent."""
        self._end("closed")
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        if self._parting:
            self._parting.cancel()
            tasks.append(self._parting)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._wait_for_replies(1)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    async def _request(self, command: str, fields: Fields, within_s: float) -> Pdu:
        """Waits for the answer. Raises as `submit`, and AnswerLost."""
        answered: asyncio.Future[Pdu | SessionError] = asyncio.get_running_loop().create_future()
        self._ask(command, fields, partial(_fulfil, answered), within_s)
        answer = await answered
        if isinstance(answer, SessionError):
            raise answer
        return answer

    def _ask(self, command: str, fields: Fields, told: Told, within_s: float, late: Late | None = None) -> None:
        sequence = self._sequence = self._sequence % MOST_SEQUENCE + 1
        data = encode(command, sequence, 0, **fields)
        if self.closed.is_set() or self._writer.is_closing():
            raise NotSent(f"{command} was not sent: {self.reason or 'the session has ended'}")
        self._pending[sequence] = _Waiting(command, told, asyncio.get_running_loop().time() + within_s, late)
        self._send(data)

    async def _read(self) -> None:
        reason = "the SMSC closed the connection"
        try:
            while not self.closed.is_set() and (data := await self._reader.read(READ_BYTES)):
                for frame in self._frames.feed(data):
                    self._take_frame(frame)
                    if self._deliveries >= MOST_DELIVERIES:
                        await self._wait_for_replies(MOST_DELIVERIES)
                self._partial_since = asyncio.get_running_loop().time() if self._frames.partial else None
                # A peer that does not read what it is answered is not read from either.
                self._flush()
                await self._writer.drain()
        except FramingError as error:
            self._write("generic_nack", 0, Status.INVALID_COMMAND_LENGTH)
            reason = f"the stream is no SMPP: {error}"
        except OSError as error:
            reason = f"the connection broke: {error}"
        except Exception as error:
            _tell_failure("What came in could not be handled", error)
            reason = "it could not be gone on with"
        finally:
            self._end(reason)

    def _take_frame(self, frame: bytes) -> None:
        try:
            pdu = decode(frame)
        except UnreadablePdu as error:
            _unreadable.note(error)
            if not error.is_response:
                self._write("generic_nack", error.sequence, error.status)
            return
        if pdu.is_response:
            self._take_answer(pdu)
        else:
            self._take_request(pdu)

    def _take_answer(self, pdu: Pdu) -> None:
        if pdu.command == "generic_nack" and pdu.status == Status.OK:
            pdu = Pdu(pdu.command, pdu.sequence, Status.UNKNOWN_ERROR)  # A refusal that forgot to say so.
        waiting = self._pending.get(pdu.sequence)
        if waiting is not None and pdu.command in (f"{waiting.command}_resp", "generic_nack"):
            del self._pending[pdu.sequence]
            waiting.told(pdu)
        elif pdu.command in ("submit_sm_resp", "generic_nack") and (late := self._late.pop(pdu.sequence, None)):
            late(pdu)

    def _take_request(self, pdu: Pdu) -> None:
        if pdu.command in _INBOUND:
            self._receive(pdu)
        elif pdu.command == "enquire_link":
            self._write("enquire_link_resp", pdu.sequence)
        elif pdu.command == "unbind":
            self.retire("the SMSC unbound the session")
            self._parting = self._parting or asyncio.create_task(self._part(pdu.sequence))
        elif pdu.command != "alert_notification":
            self._write("generic_nack", pdu.sequence, Status.INVALID_COMMAND_ID)

    def _receive(self, pdu: Pdu) -> None:
        self._deliveries += 1
        try:
            self._deliver(pdu, partial(self._reply, pdu))
        except Exception as error:
            _tell_failure("An inbound PDU could not be handled", error)
            self._reply(pdu, Status.TEMPORARY_APPLICATION_ERROR)

    def _reply(self, pdu: Pdu, status: Status) -> None:
        self._deliveries -= 1
        self._replied.set()
        self._write(f"{pdu.command}_resp", pdu.sequence, status)

    async def _wait_for_replies(self, fewer_than: int) -> None:
        while self._deliveries >= fewer_than:
            self._replied.clear()
            await self._replied.wait()

    async def _part(self, sequence: int) -> None:
        """The SMSC takes its leave. What is under way is finished first: if cut off, its outcome would not be known."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timers.connect_s
        while self._is_waiting_for_answers() and not self.closed.is_set() and loop.time() < deadline:
            await asyncio.sleep(self._timers.tick_s)
        await self._settle_deliveries()
        self._write("unbind_resp", sequence)
        self._end(self.reason)

    def _is_waiting_for_answers(self) -> bool:
        return any(waiting.command == "submit_sm" for waiting in self._pending.values())

    async def _settle_deliveries(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timers.connect_s):
                await self._wait_for_replies(1)

    async def _watch(self) -> None:
        """Gives up on answers and half PDUs that are overdue. An SMSC that does not answer an enquire_link is not there any
        more, whatever TCP says."""
        loop = asyncio.get_running_loop()
        enquire_at = loop.time() + self._timers.enquire_s
        while not self.closed.is_set():
            await asyncio.sleep(self._timers.tick_s)
            self._give_up(loop.time())
            _unreadable.tell_rest()
            if self._bound and loop.time() >= enquire_at and not self.closed.is_set():
                enquire_at = loop.time() + self._timers.enquire_s
                self._enquire(loop.time() + self._timers.response_s)

    def _enquire(self, deadline: float) -> None:
        if any(waiting.command == "enquire_link" for waiting in self._pending.values()):
            return
        sequence = self._sequence = self._sequence % MOST_SEQUENCE + 1
        self._pending[sequence] = _Waiting("enquire_link", lambda _: None, deadline)
        self._write("enquire_link", sequence)

    def _give_up(self, now: float) -> None:
        if self._partial_since is not None and now >= self._partial_since + self._timers.read_s:
            self._end("a PDU was begun and not ended")
        for sequence, waiting in [one for one in self._pending.items() if now >= one[1].deadline]:
            if waiting.command == "enquire_link":
                self._end("enquire_link was not answered")
                return
            del self._pending[sequence]
            if waiting.late:
                self._late[sequence] = waiting.late
                if len(self._late) > MOST_LATE:
                    del self._late[next(iter(self._late))]
            waiting.told(AnswerLost(f"{waiting.command} was not answered"))

    def _write(self, command: str, sequence: int, status: int = 0) -> None:
        if not self._writer.is_closing():
            self._send(encode(command, sequence, status))

    def _send(self, data: bytes) -> None:
        """What is sent in one turn of the event loop goes out in one write: the system's call costs more than the PDU."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(data)

    def _flush(self) -> None:
        if self._outgoing and not self._writer.is_closing():
            self._writer.write(b"".join(self._outgoing))
        self._outgoing.clear()

    def _end(self, reason: str) -> None:
        if self.closed.is_set():
            return
        self.retire(reason)
        log.info("An SMPP session ended", action="session_ended", reason=self.reason)
        self.closed.set()
        lost, self._pending = self._pending, {}
        for waiting in lost.values():
            waiting.told(AnswerLost(f"the session ended: {reason}"))
        self._flush()
        self._writer.close()
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()


def _fulfil(answered: asyncio.Future[Pdu | SessionError], answer: Pdu | SessionError) -> None:
    if not answered.done():
        answered.set_result(answer)


def _tell_failure(what: str, error: Exception) -> None:
    # Not the error's words: they may hold what somebody wrote.
    where = traceback.extract_tb(error.__traceback__)[-1]
    log.error(what, action="deliver_failed", error=type(error).__name__, place=f"{where.filename}:{where.lineno}")
