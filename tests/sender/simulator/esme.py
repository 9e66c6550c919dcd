"""A scripted client of the SMSC, on a real socket and the same codec: it does what a test tells it, right or wrong."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count

from linksvc.fragments import split
from sender.concatenation import UDHI, Concatenation, add_header
from sender.pdus import Pdu, Status, UnreadablePdu, encode, read_pdu

SENDER = "36180"
PASSWORD = "secret"
DELIVERIES = ("deliver_sm", "data_sm")
_references = count(1)

Acknowledge = Callable[[Pdu], int | None]
"""The status a deliver_sm is answered with; None: it is not."""


class Esme:
    """A connection. `events` holds everything that came, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, acknowledge: Acknowledge) -> None:
        self.reader = reader
        self.writer = writer
        self.acknowledge = acknowledge
        self.is_alive = True
        """Otherwise it answers no request of the SMSC's."""
        self.events: list[Pdu] = []
        self._answers: dict[int, Pdu] = {}
        self._arrived = asyncio.Condition()
        self._sequence = 0
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while pdu := await self._next():
            if pdu.is_response:
                self._answers[pdu.sequence] = pdu
            elif not self.is_alive:
                pass
            elif pdu.command in DELIVERIES and (status := self.acknowledge(pdu)) is not None:
                self.writer.write(encode(f"{pdu.command}_resp", pdu.sequence, status, message_id=""))
            elif pdu.command == "unbind":
                self.writer.write(encode("unbind_resp", pdu.sequence))
                self.writer.close()
            elif pdu.command == "enquire_link":
                self.writer.write(encode("enquire_link_resp", pdu.sequence))
            async with self._arrived:
                self.events.append(pdu)
                self._arrived.notify_all()

    async def _next(self) -> Pdu | None:
        while True:
            try:
                return await read_pdu(self.reader)
            except UnreadablePdu as error:
                self.writer.write(encode("generic_nack", error.sequence, error.status))

    async def until(self, ready: Callable[[list[Pdu]], bool]) -> None:
        async with self._arrived:
            await asyncio.wait_for(self._arrived.wait_for(lambda: ready(self.events)), 20)

    def send(self, command: str, **fields: str | int | bytes) -> int:
        self._sequence += 1
        self.writer.write(encode(command, self._sequence, 0, **fields))
        return self._sequence

    async def call(self, command: str, **fields: str | int | bytes) -> Pdu:
        return await self.answer_to(self.send(command, **fields))

    async def answer_to(self, sequence: int) -> Pdu:
        await self.until(lambda _: sequence in self._answers)
        return self._answers[sequence]

    async def bind(self, kind: str = "transceiver", system_id: str = "ricochet", password: str = PASSWORD) -> int:
        return (await self.call(f"bind_{kind}", system_id=system_id, password=password)).status

    def send_part(self, number: str, payload: bytes, **fields: str | int | bytes) -> int:
        values: dict[str, str | int | bytes] = {
            "source_addr": SENDER,
            "dest_addr_ton": 1,
            "dest_addr_npi": 1,
            "destination_addr": number.removeprefix("+"),
            "registered_delivery": 1,
            "short_message": payload,
        }
        return self.send("submit_sm", **(values | fields))

    async def submit(self, number: str, text: str) -> list[Pdu]:
        """Submits all parts of a text, each again while it is throttled; returns their answers."""
        parts = _parts(text)
        sequences = [self.send_part(number, payload, **fields) for payload, fields in parts]
        answers = [await self.answer_to(sequence) for sequence in sequences]
        for index, (payload, fields) in enumerate(parts):
            while answers[index].status == Status.THROTTLED:
                answers[index] = await self.answer_to(self.send_part(number, payload, **fields))
        return answers

    @property
    def deliveries(self) -> list[Pdu]:
        return [pdu for pdu in self.events if pdu.command in DELIVERIES]

    def count(self, command: str) -> int:
        return sum(pdu.command == command for pdu in self.events)

    async def cut_off(self) -> None:
        """Waits until the SMSC closes."""
        await asyncio.wait_for(asyncio.shield(self._task), 20)

    async def close(self) -> None:
        self.writer.close()
        self._task.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await self._task
        with suppress(OSError):
            await self.writer.wait_closed()


def _parts(text: str) -> list[tuple[bytes, dict[str, int]]]:
    """The payload of each part and what else its submit_sm must say."""
    pieces = split(text)
    coding = {"data_coding": pieces.data_coding}
    if len(pieces.parts) == 1:
        return [(pieces.parts[0], coding)]
    reference, total = next(_references) % 256, len(pieces.parts)
    return [
        (add_header(payload, Concatenation(reference, total, part)), coding | {"esm_class": UDHI})
        for part, payload in enumerate(pieces.parts, 1)
    ]


@asynccontextmanager
async def esme(
    port: int, acknowledge: Acknowledge = lambda _: 0, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Esme]:
    """A connection, not bound yet, that acknowledges whatever it is delivered."""
    client = Esme(*await asyncio.open_connection(host, port, ssl=tls), acknowledge)
    try:
        yield client
    finally:
        await client.close()
