"""An SMSC that answers and reports as fast as one core can, and remembers nothing: no people, no ledger, no knobs. It is
there to be faster than what is measured against it: for `ricochet smsc --quick` and the benchmarks.

It reads what a submit_sm must have and writes its PDUs from bytes; the codec of everybody else (`sender.pdus`) is what the
tests hold it to.
"""

import asyncio
import signal
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import structlog
import uvloop

from sender.pdus import MAX_PDU_BYTES

log = structlog.get_logger()

DELIVERY_WINDOW = 500
"""Unanswered deliver_sm a connection gets."""

RECEIPT_AFTER_S = 0.02
"""From a submit_sm to its receipt."""

_HEADER = struct.Struct(">LLLL")
_SUBMIT, _DELIVER, _ENQUIRE, _UNBIND, _NACK = 0x04, 0x05, 0x15, 0x06, 0x80000000
_BINDS = (0x01, 0x02, 0x09)
_RESPONSE = 0x80000000
_INVALID_LENGTH, _INVALID_COMMAND = 0x02, 0x03
_TLVS = struct.Struct(">HH")
_MESSAGE_STATE_DELIVERED = b"\x04\x27\x00\x01\x02"
_RECEIPTED_MESSAGE_ID = 0x001E


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a receipt needs to know of a submit_sm."""

    source: bytes
    destination: bytes
    registered_delivery: int


def read_submission(pdu: bytes) -> Submitted:
    """A whole submit_sm (SMPP v3.4, 4.4.1). Raises ValueError or IndexError for a body that breaks off."""
    source = pdu.index(0, 16) + 3
    source_end = pdu.index(0, source)
    destination = source_end + 3
    destination_end = pdu.index(0, destination)
    # Behind it esm_class, protocol_id, priority_flag, and two dates that are mostly empty.
    validity = pdu.index(0, destination_end + 4) + 1
    registered = pdu[pdu.index(0, validity) + 1]
    return Submitted(pdu[source:source_end], pdu[destination:destination_end], registered)


def write_answer(sequence: int, id: bytes) -> bytes:
    """The submit_sm_resp that takes it."""
    return _HEADER.pack(17 + len(id), _SUBMIT | _RESPONSE, 0, sequence) + id + b"\0"


def write_receipt(sequence: int, submitted: Submitted, id: bytes, date: bytes) -> bytes:
    """The deliver_sm that says DELIVRD, in its text and in optional parameters. `date` has ten digits."""
    text = b"id:%b sub:001 dlvrd:001 submit date:%b done date:%b stat:DELIVRD err:000 text:" % (id, date, date)
    body = b"\0\1\1%b\0\0\0%b\0\4\0\0\0\0\0\0\0\0%c%b%b%b\0%b" % (
        submitted.destination,
        submitted.source,
        len(text),
        text,
        _TLVS.pack(_RECEIPTED_MESSAGE_ID, len(id) + 1),
        id,
        _MESSAGE_STATE_DELIVERED,
    )
    return _HEADER.pack(16 + len(body), _DELIVER, 0, sequence) + body


class QuickSmsc:
    """Takes any bind and any submit_sm; `with_receipts` reports those that ask for it."""

    def __init__(
        self, *, with_receipts: bool = True, receipt_after_s: float = RECEIPT_AFTER_S, window: int = DELIVERY_WINDOW
    ) -> None:
        self.with_receipts = with_receipts
        self.receipt_after_s = receipt_after_s
        self.window = window
        self.submitted = 0
        """submit_sm that were taken."""
        self.reported = 0
        """Receipts that were answered."""
        self._server: asyncio.Server | None = None
        self._next_id = int(time.time() * 1_000)
        self.lines: set[_Line] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens; port 0 takes a free one. Returns the port. Raises OSError where it cannot."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Line(self), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for line in tuple(self.lines):
            line.cut()
        await self._server.wait_closed()

    def next_id(self) -> bytes:
        self._next_id += 1
        return b"%x" % self._next_id


class _Line(asyncio.Protocol):
    """One connection. Everything that is answered to one read is written at once."""

    def __init__(self, smsc: QuickSmsc) -> None:
        self._smsc = smsc
        self._rest = b""
        self._due: deque[tuple[float, list[tuple[Submitted, bytes]]]] = deque()
        self._ready: deque[tuple[Submitted, bytes]] = deque()
        self._sequence = 0
        self._outstanding = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport behaves as one of asyncio's without being one.
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._smsc.lines.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._smsc.lines.discard(self)
        if self._timer:
            self._timer.cancel()

    def cut(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        data, position = self._rest + data, 0
        answers: list[bytes] = []
        taken: list[tuple[Submitted, bytes]] = []
        while len(data) - position >= _HEADER.size:
            length, command, _, sequence = _HEADER.unpack_from(data, position)
            if not _HEADER.size <= length <= MAX_PDU_BYTES:
                log.info("an SMPP stream broke", action="smsc.framing", length=length)
                self._transport.abort()
                return
            if len(data) - position < length:
                break
            if command == _SUBMIT:
                answers.append(self._submit(data[position : position + length], sequence, taken))
            elif answer := self._other(command, sequence):
                answers.append(answer)
            position += length
        self._rest = data[position:]
        if answers:
            self._transport.write(b"".join(answers))
        if taken:
            self._later(taken)
        self._pump()

    def _submit(self, pdu: bytes, sequence: int, taken: list[tuple[Submitted, bytes]]) -> bytes:
        try:
            submitted = read_submission(pdu)
        except (ValueError, IndexError):
            return _HEADER.pack(16, _NACK, _INVALID_LENGTH, sequence)
        id = self._smsc.next_id()
        self._smsc.submitted += 1
        if self._smsc.with_receipts and submitted.registered_delivery & 1:
            taken.append((submitted, id))
        return write_answer(sequence, id)

    def _other(self, command: int, sequence: int) -> bytes:
        """The answer to what is no submit_sm; empty for answers to ours."""
        if command == _DELIVER | _RESPONSE:
            self._outstanding -= 1
            self._smsc.reported += 1
            return b""
        if command in _BINDS:
            return _HEADER.pack(22, command | _RESPONSE, 0, sequence) + b"QUICK\0"
        if command in (_ENQUIRE, _UNBIND):
            return _HEADER.pack(16, command | _RESPONSE, 0, sequence)
        return b"" if command & _RESPONSE else _HEADER.pack(16, _NACK, _INVALID_COMMAND, sequence)

    def _later(self, taken: list[tuple[Submitted, bytes]]) -> None:
        loop = asyncio.get_running_loop()
        self._due.append((loop.time() + self._smsc.receipt_after_s, taken))
        if self._timer is None:
            self._timer = loop.call_at(self._due[0][0], self._ripen)

    def _ripen(self) -> None:
        loop = asyncio.get_running_loop()
        while self._due and self._due[0][0] <= loop.time():
            self._ready.extend(self._due.popleft()[1])
        self._timer = loop.call_at(self._due[0][0], self._ripen) if self._due else None
        self._pump()

    def _pump(self) -> None:
        """Hands over what is ready, as far as the window goes."""
        count = min(len(self._ready), self._smsc.window - self._outstanding)
        if count <= 0:
            return
        date = datetime.now(UTC).strftime("%y%m%d%H%M").encode()
        pdus = []
        for _ in range(count):
            self._sequence = self._sequence % 0x7FFFFFFF + 1
            pdus.append(write_receipt(self._sequence, *self._ready.popleft(), date))
        self._outstanding += count
        self._transport.write(b"".join(pdus))


def run_quick(host: str, port: int, *, with_receipts: bool = True, on_ready: Callable[[int], None] = lambda _: None) -> None:
    """Runs one until SIGINT or SIGTERM; blocks. `on_ready` is told the port. Raises OSError where it cannot listen."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(QuickSmsc(with_receipts=with_receipts), host, port, on_ready))


async def _run(smsc: QuickSmsc, host: str, port: int, on_ready: Callable[[int], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    on_ready(await smsc.start(host, port))
    try:
        await stop.wait()
    finally:
        await smsc.stop()
