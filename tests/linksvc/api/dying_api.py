"""The API in a process that kills itself, as `kill -9` does, before it answers a redemption: the work is committed by then.

Run by tests/linksvc/api/test_killed.py with the database's address, a data directory, and "dies" or "lives".
"""

import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linksvc.api.app import create_api
from linksvc.database import open_engine
from linksvc.keys import open_keyring
from linksvc.settings import Settings


class Dying:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def die(message: Message) -> None:
            if message["type"] == "http.response.body":  # An upload's headers are sent before its work is begun.
                os.kill(os.getpid(), signal.SIGKILL)

        dies = scope["type"] == "http" and scope["path"].startswith("/v1/redemptions")
        await self._app(scope, receive, die if dies else send)


def main(url: str, data_dir: str, fate: str) -> None:
    settings = Settings(data_dir=Path(data_dir), database_url=url, secret_key="a secret key for the tests, of 42 characters")
    app = create_api(settings, open_engine(url), open_keyring(settings))
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(Dying(app) if fate == "dies" else app, log_config=None, access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
