"""The ceiling of `redirect.py`: the least that answers 302 on the uvicorn that serves trackers. Prints where it listens."""

import socket
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


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"Listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        bare, lifespan="off", access_log=False, proxy_headers=False, server_header=False, ws="none", log_config=None
    )
    uvicorn.Server(config).run(sockets=[listener])
