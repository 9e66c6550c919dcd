"""An SMPP 3.4 session with an SMSC, on asyncio. `sender.route_sender` opens one; `sender.exchange` works through it.

It holds the connection, the sequence numbers, the timers and the liveness checks. It knows nothing of messages or databases.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from sender.pdus import FramingError, Pdu, Status, UnreadablePdu, describe, encode, read_pdu

log = structlog.get_logger()

Deliver = Callable[[Pdu], Awaitable[Status]]
"""Called for each deliver_sm; what it returns is the answer's status, sent once it has returned."""

SMPP_34 = 0x34
MOST_SEQUENCE = 0x7FFF_FFFF
MOST_DELIVERIES = 1_000
"""How many inbound PDUs may wait for their commit before reading pauses and TCP holds the SMSC back."""

_BIND_ERRORS = {
    Status.INVALID_SYSTEM_ID: "the SMSC does not know this system id",
    Status.INVALID_PASSWORD: "the SMSC does not accept the password",
    Status.INVALID_SYSTEM_TYPE: "the SMSC does not accept the system type",
    Status.BIND_FAILED: "the SMSC refuses the bind",
}


class SessionError(Exception):
    """
    SessionError
    ├── Unreachable   no connection, or no SMSC at its end; trying again may help
    ├── BindRefused   the SMSC said no; `permanent` when only a person can change that
    ├── NotSent       the session ended before the PDU was written: it may be sent on another
    └── AnswerLost    the PDU was written and its answer never came: what became of it is not known
    """


class Unreachable(SessionError):
    pass


class BindRefused(SessionError):
    def __init__(self, status: int) -> None:
        reason = _BIND_ERRORS[Status(status)] if status in _BIND_ERRORS else describe(status)
        super().__init__(f"The bind was refused: {reason} (0x{status:08X}).")
        self.status = status
        self.permanent = status in _BIND_ERRORS and status != Status.BIND_FAILED


class NotSent(SessionError):
    pass


class AnswerLost(SessionError):
    pass


@dataclass(frozen=True)
class Account:
    """Where to bind, and as whom."""

    host: str
    port: int
    system_id: str
    password: str


@dataclass(frozen=True)
class Timers:
    """In seconds: for the connection and the bind, for an answer, between two checks of an open session."""

    connect_s: float = 10.0
    response_s: float = 60.0
    enquire_s: float = 30.0


