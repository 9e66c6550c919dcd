"""An SMSC that does exactly what a test tells it, on a real socket: for exact orders of answers and receipts."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

from linksvc.fragments import decode_gsm
from sender.concatenation import read_header
from sender.pdus import FramingError, Pdu, Status, encode, read_pdu

Submitted = Callable[["Line", Pdu], Awaitable[None]]


@dataclass(eq=False)
class Line:
    """One bound connection."""

    writer: asyncio.StreamWriter
    role: str = ""
    """As what it is bound: transceiver, transmitter or receiver."""
    sequence: int = 0
    waiting: dict[int, asyncio.Future[Pdu]] = field(default_factory=dict)

    def answer(self, pdu: Pdu, status: int = 0, **fields: str | int | bytes) -> None:
        self.writer.write(encode(f"{pdu.command}_resp", pdu.sequence, status, **fields))

    async def deliver(self, **fields: str | int | bytes) -> Pdu:
        """Sends a deliver_sm and returns its answer."""
        return await self.request("deliver_sm", **fields)

    async def request(self, command: str, **fields: str | int | bytes) -> Pdu:
        self.sequence += 1
        future = self.waiting[self.sequence] = asyncio.get_running_loop().create_future()
        self.writer.write(encode(command, self.sequence, 0, **fields))
        return await asyncio.wait_for(future, 30)

    async def receipt(self, id: str, state: str = "DELIVRD", **fields: str | int | bytes) -> Pdu:
        text = f"id:{id} sub:001 dlvrd:001 submit date:2611200900 done date:2611200901 stat:{state} err:000 text:"
        return await self.deliver(esm_class=4, short_message=text.encode(), source_addr="33639980001", **fields)

    async def reply(self, number: str, text: str, to: str = "36180", **fields: str | int | bytes) -> Pdu:
        return await self.deliver(
            source_addr=number.lstrip("+"),
            source_addr_ton=1,
            destination_addr=to,
            short_message=text.encode("latin-1"),
            data_coding=3,
            **fields,
        )

    def hang_up(self) -> None:
        self.writer.transport.abort()


@dataclass
class ScriptedSmsc:
    """`submitted` decides what becomes of a submit_sm; unless told it is accepted at once."""

    port: int = 0
    bind_status: int = 0
    submitted: Submitted | None = None
    submissions: list[Pdu] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    binds: list[Pdu] = field(default_factory=list)
    other: list[Pdu] = field(default_factory=list)
    serving: dict["asyncio.Task[None]", Line] = field(default_factory=dict)
    bound: asyncio.Event = field(default_factory=asyncio.Event)
    ids: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def line(self) -> Line:
        return self.lines[-1]

    def bound_as(self, role: str) -> Line:
        """The last one bound so."""
        return next(line for line in reversed(self.lines) if line.role == role)

    def texts(self) -> list[str]:
        return [decode_text(pdu) for pdu in self.submissions]

    def accept(self, line: Line, pdu: Pdu) -> str:
        """Answers a submission with a new id."""
        id = f"{next(self.ids):08x}"
        line.answer(pdu, message_id=id)
        return id

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(writer)
        task = asyncio.current_task()
        assert task is not None
        self.serving[task] = line
        try:
            while (pdu := await read_pdu(reader)) is not None:
                await self.take(line, pdu)
        except (FramingError, OSError):
            pass
        finally:
            # As `sender.simulator.session` closes.
            if not writer.is_closing():
                writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def take(self, line: Line, pdu: Pdu) -> None:
        if pdu.is_response:
            if future := line.waiting.pop(pdu.sequence, None):
                future.set_result(pdu)
            else:
                self.other.append(pdu)
        elif pdu.command.startswith("bind_"):
            self.binds.append(pdu)
            line.role = pdu.command.removeprefix("bind_")
            line.answer(pdu, self.bind_status, system_id="scripted")
            if self.bind_status == Status.OK:
                self.lines.append(line)
                self.bound.set()
        elif pdu.command == "submit_sm":
            self.submissions.append(pdu)
            self.times.append(time.monotonic())
            if self.submitted:
                await self.submitted(line, pdu)
            else:
                self.accept(line, pdu)
        else:
            self.other.append(pdu)
            line.answer(pdu)


def decode_text(pdu: Pdu) -> str:
    """What a handset would show of one fragment."""
    payload = pdu.payload
    if pdu.number("esm_class") & 0x40:
        _, payload = read_header(payload)
    return payload.decode("utf-16-be") if pdu.number("data_coding") == 8 else decode_gsm(payload)


@asynccontextmanager
async def scripted_smsc(
    bind_status: int = 0,
    submitted: Submitted | None = None,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[ScriptedSmsc]:
    smsc = ScriptedSmsc(bind_status=bind_status, submitted=submitted)
    server = await asyncio.start_server(smsc.serve, host, 0, ssl=tls)
    smsc.port = server.sockets[0].getsockname()[1]
    try:
        yield smsc
    finally:
        server.close()
        for line in smsc.serving.values():
            line.hang_up()
        await asyncio.gather(*smsc.serving, return_exceptions=True)
        await server.wait_closed()


async def until(condition: Callable[[], object], within_s: float = 30.0) -> None:
    """Waits until the condition holds; fails after a while."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)
