"""What goes over a bind's session in both directions, and how each thing ends up in the database.

For `sender.route_sender`, which opens the sessions. One exchange outlives them: a fragment refused for the moment, or
not sent because the connection broke, goes out on the next.
"""

import asyncio
from contextlib import suppress
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from sender import inbound, receipts
from sender.binds import BindLost
from sender.connection import Connection
from sender.feed import Feed
from sender.handovers import DATABASE_RETRY_S, BindState, Handovers
from sender.matching import ReceivedReceipt
from sender.pdus import Pdu, Status
from sender.recorder import Recorder
from sender.session import Reply

log = structlog.get_logger()


class Exchange:
    """Works while the sender goes on, and until its bind is lost."""

    def __init__(self, recorder: Recorder, feed: Feed, bind: BindState) -> None:
        self._recorder = recorder
        self._feed = feed
        self._bind = bind
        self._reading = bind.terms.route.reading
        self._handovers = Handovers(recorder, feed, bind)

    async def send(self, connection: Connection) -> None:
        """Submits until the connection can be used no more or the sender is stopped. Raises BindLost."""
        while self._bind.goes_on() and connection.usable:
            try:
                submissions = await self._feed.next()
            except SQLAlchemyError as error:
                log.error("The database cannot be used", action="database_failed", error=type(error).__name__)
                await asyncio.sleep(DATABASE_RETRY_S)
                continue
            for submission in submissions:
                while len(self._handovers) >= self._bind.window.size:
                    await self._nap()
                has_turn = await self._feed.turn(submission)
                if self._bind.lost.is_set():
                    break
                if has_turn:
                    self._handovers.start(connection, submission)
            if not submissions:
                await self._nap()
            if self._bind.lost.is_set():
                raise BindLost("a transaction found the bind in other hands")

    async def drain(self) -> None:
        """Gives back what is claimed and not marked, which others need not wait for, and waits for the answers that are
        still to come; all that for a while. Raises BindLost."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._bind.timing.drain_s):
                if not self._bind.lost.is_set():
                    await self._feed.release_claims()
                await self._handovers.wait()

    async def finish(self) -> None:
        """Waits until every submission is settled; the session must have ended."""
        await self._handovers.wait()

    async def release(self) -> None:
        """Gives back what has not begun to leave, once every submission is settled: another bind may send it. Raises
        BindLost."""
        if not self._bind.lost.is_set():
            await self._feed.release()

    def deliver(self, pdu: Pdu, reply: Reply) -> None:
        """Stores what came in; the answer to the SMSC follows the commit. A failure makes the SMSC try again."""
        terms, now = self._bind.terms, self._bind.clock()
        event: ReceivedReceipt | inbound.Received
        if receipts.is_receipt(pdu):
            receipt = receipts.parse(pdu, now, self._reading)
            event = ReceivedReceipt(
                receipt, now, terms.judge.of_receipt(receipt.error or "", receipt.state, receipt.network_error)
            )
            if not receipt.ids:
                log.warning("A receipt names no message", action="receipt_without_id")
        else:
            event = inbound.read(pdu, now, self._reading)
        self._recorder.put(event, partial(self._acknowledge, reply))

    def _acknowledge(self, reply: Reply, error: Exception | None) -> None:
        if isinstance(error, BindLost):
            self._bind.lost.set()
        elif error is not None:
            log.error("An inbound PDU could not be stored", action="deliver_failed", error=type(error).__name__)
        reply(Status.OK if error is None else Status.TEMPORARY_APPLICATION_ERROR)

    async def _nap(self) -> None:
        """Until a place in the window is free, or a moment has passed."""
        stir = self._handovers.stir
        stir.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._bind.timing.poll_s):
                await stir.wait()