class Session:
    """A bound transceiver. `open` makes one; `closed` is set when it has ended, for whatever reason."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deliver: Deliver, timers: Timers) -> None:
        self.closed = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._deliver = deliver
        self._timers = timers
        self._sequence = 0
        self._pending: dict[int, asyncio.Future[Pdu]] = {}
        self._deliveries: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(MOST_DELIVERIES)
        self._tasks = [asyncio.create_task(self._read())]

    @classmethod
    async def open(cls, account: Account, deliver: Deliver, timers: Timers) -> "Session":
        """Connects and binds as a transceiver. Raises Unreachable, BindRefused, or PduError for a field too long."""
        fields: dict[str, str | int | bytes] = {"system_id": account.system_id, "password": account.password}
        fields["interface_version"] = SMPP_34
        encode("bind_transceiver", 1, 0, **fields)  # What does not fit is found before anything is connected.
        try:
            async with asyncio.timeout(timers.connect_s):
                reader, writer = await asyncio.open_connection(account.host, account.port)
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"No connection to {account.host}:{account.port}: {error or 'it timed out'}.") from error
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = cls(reader, writer, deliver, timers)
        try:
            answer = await session._request("bind_transceiver", timers.connect_s, **fields)
        except SessionError as error:
            await session.close()
            raise Unreachable(f"{account.host}:{account.port} did not answer the bind.") from error
        except BaseException:
            session._end("cancelled")
            raise
        if answer.status not in (Status.OK, Status.ALREADY_BOUND):
            await session.close()
            raise BindRefused(answer.status)
        session._tasks.append(asyncio.create_task(session._enquire()))
        return session

    async def submit(self, **fields: str | int | bytes) -> Pdu:
        """Submits one fragment and waits for its answer. Raises NotSent, AnswerLost, and PduError if it cannot be written.

        It is written before the first await, so calls leave in the order in which they are started.
        """
        return await self._request("submit_sm", self._timers.response_s, **fields)

    async def unbind(self) -> None:
        """Says goodbye and closes."""
        with suppress(SessionError):
            await self._request("unbind", self._timers.connect_s)
        await self.close()

    async def close(self) -> None:
        """Ends the session and its tasks; inbound messages being stored are waited for, their answers are not sent."""
        self._end("closed")
        tasks = [task for task in (*self._tasks, *self._deliveries) if task is not asyncio.current_task()]
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    async def _request(self, command: str, timeout_s: float, **fields: str | int | bytes) -> Pdu:
        sequence = self._sequence = self._sequence % MOST_SEQUENCE + 1
        data = encode(command, sequence, 0, **fields)
        if self.closed.is_set() or self._writer.is_closing():
            raise NotSent(f"{command} was not sent: the session has ended")
        future: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._pending[sequence] = future
        self._writer.write(data)
        try:
            async with asyncio.timeout(timeout_s):
                await self._writer.drain()
                return await future
        except (TimeoutError, OSError) as error:
            raise AnswerLost(f"{command} was not answered") from error
        finally:
            self._pending.pop(sequence, None)
            if not future.cancel() and not future.cancelled():
                future.exception()  # Looked at, so that asyncio does not report it as forgotten.

    async def _read(self) -> None:
        reason = "closed by the SMSC"
        try:
            while not self.closed.is_set():
                try:
                    pdu = await read_pdu(self._reader)
                except UnreadablePdu as error:
                    log.warning("A PDU could not be read", action="unreadable", status=int(error.status))
                    self._write("generic_nack", error.sequence, error.status)
                    continue
                if pdu is None:
                    break
                await self._take(pdu)
        except (FramingError, OSError) as error:
            reason = str(error)
        finally:
            self._end(reason)

    async def _take(self, pdu: Pdu) -> None:
        if pdu.is_response:
            waiting = self._pending.get(pdu.sequence)
            if waiting is not None and not waiting.done():
                waiting.set_result(pdu)
        elif pdu.command == "deliver_sm":
            await self._places.acquire()
            task = asyncio.create_task(self._receive(pdu))
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)
        elif pdu.command == "enquire_link":
            self._write("enquire_link_resp", pdu.sequence)
        elif pdu.command == "unbind":
            self._write("unbind_resp", pdu.sequence)
            self._end("unbound by the SMSC")
        elif pdu.command != "alert_notification":
            self._write("generic_nack", pdu.sequence, Status.INVALID_COMMAND_ID)

    async def _receive(self, pdu: Pdu) -> None:
        status = Status.TEMPORARY_APPLICATION_ERROR
        try:
            status = await self._deliver(pdu)
        except Exception:
            log.exception("An inbound PDU could not be handled", action="deliver_failed")
        finally:
            self._places.release()
            self._write("deliver_sm_resp", pdu.sequence, status)

    async def _enquire(self) -> None:
        """An SMSC that does not answer is not there any more, whatever TCP says."""
        while not self.closed.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timers.enquire_s):
                    await self.closed.wait()
                return
            try:
                await self._request("enquire_link", self._timers.response_s)
            except SessionError:
                self._end("enquire_link was not answered")

    def _write(self, command: str, sequence: int, status: int = 0) -> None:
        if not self._writer.is_closing():
            self._writer.write(encode(command, sequence, status))

    def _end(self, reason: str) -> None:
        if self.closed.is_set():
            return
        log.info("An SMPP session ended", action="session_ended", reason=reason)
        self.closed.set()
        for future in self._pending.values():
            if not future.done():
                future.set_exception(AnswerLost(f"the session ended: {reason}"))
        self._writer.close()
        if self._tasks[0] is not asyncio.current_task():
            self._tasks[0].cancel()
