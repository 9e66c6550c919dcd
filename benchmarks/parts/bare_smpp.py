"""The ceiling of `sender.py`: submits by smpplib's PDU layer on a bare asyncio loop, and stores nothing.

    bare_smpp.py PORT MESSAGES WINDOW

Prints messages a second from the first submit_sm until the last receipt was acknowledged, and the processor time a message.
"""

import asyncio
import json
import socket
import sys
import time
from asyncio import IncompleteReadError
from struct import unpack

import uvloop

from sender import pdus

TEXT = b"Bonjour Camille : http://127.0.0.1:8001/k3jQ7vXa2Lm STOP au 36180"


async def main(port: int, messages: int, window: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    writer.write(pdus.encode("bind_transceiver", 1, system_id="ricochet", password="secret", interface_version=0x34))  # noqa: S106
    await read(reader)
    sent = answered = reported = 0
    began, used = time.perf_counter(), time.process_time()
    while reported < messages:
        while sent < messages and sent - answered < window:
            sent += 1
            writer.write(submission(sent + 1, f"336{sent:08d}"))
        pdu = await read(reader)
        if pdu.command == "submit_sm_resp":
            answered += 1
        elif pdu.command == "deliver_sm":
            reported += 1
            writer.write(pdus.encode("deliver_sm_resp", pdu.sequence))
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    writer.close()
    print(json.dumps({"per_s": messages / seconds, "cpu_us": processor / messages * 1e6}))


def submission(sequence: int, number: str) -> bytes:
    return pdus.encode(
        "submit_sm",
        sequence,
        source_addr_ton=3,
        source_addr_npi=0,
        source_addr="36180",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=number,
        registered_delivery=1,
        data_coding=0,
        short_message=TEXT,
    )


async def read(reader: asyncio.StreamReader) -> pdus.Pdu:
    head = await reader.readexactly(4)
    return pdus.decode(head + await reader.readexactly(unpack(">L", head)[0] - 4))


if __name__ == "__main__":
    try:
        uvloop.run(main(*map(int, sys.argv[1:])))
    except IncompleteReadError:
        sys.exit("The SMSC hung up.")
