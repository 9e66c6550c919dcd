"""What a route submits through and hears from: a transceiver, or a transmitter and a receiver that stand and fall together.

Opened by `sender.route_sender`, worked through by `sender.exchange`. A message submitted on the transmitter has its receipts
come in on the receiver: both feed the same exchange, so they share one map of ids.
"""

from sender.session import Deliver, Fields, Late, Session, Timers, Told
from sender.transport import Account

PAIR = "pair"


class Connection:
    """Bound sessions. `usable` as long as all of them are; `reason` says why they are not."""

    def __init__(self, transmitter: Session, receiver: Session | None = None) -> None:
        self._transmitter = transmitter
        self._receiver = receiver
        self._sessions = (transmitter, receiver) if receiver else (transmitter,)

    @property
    def usable(self) -> bool:
        return self._transmitter.usable and (self._receiver is None or self._receiver.usable)

    @property
    def reason(self) -> str:
        return next((session.reason for session in self._sessions if session.reason), "")

    def submit(self, fields: Fields, told: Told, late: Late | None = None) -> None:
        """As `Session.submit`; NotSent too when the receiver has gone, for receipts would have nowhere to come to."""
        if not self.usable:
            self.retire(self.reason)
        self._transmitter.submit(fields, told, late)

    def retire(self, reason: str) -> None:
        """Submits nothing any more, and waits for answers as before."""
        for session in self._sessions:
            session.retire(reason)

    async def unbind(self) -> None:
        """Says goodbye and closes; the receiver last, so that receipts come in as long as they can."""
        for session in self._sessions:
            await session.unbind()

    async def close(self) -> None:
        for session in self._sessions:
            await session.close()


async def open_connection(account: Account, deliver: Deliver, timers: Timers) -> Connection:
    """Connects and binds as the account says. A pair binds its receiver first: what the SMSC kept comes in before anything
    leaves. Raises Unreachable, BindRefused, PduError for a field too long, and ConfigurationError."""
    if account.bind_type != PAIR:
        return Connection(await Session.open(account, "transceiver", deliver, timers))
    receiver = await Session.open(account, "receiver", deliver, timers)
    try:
        transmitter = await Session.open(account, "transmitter", deliver, timers)
    except BaseException:
        await receiver.close()
        raise
    return Connection(transmitter, receiver)
