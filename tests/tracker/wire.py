"""A client that sends bytes as they are, in the packets it is told, and reads what comes back to the last byte."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

SILENCE_S = 3.0
"""After which nothing more is expected of a connection that stays open. Long, for machines that are busy."""

BETWEEN_S = 0.0005
"""From one packet to the next, or they would be joined on their way."""


async def exchange(
    port: int, packets: Sequence[bytes], client: str = "127.0.0.1", silence_s: float = SILENCE_S, answer_s: float = 0
) -> bytes:
    """Everything that is answered until the server closes the connection, or falls silent; dates are left out. For so many
    seconds each packet waits for the answer to the last: what is sent to a connection that is being closed takes away what
    was not read of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(client, 0))
    answered = b""
    try:
        for i, packet in enumerate(packets):
            if i and answer_s:
                with suppress(TimeoutError):
                    answered += await asyncio.wait_for(reader.read(65_536), answer_s)
            elif i:
                await asyncio.sleep(BETWEEN_S)
            writer.write(packet)
            await writer.drain()
        async with asyncio.timeout(5):
            while piece := await asyncio.wait_for(reader.read(65_536), silence_s):
                answered += piece
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return without_date(answered)


def without_date(answered: bytes) -> bytes:
    return b"\r\n".join(line for line in answered.split(b"\r\n") if not line.startswith(b"date: "))
