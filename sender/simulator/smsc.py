"""The SMSC: an SMPP 3.4 server on a real socket, for one account with several connections."""

import asyncio
import hmac
import socket
from collections.abc import Callable

from linksvc.clock import Clock
from linksvc.fragments import split
from sender.pdus import Pdu, Status
from sender.simulator.agenda import Agenda
from sender.simulator.delivery_receipts import Fields, address_fields
from sender.simulator.entries import Anomaly
from sender.simulator.fates import Fates
from sender.simulator.intake import Intake, Sms
from sender.simulator.ledger import Ledger
from sender.simulator.outbox import Delivery, Outbox
from sender.simulator.reassembly import Submission
from sender.simulator.session import Session
from sender.simulator.settings import SmscSettings

PARTING_S = 1.0
"""How long clients have to answer the unbind at the end."""


class Smsc:
    """Serves binds; `arrive` is called with each message that a phone gets."""

    def __init__(
        self,
        settings: SmscSettings,
        fates: Fates,
        agenda: Agenda,
        ledger: Ledger,
        clock: Clock,
        arrive: Callable[[Sms], None],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._outbox = Outbox(settings)
        self._intake = Intake(settings, fates, self._outbox, agenda, ledger, clock, arrive)
        self._server: asyncio.Server | None = None

    @property
    def pending(self) -> int:
        """How many receipts and inbound messages no client has taken yet."""
        return self._outbox.pending

    async def start(self, host: str, port: int) -> int:
        """Listens; port 0 takes a free one. Returns the port. Raises OSError where it cannot."""
        self._server = await asyncio.start_server(self._serve, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Takes leave of every client, then closes."""
        if self._server is None:
            return
        self._server.close()
        for session in self._sessions:
            if session.bound_as:
                session.request("unbind")
            else:
                session.close()
        if tasks := tuple(self._sessions.values()):
            await asyncio.wait(tasks, timeout=PARTING_S)
        for session in tuple(self._sessions):
            session.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()

    def send_inbound(self, number: str, address: str, text: str, taken: Callable[[], None]) -> None:
        """What a phone writes to an address of the client's; `taken` is called when the client has it."""

        def refused(status: int) -> None:
            self._ledger.append(Anomaly(number, "inbound message refused", f"status 0x{status:08X}", self._clock()))

        pieces = split(text)
        if len(pieces.parts) > 1:
            raise ValueError("people answer in one part")
        content: Fields = {"data_coding": pieces.data_coding, "short_message": pieces.parts[0]}
        self._outbox.put(Delivery(address_fields(number, address) | content, taken, refused))

    def admit(self, pdu: Pdu) -> Status:
        """Whether a bind may be (SMPP v3.4, 4.1 and 5.1.3)."""
        if pdu.text("system_id") != self._settings.system_id:
            return Status.INVALID_SYSTEM_ID
        if not hmac.compare_digest(pdu.text("password").encode(), self._settings.password.encode()):
            return Status.INVALID_PASSWORD
        bound = sum(bool(session.bound_as) for session in self._sessions)
        return Status.ALREADY_BOUND if bound >= self._settings.max_binds else Status.OK

    def join(self, session: Session) -> None:
        if session.may_receive:
            self._outbox.attach(session)

    def submit(self, session: Session, pdu: Pdu) -> None:
        self._intake.submit(session, pdu.sequence, Submission.of(pdu))

    def delivered(self, session: Session, sequence: int, status: int) -> None:
        self._outbox.answer(session, sequence, status)

    def leave(self, session: Session) -> None:
        self._sessions.pop(session, None)
        self._outbox.detach(session)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(self, self._settings, reader, writer)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - start_server runs this in one.
        self._sessions[session] = task
        await session.run()
