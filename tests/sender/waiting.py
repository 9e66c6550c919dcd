"""What sessions and recorders tell by a call, waited for."""

import asyncio

from sender.connection import Connection
from sender.pdus import Pdu, Status
from sender.recorder import Event, Recorder
from sender.session import Fields, Late, Reply, Session
from sender.session_errors import SessionError


def take_nothing(_: Pdu, reply: Reply) -> None:
    """Acknowledges what a session is delivered."""
    reply(Status.OK)


async def submit(through: Session | Connection, fields: Fields, late: Late | None = None) -> Pdu:
    """The answer. Raises NotSent, AnswerLost and PduError."""
    told: asyncio.Future[Pdu | SessionError] = asyncio.get_running_loop().create_future()
    through.submit(fields, told.set_result, late)
    answer = await told
    if isinstance(answer, SessionError):
        raise answer
    return answer


def put(recorder: Recorder, event: Event) -> asyncio.Future[None]:
    """Done once the event is stored, or with what was raised."""
    stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def tell(error: Exception | None) -> None:
        if error:
            stored.set_exception(error)
        else:
            stored.set_result(None)

    recorder.put(event, tell)
    return stored
