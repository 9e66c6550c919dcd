"""`ricochet serve`, `work` and `send`: the long-running processes. `ricochet up` starts them; so may any process manager.

Each imports its own room when it is called: a process needs neither the others' memory nor their start-up time.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
import uvicorn

from linksvc.clock import now
from linksvc.keys import open_keyring
from ricochet.commands.parameters import DataDir
from ricochet.installation import Installation, opened
from ricochet.lifecycle import call_when_supervisor_ends, stop_event
from ricochet.logs import set_up_logs
from ricochet.supervisor import address_of, listen

serve = typer.Typer(help="The HTTP servers, each a process of its own.", no_args_is_help=True)

Supervised = Annotated[bool, typer.Option("--supervised", help="Stop when standard input ends.")]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen on; 0 takes a free one.")]
Descriptor = Annotated[int | None, typer.Option("--fd", help="An open listening socket to use instead.", show_default=False)]

GRACE_S = 10


def register(app: typer.Typer) -> None:
    app.add_typer(serve, name="serve")
    app.command()(work)
    app.command()(send)


@contextmanager
def _running(data_dir: DataDir, without_database: bool = False) -> Iterator[Installation]:
    with opened(data_dir, check=not without_database) as installation:
        set_up_logs(installation.settings)
        yield installation


@serve.command("web")
def serve_web(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    fd: Descriptor = None,
    data_dir: DataDir = None,
    supervised: Supervised = False,
) -> None:
    """Serves the API and the pages."""
    from ricochet.web import create_web

    with _running(data_dir) as installation:
        web = create_web(installation.settings, installation.engine, open_keyring(installation.settings))
        config = uvicorn.Config(
            web, access_log=False, log_config=None, server_header=False, timeout_graceful_shutdown=GRACE_S
        )
        _serve(config, host, port, fd, supervised)


@serve.command("tracker")
def serve_tracker(
    host: Host = "127.0.0.1",
    port: Port = 8001,
    fd: Descriptor = None,
    data_dir: DataDir = None,
    supervised: Supervised = False,
) -> None:
    """Serves the short links. Starts without a database too, from what it last knew."""
    from tracker.app import create_tracker
    from tracker.server import server_config

    with _running(data_dir, without_database=True) as installation:
        tracker = create_tracker(installation.settings, installation.engine, open_keyring(installation.settings))
        _serve(server_config(tracker), host, port, fd, supervised)


def work(data_dir: DataDir = None, supervised: Supervised = False) -> None:
    """Does the background work: makes messages, stores hits, counts."""
    from ricochet.worker import run_worker

    with _running(data_dir) as installation:
        stop = stop_event(supervised)
        run_worker(installation.settings, installation.engine, open_keyring(installation.settings), stop, now)


def send(data_dir: DataDir = None, supervised: Supervised = False) -> None:
    """Hands queued messages to the routes and takes receipts and replies."""
    from sender.worker import run_sender

    with _running(data_dir) as installation:
        told = stop_event(supervised)

        async def run() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            threading.Thread(
                target=lambda: (told.wait(), loop.call_soon_threadsafe(stop.set)), name="stop-watch", daemon=True
            ).start()
            await run_sender(installation.settings, installation.engine, open_keyring(installation.settings), stop)

        asyncio.run(run())


def _serve(config: uvicorn.Config, host: str, port: int, fd: int | None, supervised: bool) -> None:
    listener = listen(host, port, 0) if fd is None else socket.socket(fileno=fd)
    server = uvicorn.Server(config)
    if supervised:
        call_when_supervisor_ends(lambda: setattr(server, "should_exit", True))
    else:
        typer.echo(f"Listening on {address_of(listener)}")
    server.run(sockets=[listener])
