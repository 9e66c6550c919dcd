"""A tracker in a process of its own, for tests that kill it: settings from the environment, its port on stdout."""

import asyncio
import socket

import uvicorn

from linksvc.database import open_engine
from linksvc.keys import open_keyring
from linksvc.settings import Settings
from tracker.app import create_tracker
from tracker.server import server_config


def main() -> None:
    settings = Settings()
    tracker = create_tracker(settings, open_engine(settings.database), open_keyring(settings))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # Connections wait in the backlog until the tracker accepts them, so whoever reads the port may connect.
        print(listening.getsockname()[1], flush=True)  # noqa: T201
        asyncio.run(uvicorn.Server(server_config(tracker)).serve(sockets=[listening]))


if __name__ == "__main__":
    main()
