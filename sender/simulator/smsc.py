"""The SMSC: an SMPP 3.4 server on a real socket, for one account with several connections."""

import asyncio
import hmac
import socket
import ssl
from collections.abc import Callable
from itertools import count
from random import Random

from linksvc.clock import Clock
from sender.pdus import Pdu, Status
from sender.simulator.agenda import Agenda
from sender.simulator.delivery_receipts import address_fields
from sender.simulator.disruptions import Disruptions
from sender.simulator.entries import Anomaly
from sender.simulator.fates import Fates
from sender.simulator.inbound import inbound_parts
from sender.simulator.intake import Intake, Sms
from sender.simulator.knobs import Knobs
from sender.simulator.ledger import Ledger
from sender.simulator.outbox import Delivery, Outbox
from sender.simulator.reassembly import Submission
from sender.simulator.session import Session

PARTING_S = 1.0
"""How long clients have to answer the unbind at the end."""

READ_AHEAD_BYTES = 4_096
"""What is read before it is asked for: little, so that a slow reader is felt at the other end."""


class Smsc:
    """Serves binds; `arrive` is called with each message that a phone gets, `heard` with how many submit_sm came."""

    def __init__(
        self,
        knobs: Knobs,
        fates: Fates,
        agenda: Agenda,
        ledger: Ledger,
        clock: Clock,
        arrive: Callable[[Sms], None],
        heard: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._knobs = knobs
        self._fates = fates
        self._ledger = ledger
        self._clock = clock
        self._heard = heard
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._outbox = Outbox(knobs)
        self._intake = Intake(knobs, fates, self._outbox, agenda, ledger, clock, arrive)
        self._disruptions = Disruptions(knobs, fates, ledger, clock, self._outbox.undelivered)
        self._server: asyncio.Server | None = None
        self._tls: ssl.SSLContext | None = None
        self._references = count(1)
        self.submitted = 0
        """How many submit_sm came."""

    @property
    def pending(self) -> int:
        """How many receipts and inbound messages no client has taken yet."""
        return self._outbox.pending

    @property
    def bound(self) -> int:
        return sum(bool(session.bound_as) for session in self._sessions)

    @property
    def is_listening(self) -> bool:
        return self._server is not None and self._server.is_serving()

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listens; port 0 takes a free one. Returns the port. Raises OSError where it cannot."""
        self._tls = tls
        self._server = await asyncio.start_server(self._serve, host, port, limit=READ_AHEAD_BYTES, ssl=tls)
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

    def disconnect(self, why: str) -> None:
        """Cuts every connection that is bound, without a word."""
        for session in [session for session in self._sessions if session.bound_as]:
            self._disruptions.cut(session, why)

    def unbind(self) -> None:
        """Takes leave of every client politely; they may come back."""
        for session in [session for session in self._sessions if session.bound_as]:
            session.request("unbind")

    async def restart(self, down_s: float) -> None:
        """Cuts every connection and cannot be reached for a while; what it took it keeps."""
        if self._server is None:
            return
        host, port = self._server.sockets[0].getsockname()[:2]
        self._server.close()
        self.disconnect("restart")
        await asyncio.sleep(down_s)
        await self.start(host, port, self._tls)

    def send_inbound(
        self, number: str, address: str, text: str, taken: Callable[[], None], shuffled: Random | None = None
    ) -> None:
        """What a phone writes to an address of the client's, in as many parts as it needs; `taken` is called when the client
        has them all. `shuffled` puts the parts in any order."""
        reference, share = next(self._references) & 0xFF, self._knobs.now.latin1_inbound
        latin1 = share > 0 and self._fates.random(number, f"latin1 {text}").random() < share
        parts = inbound_parts(text, reference, latin1=latin1)
        if shuffled:
            shuffled.shuffle(parts)
        missing = len(parts)

        def refused(status: int) -> None:
            self._ledger.append(Anomaly(number, "inbound message refused", f"status 0x{status:08X}", self._clock()))

        def part_taken() -> None:
            nonlocal missing
            missing -= 1
            if not missing:
                taken()

        for part in parts:
            self._outbox.put(Delivery(address_fields(number, address) | part, part_taken, refused))

    def admit(self, pdu: Pdu) -> int:
        """Whether a bind may be (SMPP v3.4, 4.1 and 5.1.3)."""
        settings = self._knobs.now
        if settings.bind_status:
            return settings.bind_status
        if pdu.text("system_id") != settings.system_id:
            return Status.INVALID_SYSTEM_ID
        if not hmac.compare_digest(pdu.text("password").encode(), settings.password.encode()):
            return Status.INVALID_PASSWORD
        return Status.ALREADY_BOUND if self.bound >= settings.max_binds else Status.OK

    def join(self, session: Session) -> None:
        self._disruptions.bound(session)
        if session.may_receive:
            self._outbox.attach(session)

    def submit(self, session: Session, pdu: Pdu) -> None:
        self._intake.submit(session, pdu.sequence, Submission.of(pdu, self._knobs.now.alphabet))
        self._disruptions.submitted(session)
        self.submitted += 1
        self._heard(self.submitted)

    def delivered(self, session: Session, sequence: int, status: int) -> None:
        self._outbox.answer(session, sequence, status)

    def leave(self, session: Session) -> None:
        self._sessions.pop(session, None)
        self._disruptions.left(session)
        self._outbox.detach(session)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._knobs.now.read_pause_s:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_AHEAD_BYTES)
        session = Session(self, self._knobs, reader, writer)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - start_server runs this in one.
        self._sessions[session] = task
        await session.run()
