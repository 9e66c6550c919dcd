"""One connection to the SMSC: binding, keeping alive, taking leave, refusing what makes no sense (SMPP v3.4, 2 and 4).

What a submission means is none of its business: it asks its switch, and answers what it is told.
"""

import asyncio
import struct
from contextlib import suppress
from typing import Protocol

import structlog

from sender.pdus import FramingError, Pdu, Status, UnreadablePdu, describe, encode, read_pdu
from sender.simulator.knobs import Knobs

log = structlog.get_logger()

NAME = "SIMULATOR"
"""The system_id of the SMSC, in its answers to binds."""

_BINDS = {"bind_transmitter", "bind_receiver", "bind_transceiver"}
_LAST_SEQUENCE = 0x7FFFFFFF
_GARBAGE = ((0x00000777, b"what?"), (0x00000005, b"\0\1\1336"))
"""Codes and bodies: of no command, and of a deliver_sm that breaks off."""


class Switch(Protocol):
    """What a session needs of the SMSC behind it."""

    def admit(self, pdu: Pdu) -> int: ...

    def join(self, session: "Session") -> None: ...

    def submit(self, session: "Session", pdu: Pdu) -> None: ...

    def delivered(self, session: "Session", sequence: int, status: int) -> None: ...

    def leave(self, session: "Session") -> None: ...


class Session:
    """Reads one connection until it ends."""

    def __init__(self, switch: Switch, knobs: Knobs, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._switch = switch
        self._knobs = knobs
        self._reader = reader
        self._writer = writer
        self._sequence = 0
        self._heard = True
        self._dumb = False
        self._garbled = 0
        self.bound_as = ""
        """The bind's command; empty before it."""
        self.unanswered = 0
        """How many submit_sm wait for their answer."""

    @property
    def may_receive(self) -> bool:
        return self.bound_as in {"bind_receiver", "bind_transceiver"}

    @property
    def may_submit(self) -> bool:
        return self.bound_as in {"bind_transmitter", "bind_transceiver"}

    def request(self, command: str, **fields: str | int | bytes) -> int:
        """Sends a request of ours; returns the sequence number that its answer will bear."""
        self._sequence = self._sequence % _LAST_SEQUENCE + 1
        self._write(encode(command, self._sequence, 0, **fields))
        return self._sequence

    def answer(self, command: str, sequence: int, status: int = 0, **fields: str | int | bytes) -> bool:
        """Answers a request of the client's; False: the connection is gone, or says nothing."""
        return self._write(encode(command, sequence, status, **fields))

    def answer_half(self, command: str, sequence: int, **fields: str | int | bytes) -> None:
        """Sends the first half of an answer, and never anything again."""
        data = encode(command, sequence, 0, **fields)
        self._write(data[: len(data) // 2])
        self._dumb = True

    def garble(self) -> None:
        """Sends a PDU that nobody can read: of an unknown command, or with a body that breaks off."""
        self._sequence = self._sequence % _LAST_SEQUENCE + 1
        self._garbled += 1
        code, body = _GARBAGE[self._garbled % len(_GARBAGE)]
        self._write(struct.pack(">LLLL", 16 + len(body), code, 0, self._sequence) + body)

    def close(self) -> None:
        """Ends the connection once what was written is sent; `run` returns soon after."""
        # Once: asyncio of Python 3.11.2 cannot cut a connection within TLS that was closed twice.
        if not self._writer.is_closing():
            self._writer.close()

    def abort(self) -> None:
        """Cuts the connection: for a client that neither reads nor leaves."""
        self._writer.transport.abort()

    async def run(self) -> None:
        """Serves the connection until either side closes it."""
        keeper = asyncio.create_task(self._keep_alive())
        try:
            while not self._writer.is_closing() and (pdu := await self._read()):
                if self._writer.is_closing():
                    # Cut while it was read: it comes too late, and the switch knows the session no more.
                    break
                self._heard = True
                self._handle(pdu)
                await self._writer.drain()
                if pause_s := self._knobs.now.read_pause_s:
                    await asyncio.sleep(pause_s)
        except FramingError as error:
            log.info("an SMPP stream broke", action="smsc.framing", error=str(error))
            self.answer("generic_nack", 0, Status.INVALID_COMMAND_LENGTH)
        except OSError as error:
            log.info("an SMPP connection was lost", action="smsc.lost", error=str(error))
        finally:
            keeper.cancel()
            self._switch.leave(self)
            self.close()
            with suppress(OSError):
                await self._writer.wait_closed()

    async def _read(self) -> Pdu | None:
        while True:
            try:
                return await read_pdu(self._reader)
            except UnreadablePdu as error:
                self.answer("generic_nack", error.sequence, error.status)

    async def _keep_alive(self) -> None:
        await asyncio.sleep(self._knobs.now.bind_within_s)
        while self.bound_as and self._heard:
            self._heard = False
            self.request("enquire_link")
            await asyncio.sleep(self._knobs.now.enquire_every_s)
        self.close()

    def _handle(self, pdu: Pdu) -> None:
        match pdu.command:
            case command if command in _BINDS:
                self._bind(pdu)
            case "submit_sm" if self.may_submit:
                self._switch.submit(self, pdu)
            case "submit_sm":
                self.answer("submit_sm_resp", pdu.sequence, Status.INVALID_BIND_STATUS)
            case "deliver_sm_resp" | "data_sm_resp" | "generic_nack":
                self._switch.delivered(self, pdu.sequence, pdu.status)
            case "enquire_link":
                self.answer("enquire_link_resp", pdu.sequence)
            case "unbind":
                self.answer("unbind_resp", pdu.sequence)
                self.close()
            case _ if not pdu.is_response:
                self.answer("generic_nack", pdu.sequence, Status.INVALID_COMMAND_ID)

    def _bind(self, pdu: Pdu) -> None:
        status = int(Status.ALREADY_BOUND) if self.bound_as else self._switch.admit(pdu)
        self.answer(f"{pdu.command}_resp", pdu.sequence, status, system_id=NAME)
        log.info("a bind was answered", action="smsc.bind", command=pdu.command, status=describe(status))
        if status == Status.OK:
            self.bound_as = pdu.command
            self._switch.join(self)
        elif not self.bound_as:
            self.close()

    def _write(self, data: bytes) -> bool:
        if self._writer.is_closing() or self._dumb or self._knobs.now.silent:
            return False
        self._writer.write(data)
        return True
