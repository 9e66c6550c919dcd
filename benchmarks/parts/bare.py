"""The ceiling of `redirect.py`: the least that answers 302 on the uvicorn that serves trackers. Prints where it listens.

bare.py [WORKERS]: so many processes on one socket.
"""

import os
import signal
import socket
import sys
from typing import Any

import uvicorn

START = {
    "type": "http.response.start",
    "status": 302,
    "headers": [(b"location", b"https://shop.example/sale"), (b"content-length", b"0")],
}
BODY = {"type": "http.response.body", "body": b""}


async def bare(_scope: Any, _receive: Any, send: Any) -> None:
    await send(START)
    await send(BODY)


def serve(listener: socket.socket) -> None:
    config = uvicorn.Config(
        bare, lifespan="off", access_log=False, proxy_headers=False, server_header=False, ws="none", log_config=None
    )
    uvicorn.Server(config).run(sockets=[listener])


def serve_with(workers: int, listener: socket.socket) -> None:
    processes = []
    for _ in range(workers):
        process = os.fork()
        if process == 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
            serve(listener)
            os._exit(0)
        processes.append(process)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    for process in processes:
        os.kill(process, signal.SIGTERM)
        os.waitpid(process, 0)


if __name__ == "__main__":
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    listener = socket.create_server(("127.0.0.1", 0))
    if workers > 1:
        # `serve_with` waits for them; its workers do not block them.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    print(f"Listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    if workers > 1:
        serve_with(workers, listener)
    else:
        serve(listener)
