"""What an SMSC still has to hand over: receipts and inbound messages, kept until the client takes them.

A delivery that is not answered in time, that is answered with a temporary error or whose connection is lost goes out
again, on any connection that may receive. Used by `smsc`; one event loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sender.pdus import Status
from sender.simulator.fates import TEMPORARY
from sender.simulator.knobs import Knobs
from sender.simulator.session import Session


@dataclass(eq=False)
class Delivery:
    """One deliver_sm or data_sm. `taken` is called once, when it is acknowledged; `refused` when it is turned down."""

    fields: Mapping[str, str | int | bytes]
    taken: Callable[[], None]
    refused: Callable[[int], None]
    written: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as it was handed to a connection for the first time."""
    garbled: bool = False
    """A PDU that nobody can read goes before it, once."""
    command: str = "deliver_sm"


class Outbox:
    """First in, first out, as far as answers allow."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._queue: deque[Delivery] = deque()
        self._receivers: list[Session] = []
        self._outstanding: dict[tuple[Session, int], tuple[Delivery, asyncio.TimerHandle]] = {}
        self._waiting = 0

    @property
    def pending(self) -> int:
        """How many deliveries nobody has taken yet."""
        return len(self._queue) + len(self._outstanding) + self._waiting

    def undelivered(self, session: Session) -> int:
        """How many deliveries a connection has not answered."""
        return sum(receiver is session for receiver, _ in self._outstanding)

    def put(self, delivery: Delivery) -> None:
        self._queue.append(delivery)
        self._pump()

    def attach(self, session: Session) -> None:
        """This connection may receive from now on."""
        self._receivers.append(session)
        self._pump()

    def detach(self, session: Session) -> None:
        """The connection is gone; what it had not answered goes out on another."""
        if session in self._receivers:
            self._receivers.remove(session)
        # Backwards, as each goes to the front of the queue.
        for key in [key for key in reversed(self._outstanding) if key[0] is session]:
            self._take_back(key)
        self._pump()

    def answer(self, session: Session, sequence: int, status: int) -> None:
        """A deliver_sm_resp, or a generic_nack in its place. An answer that comes too late finds nothing."""
        entry = self._outstanding.pop((session, sequence), None)
        if entry is None:
            return
        delivery, timer = entry
        timer.cancel()
        if status == Status.OK:
            delivery.taken()
        elif status in TEMPORARY:
            self._waiting += 1
            asyncio.get_running_loop().call_later(self._knobs.now.retry_after_s, self._retry, delivery)
        else:
            delivery.refused(status)
        self._pump()

    def _retry(self, delivery: Delivery) -> None:
        self._waiting -= 1
        self.put(delivery)

    def _again(self, key: tuple[Session, int]) -> None:
        self._take_back(key)
        self._pump()

    def _take_back(self, key: tuple[Session, int]) -> None:
        delivery, timer = self._outstanding.pop(key)
        timer.cancel()
        self._queue.appendleft(delivery)

    def _pump(self) -> None:
        while self._queue and (session := self._free_receiver()):
            self._hand_over(session, self._queue.popleft())

    def _free_receiver(self) -> Session | None:
        counts = dict.fromkeys(self._receivers, 0)
        for session, _ in self._outstanding:
            counts[session] += 1
        free = [session for session in counts if counts[session] < self._knobs.now.delivery_window]
        return min(free, key=counts.__getitem__, default=None)

    def _hand_over(self, session: Session, delivery: Delivery) -> None:
        if delivery.garbled:
            session.garble()
            delivery.garbled = False
        key = (session, session.request(delivery.command, **delivery.fields))
        timer = asyncio.get_running_loop().call_later(self._knobs.now.redeliver_after_s, self._again, key)
        self._outstanding[key] = (delivery, timer)
        delivery.written.set()
